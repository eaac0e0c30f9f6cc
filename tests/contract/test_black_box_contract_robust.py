"""Robust boxes against the contract of every black box."""

import numpy as np
import pytest

import featviz as fv
from featviz.testing.black_boxes import BlackBoxContract

FLAT = "numpy:ravel"
INPUTS = {
    "pictures": np.random.default_rng(0).random((6, 1, 1, 1)),
    "series": np.random.default_rng(0).random((6, 1, 1)),
}
KINDS = {
    "jitter": lambda: ("pictures", fv.robust(fv.black_box(FLAT), [fv.jitter(2), fv.noise(0.1)])),
    "rotation": lambda: ("pictures", fv.robust(fv.black_box(FLAT, outputs=["x"]), fv.rotation(20), draws=1)),
    "shift": lambda: ("series", fv.robust(fv.black_box(FLAT), fv.time_shift(2), reduce="highest")),
    "nested": lambda: ("series", fv.robust(fv.robust(fv.black_box(FLAT), fv.noise(1.0)), fv.noise(1.0), draws=2)),
}


class TestRobust(BlackBoxContract):
    @pytest.fixture(params=KINDS)
    def made(self, request):
        return KINDS[request.param]()

    @pytest.fixture
    def box(self, made):
        return made[1]

    @pytest.fixture
    def inputs(self, made):
        return INPUTS[made[0]]
