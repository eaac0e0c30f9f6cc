"""Services of every protocol against the contract of black boxes."""

from functools import partial

import numpy as np
import pytest
from http_services import OpenAi, brightness, mlflow, open_inference, serving, wine_model

import featviz as fv
from featviz.testing.black_boxes import BlackBoxContract

FAST = {"timeout": 10.0, "retries": 1, "backoff": 0.01}
TEXTS = ["the import", "with the", "for a class", "the object"]


def pictures():
    return np.random.default_rng(0).random((6, 8, 8, 1), dtype=np.float32)


# By name: the service, the path, options, and inputs.
SERVICES = {
    "open-inference": (open_inference, "/v2/models/digits", {}, pictures),
    "open-inference in parts": (open_inference, "/v2/models/digits", {"max_batch": 4}, pictures),
    "mlflow": (mlflow, "/invocations", {"outputs": ["barolo", "barbera"]}, lambda: wine_model()[1].iloc[:5]),
    "completions": (OpenAi(), "/v1/completions", {"continuation": [" statement", " is"]}, lambda: list(TEXTS)),
    "chat": (OpenAi(), "/v1/chat/completions", {"continuation": " statement"}, lambda: list(TEXTS)),
    "json": (brightness, "/", {"request": {"instances": "{inputs}"}, "answer": "predictions.*.score"}, pictures),
    "json per input": (brightness, "/", {"request": {"instance": "{input}"}, "answer": "result.0"}, pictures),
}


class TestServices(BlackBoxContract):
    @pytest.fixture(params=SERVICES)
    def kind(self, request):
        return SERVICES[request.param]

    @pytest.fixture
    def box(self, kind):
        respond, path, options, _ = kind
        with serving(respond) as service:
            yield fv.black_box(service.url + path, **options, **FAST)

    @pytest.fixture
    def inputs(self, kind):
        return kind[3]()


class TestSampled(BlackBoxContract):
    noisy = True

    @pytest.fixture
    def box(self):
        make = partial(fv.black_box, continuation=" statement", samples=3, **FAST)
        with serving(OpenAi(echo=False)) as service:
            yield make(service.url + "/v1/completions")

    @pytest.fixture
    def inputs(self):
        return list(TEXTS)
