"""The gallery: static pages that show what runs found, and how far to believe it.

``build_gallery`` is the door. Behind it, in the order in which a run passes through them:

- ``sources``: which runs, and those that cannot be read;
- ``shown``: a candidate as the views of its blocks, with the files that carry them;
- ``views``: what is shown of a block in the room that there is;
- ``charts``, ``traces``: curves, bars and series as coordinates, for the templates to draw;
- ``snippet``: the Python and the command that make the run again;
- ``pages``: what the page of a run and its card say;
- ``site``: the output folder, into which only whole files get;
- ``formats``, ``pictures``, ``markup``: numbers, pixels and templates.

Text that came from outside reaches a page only through the filters of ``markup``.
"""

from featviz.gallery.build import build_gallery

__all__ = ["build_gallery"]
