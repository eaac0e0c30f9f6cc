"""Time series of every kind against the contract of spaces."""

import numpy as np
import pytest

import featviz as fv
from featviz.testing.spaces import SpaceContract

rng = np.random.default_rng(3)
BEATS = np.sin(np.linspace(0, 12, 40) + rng.uniform(0, 6, size=(9, 1)))[:, :, None] * [0.5, 0.2]

CATALOGUE = {
    "fourier": lambda: fv.TimeSeriesSpace(64),
    "two channels": lambda: fv.TimeSeriesSpace(33, 2, sampling_rate=100, names=["left", "right"]),
    "one point": lambda: fv.TimeSeriesSpace(1),
    "pink": lambda: fv.TimeSeriesSpace(50, decay=1, gain=0.5, low=-3, high=40),
    "raw": lambda: fv.TimeSeriesSpace(20, 3, decoder="raw"),
    "splines": lambda: fv.TimeSeriesSpace(64, 2, decoder="splines", knots=9),
    "learnt": lambda: fv.TimeSeriesSpace.from_examples(BEATS),
    "learnt raw": lambda: fv.TimeSeriesSpace.from_examples(BEATS[:, :, 0], decoder="raw", sampling_rate=2),
    "phase": lambda: fv.TimeSeriesSpace.from_examples(BEATS, decoder="phase"),
    "phase, odd length": lambda: fv.TimeSeriesSpace.from_examples(BEATS[:, 1:], decoder="phase"),
    "learnt splines": lambda: fv.TimeSeriesSpace.from_examples(BEATS, decoder="splines"),
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestCatalogue(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    # One process for each space would take most of the suite's time; two kinds stand for all.
    def test_other_process(self, space, name):
        if name in {"two channels", "phase"}:
            super().test_other_process(space)
