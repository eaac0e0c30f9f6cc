"""Services as black boxes: ``fv.black_box("https://...")``.

``http_box`` makes one. What is asked and how the answer is read is up to a protocol; sending, waiting, counting and
keeping secrets are the same for all of them, and are the client's.
"""

from featviz.black_boxes.http.box import HttpBox
from featviz.black_boxes.http.making import PROTOCOLS, http_box
from featviz.black_boxes.http.options import SendingOptions

__all__ = [
    "PROTOCOLS",  # what can be spoken, by name
    "HttpBox",  # a service as a black box
    "SendingOptions",  # keys, time-outs, retries, budgets
    "http_box",  # address -> HttpBox
]
