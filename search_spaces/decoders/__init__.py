"""Decoders: how the genes of an ``ImageSpace`` become pictures, one way a file.

==================  ===============================================================================================
``dct``             a cosine basis whose amplitudes fall with the frequency: the default
``pixels``          one gene a value
``cppn``            a small network from coordinates to colours
``shapes``          ellipses or triangles, painted one over another
``phase``           the phases of a Fourier transform with the magnitudes of natural pictures
``onnx_generator``  a generator network in an ONNX file
``custom``          a function of your own
``base``            what they have in common
``statistics``      the colours and spectra of pictures
``frequencies``     options that ``dct`` and ``phase`` share
``making``          a decoder from its name
==================  ===============================================================================================
"""

from featviz.search_spaces.decoders.base import Decoder
from featviz.search_spaces.decoders.cppn import CppnDecoder
from featviz.search_spaces.decoders.custom import CustomDecoder
from featviz.search_spaces.decoders.dct import DctDecoder
from featviz.search_spaces.decoders.making import make_decoder
from featviz.search_spaces.decoders.onnx_generator import OnnxDecoder
from featviz.search_spaces.decoders.phase import PhaseDecoder
from featviz.search_spaces.decoders.pixels import PixelDecoder
from featviz.search_spaces.decoders.shapes import ShapesDecoder

__all__ = [
    "CppnDecoder",
    "CustomDecoder",
    "DctDecoder",
    "Decoder",
    "OnnxDecoder",
    "PhaseDecoder",
    "PixelDecoder",
    "ShapesDecoder",
    "make_decoder",
]
