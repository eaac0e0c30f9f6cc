"""Templates of requests, and paths into answers."""

import time

import numpy as np
import pandas as pd
import pytest
from http_services import Answer, brightness, serving

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.errors import BoxError, FeatvizError, InvalidArgument, RowsFailed, WrongType

FAST = {"timeout": 5.0, "retries": 1, "backoff": 0.01}
NOWHERE = "http://127.0.0.1:1/x"


def asked(batch, request, **options):
    """The bodies that are sent for a batch, in order."""
    with serving(lambda r: Answer(document=[0.0] * 2 if "{inputs}" in str(request) else 0.0)) as service:
        fv.black_box(service.url, request=request, concurrency=1, **FAST, **options)(batch)
        return [r.json for r in service.requests]


class TestRequests:
    def test_all_inputs_at_once(self):
        request = {"instances": "{inputs}", "options": {"top": 1, "none": None}}
        assert asked(np.eye(2), request) == [{"instances": [[1, 0], [0, 1]], "options": {"top": 1, "none": None}}]
        assert asked(["a", "b"], "{inputs}") == [["a", "b"]]
        assert asked(["a", "b"], '{"x": ["{inputs}"]}') == [{"x": [["a", "b"]]}]

    def test_one_input_at_a_time(self):
        assert asked(np.eye(2), {"x": "{input}"}) == [{"x": [1, 0]}, {"x": [0, 1]}]
        assert asked(['say "a"', "{input}"], {"q": "is {input} so?"}) == [
            {"q": 'is say "a" so?'},
            {"q": "is {input} so?"},
        ]

    def test_frames_dicts_and_tuples_are_objects_and_lists(self):
        rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
        assert asked(pd.DataFrame(rows), {"rows": "{inputs}"}) == [{"rows": rows}]
        assert asked({"a": np.array([1, 2]), "b": ["x", "y"]}, "{inputs}") == [rows]
        assert asked((np.array([1, 2]), ["x", "y"]), "{inputs}") == [[[1, "x"], [2, "y"]]]

    def test_get(self):
        with serving(brightness) as service:
            box = fv.black_box(
                service.url + "/count?lang=en",
                request={"text": "{input}", "k": 2},
                answer="length",
                method="GET",
                **FAST,
            )
            assert box(["a b&c", "é"])[:, 0].tolist() == [5, 1]
            assert sorted(service.paths())[0] == "/count?lang=en&text=%C3%A9&k=2"

    @pytest.mark.parametrize(
        ("request_", "kind", "words"),
        [
            (None, InvalidArgument, "holds neither"),
            ({"x": 1}, InvalidArgument, "holds neither"),
            ({"x": "{inputs}", "y": "{input}"}, InvalidArgument, "holds both"),
            ({"x": "all {inputs}"}, InvalidArgument, "holds neither"),
            ("{broken", InvalidArgument, "looks like JSON"),
            ({"x": {1, 2}}, WrongType, "must be made of"),
            ({"x": float("nan")}, WrongType, "finite"),
        ],
    )
    def test_templates_that_are_none(self, request_, kind, words):
        with pytest.raises(kind, match=words):
            fv.black_box(NOWHERE, protocol="json", request=request_)

    def test_other_arguments_that_are_wrong(self):
        with pytest.raises(InvalidArgument, match="method must be one of"):
            fv.black_box(NOWHERE, request="{inputs}", method="DELETE")
        with pytest.raises(InvalidArgument, match="with method='GET'"):
            fv.black_box(NOWHERE, request={"x": "{inputs}"}, method="GET")
        with pytest.raises(WrongType, match="answer must be a path"):
            fv.black_box(NOWHERE, request="{inputs}", answer=3)
        with pytest.raises(InvalidArgument, match=r"has no option 'anwser'.*Did you mean 'answer'"):
            fv.black_box(NOWHERE, request="{inputs}", anwser="x")

    def test_numbers_within_a_text(self):
        with serving(brightness) as service, pytest.raises(BoxError, match="within a longer text"):
            fv.black_box(service.url, request={"q": "is {input} so?"}, **FAST)(np.zeros((2, 2)))


