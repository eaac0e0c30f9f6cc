"""A person as a black box: a local page shows candidates, ratings or choices come back as scores.

From the inside out: ``rating`` and ``pairs`` say what is asked (pairs with ``strengths``, the model behind the scores),
``journal`` stores every answer, ``desk`` is where the search waits and the person answers, ``server`` and ``pages``
bring it to a browser, ``room`` holds them together, ``box`` is the black box and ``making`` its front door.
"""

from featviz.black_boxes.human.box import HumanBox
from featviz.black_boxes.human.consistency import Consistency
from featviz.black_boxes.human.making import human

__all__ = [
    "Consistency",  # how far a rater agrees with themselves
    "HumanBox",  # the box
    "human",  # makes one
]
