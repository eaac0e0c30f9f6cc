"""MLflow's scoring protocol: frames, arrays, dicts, and the forms that predictions have."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from http_services import Answer, mlflow, serving, wine_model

import featviz as fv
from featviz.errors import BoxError, RowsFailed

FAST = {"timeout": 5.0, "retries": 1, "backoff": 0.01}
NAMES = ["barolo", "grignolino", "barbera"]


def answering(predictions):
    return lambda request: Answer(document={"predictions": predictions})


def sent(batch, **options):
    """What is sent for a batch."""
    with serving(answering([0.0] * len(next(iter(batch.values())) if isinstance(batch, dict) else batch))) as service:
        fv.black_box(service.url + "/invocations", **FAST, **options)(batch)
        return service.requests[-1].json


class TestWine:
    def test_a_frame_gets_the_models_probabilities(self):
        model, data = wine_model()
        with serving(mlflow) as service:
            box = fv.black_box(service.url + "/invocations", outputs=NAMES, **FAST)
            assert np.array_equal(box(data), model.predict_proba(data))
            assert np.array_equal(box(data.to_numpy()), model.predict_proba(data))
        assert box.provenance() == {"url": service.url + "/invocations", "mlflow": "3.4.0"}

    def test_the_names_of_several_outputs_are_asked_for(self):
        with serving(mlflow) as service:
            box = fv.black_box(service.url + "/invocations", **FAST)
            with pytest.raises(BoxError, match=r"'barolo', 'grignolino', 'barbera' for each input\. Pass outputs="):
                box(wine_model()[1])

    def test_a_search_finds_a_typical_barolo(self):
        model, data = wine_model()
        with serving(mlflow) as service:
            box = fv.black_box(service.url + "/invocations", outputs=["barolo"], **FAST)
            space = fv.TabularSpace.from_dataframe(data)
            run = fv.search(space, fv.maximise(box, "barolo"), budget=300, seed=0, progress="none")
        assert model.predict_proba(run.best.input)[0, 0] == run.best.score
        assert run.best.score > model.predict_proba(data)[:, 0].max()

    def test_a_missing_column_is_said(self):
        with serving(mlflow) as service, pytest.raises(RowsFailed, match="HTTP 400: Model is missing inputs"):
            fv.black_box(service.url + "/invocations", outputs=NAMES, **FAST)(wine_model()[1].iloc[:3, 1:])


class TestRequests:
    def test_cells_of_every_kind(self):
        frame = pd.DataFrame(
            {
                "number": [1.5, np.nan],
                "whole": np.array([1, 2], dtype=np.int8),
                "flag": [True, False],
                "text": ["a", None],
                "kind": pd.Categorical(["x", "y"]),
                "when": pd.to_datetime(["2024-01-02", None]),
            }
        )
        document = sent(frame)
        assert document["dataframe_split"]["columns"] == list(frame.columns)
        assert document["dataframe_split"]["data"] == [
            [1.5, 1, True, "a", "x", "2024-01-02T00:00:00"],
            [None, 2, False, None, "y", None],
        ]

    def test_arrays_lists_dicts_and_params(self):
        assert sent(np.ones((2, 1, 2))) == {"inputs": [[[1, 1]], [[1, 1]]]}
        assert sent(["a", "b"]) == {"inputs": ["a", "b"]}
        assert sent({"x": np.zeros(2), "t": ["a", "b"]}) == {"inputs": {"x": [0, 0], "t": ["a", "b"]}}
        assert sent(np.zeros(1), params={"top": 3}) == {"inputs": [0], "params": {"top": 3}}
        assert sent([{"day": dt.date(2024, 1, 2)}]) == {"inputs": [{"day": "2024-01-02"}]}

    @pytest.mark.parametrize("batch", [[object()], [1j], (np.zeros(2), np.zeros(2))])
    def test_what_cannot_be_sent(self, batch):
        with serving(answering([0.0])) as service, pytest.raises(BoxError, match=r"no place for|not a tuple"):
            fv.black_box(service.url + "/invocations", **FAST)(batch)


class TestAnswers:
    @pytest.mark.parametrize(
        ("predictions", "outputs"),
        [
            ([1, 2.5], None),
            ([[1], [2.5]], None),
            ([{"y": 1, "z": 0}, {"z": 0, "y": 2.5}], ["y"]),
            ({"y": [1, 2.5], "z": [[0], [0]]}, ["y"]),
            ({"y": [[1], [2.5]]}, ["y"]),
        ],
    )
    def test_forms(self, predictions, outputs):
        with serving(answering(predictions)) as service:
            box = fv.black_box(service.url + "/invocations", outputs=outputs, **FAST)
            assert box(np.zeros((2, 3)))[:, 0].tolist() == [1, 2.5]

    def test_an_error_in_its_place(self):
        busy = Answer(document={"error_code": "BUSY", "error": "later"})
        with serving(lambda request: busy) as service, pytest.raises(RowsFailed, match="with an error: later"):
            fv.black_box(service.url + "/invocations", **FAST)(np.zeros((2, 3)))

    @pytest.mark.parametrize("body", [b"<html>", b"not found", b"3 of them", b"\xff"])
    def test_a_host_without_a_version(self, body):
        with serving(lambda request: Answer(body=body)) as service:
            assert set(fv.black_box(service.url + "/invocations", **FAST).provenance()) == {"url"}
