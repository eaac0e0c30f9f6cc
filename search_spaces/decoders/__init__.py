"""Decoders: how the genes of an ``ImageSpace`` become pictures, one way a file.

============  ===============================================================================================
``dct``       a cosine basis whose amplitudes fall with the frequency: the default
``pixels``    one gene a value
``custom``    a function of your own, for instance a generator network
``base``      what they have in common
============  ===============================================================================================
"""

from featviz.search_spaces.decoders.base import Decoder
from featviz.search_spaces.decoders.custom import CustomDecoder
from featviz.search_spaces.decoders.dct import DctDecoder
from featviz.search_spaces.decoders.pixels import PixelDecoder

__all__ = ["CustomDecoder", "DctDecoder", "Decoder", "PixelDecoder"]
