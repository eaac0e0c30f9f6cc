"""Programs, laboratories and simulators as black boxes: what answers in a process of its own, or by way of files.

- :mod:`featviz.black_boxes.commands.making`: ``command_box``, which ``black_box`` calls for a list of words;
- :mod:`featviz.black_boxes.commands.lines`: a line of JSON for each input and each answer, over pipes;
- :mod:`featviz.black_boxes.commands.folder`: a folder of files for each batch, and a score file that comes back;
- :mod:`featviz.black_boxes.commands.process`: how programs are started, and ended with all that they started.
"""

from featviz.black_boxes.commands.folder import FolderBox, folder_box
from featviz.black_boxes.commands.lines import BatchBox, LinesBox
from featviz.black_boxes.commands.making import command_box

__all__ = [
    "BatchBox",  # a program that is run once a batch
    "FolderBox",  # a folder that files are laid into
    "LinesBox",  # a program that answers line by line
    "command_box",  # a command -> one of these
    "folder_box",  # a folder -> FolderBox
]