class TestAnswers:
    def read(self, document, answer, **options):
        with serving(lambda request: Answer(document=document)) as service:
            return fv.black_box(service.url, request="{inputs}", answer=answer, **FAST, **options)(["a", "b"]).tolist()

    @pytest.mark.parametrize(
        ("document", "answer"),
        [
            ([1, 2], None),
            ({"y": [1, 2]}, "y"),
            ({"predictions": [{"score": 1}, {"score": 2}]}, "predictions.*.score"),
            ({"p": [[{"s": 1}], [{"s": 2}]]}, "p.*.0.s"),
            ({"p": [[0, 1], [0, 2]]}, "p.*.-1"),
            ({"a.b": [1, 2]}, ["a.b"]),
            ({"0": [1, 2]}, "0"),
            ([[0], [1, 2]], [1]),
        ],
    )
    def test_paths(self, document, answer):
        assert self.read(document, answer) == [[1], [2]]

    def test_several_outputs(self):
        document = {"p": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
        assert self.read(document, "p", outputs=["b", "a"]) == [[2, 1], [4, 3]]
        with pytest.raises(BoxError, match="'a', 'b' for each input"):
            self.read(document, "p")

    @pytest.mark.parametrize(
        ("document", "answer", "words"),
        [
            ({"y": 1}, "x", "asks for 'x', but there the answer has 'y'"),
            ({"scores": 1}, "score", "Did you mean 'scores'"),
            ({"y": [1]}, "y.3", "a list of 1"),
            ({"y": 1}, "y.*", "asks for '*', but there the answer has 1 (int)"),
            ({"error": "asleep"}, "y.*", "answered with an error: asleep"),
            (3, "y", "3 (int)"),
        ],
    )
    def test_paths_that_lead_nowhere(self, document, answer, words):
        with pytest.raises(RowsFailed) as caught:
            self.read(document, answer)
        assert words in str(caught.value.errors[0])


def test_one_input_that_fails_costs_one_request():
    def choosy(request):
        value = request.json["x"]
        time.sleep(0.02)
        return Answer(422, {"error": "no"}) if value == 3 else Answer(document=float(value))

    with serving(choosy) as service:
        box = fv.black_box(service.url, request={"x": "{input}"}, concurrency=4, **FAST)
        with pytest.raises(RowsFailed) as caught:
            box(np.arange(20))
        assert len(service.requests) == 20
        assert 1 < service.most_at_once <= 4
    assert list(caught.value.errors) == [3]
    assert np.delete(caught.value.outputs[:, 0], 3).tolist() == [i for i in range(20) if i != 3]


def test_a_search_over_a_service_of_its_own_making():
    with serving(brightness) as service:
        for request, answer in (
            ({"instances": "{inputs}"}, "predictions.*.score"),
            ({"instance": "{input}"}, "result"),
        ):
            box = fv.black_box(service.url, request=request, answer=answer, **FAST)
            run = fv.search(fv.ImageSpace(4, 4), fv.maximise(box, "output"), budget=200, seed=0, progress="none")
            assert run.best.input.mean() == pytest.approx(run.best.score)
            assert run.best.score > 0.9


def test_what_goes_into_a_spec_comes_out_of_it():
    with serving(brightness) as service:
        plain = fv.black_box(
            service.url + "/", request={"instances": "{inputs}", "n": None}, answer=["predictions", "*", "score"]
        )
        assert plain.spec() == {
            "from": service.url + "/",
            "protocol": "json",
            "request": '{"instances":"{inputs}","n":null}',
            "answer": ["predictions", "*", "score"],
        }
        full = fv.black_box(
            service.url,
            request={"instances": "{inputs}"},
            answer="predictions.*.score",
            method="PUT",
            outputs=["light"],
            name="lamp",
            headers={"X-Plain": "1"},
            timeout=3,
            max_requests=10,
            noisy=True,
            max_batch=2,
            preprocess="numpy:asarray",
        )
        rebuilt = box_from_spec(full.spec())
        assert rebuilt.spec() == full.spec()
        assert (rebuilt.name, rebuilt.outputs, rebuilt.noisy) == ("lamp", ("light",), True)
        assert rebuilt(np.ones((3, 2)))[:, 0].tolist() == [1, 1, 1]
        assert len(service.requests) == 2
        assert {(r.method, r.headers["x-plain"]) for r in service.requests} == {("PUT", "1")}
        assert fv.black_box(service.url, request="{inputs}", preprocess=lambda x: x).spec() is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/api", "does not show what is spoken"),
        ("http://h:99999/x", "cannot be used"),
        ("https://a b/", "cannot be used"),
    ],
)
def test_addresses_that_tell_nothing(url, words):
    with pytest.raises(FeatvizError, match=words):
        fv.black_box(url)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"requests": {"x": "{inputs}"}, "answer": "y"}, "no option 'requests'.*Did you mean 'request'"),
        ({"continuation": " Paris"}, "ends in /v1/completions or /v1/chat/completions"),
        ({"answer": "y"}, "does not show what is spoken"),
    ],
)
def test_options_tell_what_is_wrong_with_an_address_that_tells_nothing(options, words):
    with pytest.raises(FeatvizError, match=words):
        fv.black_box("http://127.0.0.1:1/v1", **options)
