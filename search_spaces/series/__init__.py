"""Time series: what they are, how genes become one, and moves that suit them.

============  ===============================================================================================
``space``     ``TimeSeriesSpace``
``decoders``  how genes become series: ``fourier``, ``splines``, ``raw``, ``phase``
``moves``     windows and frequency bands borrowed from others, shifts in time
``shapes``    length, channels, range and sampling rate, checked once
============  ===============================================================================================
"""

from featviz.search_spaces.series.space import TimeSeriesSpace

__all__ = ["TimeSeriesSpace"]
