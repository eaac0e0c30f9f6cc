"""The Open Inference Protocol: metadata, tensors, layouts, texts, several inputs and outputs."""

import json

import numpy as np
import pandas as pd
import pytest
from http_services import DIGITS, Answer, digits_model, open_inference, serving

import featviz as fv
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, FeatvizError, InvalidArgument, RowsFailed

FAST = {"timeout": 5.0, "retries": 1, "backoff": 0.01}


def pictures(n=6):
    return np.random.default_rng(0).random((n, 8, 8, 1), dtype=np.float32)


def of_shape(tensors):
    """A server of a model "m": its inputs and outputs as declared, and each output the sum of all that came."""

    def respond(request):
        if not request.path.endswith("/infer"):
            return Answer(document={"name": "m", **tensors})
        document = request.json
        n = document["inputs"][0]["shape"][0]
        total = np.zeros(n)
        for tensor in document["inputs"]:
            rows = np.array(tensor["data"]).reshape(n, -1)
            total += np.char.str_len(rows).sum(axis=1) if rows.dtype.kind == "U" else rows.sum(axis=1)
        outputs = [
            {"name": o["name"], "datatype": "FP64", "shape": [n, 1], "data": (total * (i + 1)).tolist()}
            for i, o in enumerate(tensors["outputs"])
        ]
        return Answer(document={"outputs": outputs})

    return respond


def declared(name, datatype="FP32", shape=(-1, 3)):
    return {"name": name, "datatype": datatype, "shape": list(shape)}


ONE_OUT = [declared("y", shape=[-1, 1])]


class TestDigits:
    def test_margins_are_those_of_the_model(self):
        with serving(open_inference) as service:
            box = fv.black_box(service.url + "/v2/models/digits", **FAST)
            x = pictures()
            assert np.array_equal(box(x), digits_model().decision_function(x.reshape(6, 64)))
        assert box.outputs == tuple("0123456789")
        assert box.provenance() == {
            "url": service.url + "/v2/models/digits",
            "model": "digits",
            "version": "3",
            "platform": "sklearn_svc",
            "server": "loopback 1.2",
        }
        assert box.usage()["requests"] == 3  # metadata, server, batch
        assert service.paths() == ["/v2/models/digits", "/v2", "/v2/models/digits/infer"]

    @pytest.mark.parametrize("path", ["/v2/models/digits/versions/3", "/v2/models/digits/infer", "/v2/models/digits/"])
    def test_addresses(self, path):
        with serving(open_inference) as service:
            box = fv.black_box(service.url + path, **FAST)
            assert box(pictures()).shape == (6, 10)
            wanted = "/v2/models/digits" + ("/versions/3" if "versions" in path else "") + "/infer"
            assert service.paths()[-1] == wanted

    def test_one_connection_serves_all(self):
        with serving(open_inference) as service:
            box = fv.black_box(service.url + "/v2/models/digits", **FAST)
            for _ in range(5):
                box(pictures())
            assert len(service.connections) == 1
            box.close()
            box(pictures())
            assert len(service.connections) == 2

    def test_parts_side_by_side_in_order(self):
        with serving(open_inference) as service:
            box = fv.black_box(service.url + "/v2/models/digits", max_batch=4, concurrency=3, **FAST)
            x = pictures(50)
            np.testing.assert_allclose(box(x), digits_model().decision_function(x.reshape(50, 64)))
            sizes = [r.json["inputs"][0]["shape"][0] for r in service.requests if r.method == "POST"]
            assert sorted(sizes) == [2] + [4] * 12
            assert service.most_at_once <= 3

    def test_a_search_finds_a_better_three_than_the_best_real_one(self):
        from sklearn.datasets import load_digits

        real = digits_model().decision_function(load_digits().data / 16)[:, 3].max()
        with serving(open_inference) as service:
            box = fv.black_box(service.url + "/v2/models/digits", **FAST)
            run = fv.search(fv.ImageSpace(8, 8), fv.margin(box, "3"), budget=600, seed=0, progress="none")
        margins = digits_model().decision_function(run.best.input.reshape(1, 64))[0]
        assert margins.argmax() == 3
        assert margins[3] > 0.98 * real

    def test_no_such_model(self):
        with serving(open_inference) as service, pytest.raises(BoxError, match="HTTP 404: no such model"):
            fv.black_box(service.url + "/v2/models/letters", **FAST)

    @pytest.mark.parametrize("document", [[], "x", {"inputs": 3}, {"inputs": [{}]}, {"outputs": [{"name": 4}]}])
    def test_metadata_that_is_none(self, document):
        with serving(lambda request: Answer(document=document)) as service, pytest.raises(BoxError, match="metadata"):
            fv.black_box(service.url + "/v2/models/m", **FAST)

    def test_a_path_that_is_no_model(self):
        with pytest.raises(InvalidArgument, match="/v2/models/NAME"):
            fv.black_box("http://127.0.0.1:1/v2/health/ready", protocol="open-inference")


class TestInputs:
    def sums(self, inputs, batch, **options):
        with serving(of_shape({"inputs": inputs, "outputs": ONE_OUT})) as service:
            box = fv.black_box(service.url + "/v2/models/m", **FAST, **options)
            return box(batch)[:, 0], [json.loads(r.body) for r in service.requests if r.method == "POST"][-1]["inputs"]

    def test_channels_first(self):
        batch = np.arange(2 * 4 * 5 * 3, dtype=np.float32).reshape(2, 4, 5, 3)
        _, (tensor,) = self.sums([declared("x", shape=[-1, 3, 4, 5])], batch)
        assert tensor["shape"] == [2, 3, 4, 5]
        assert tensor["data"] == batch.transpose(0, 3, 1, 2).ravel().tolist()

    def test_pictures_as_bytes_of_colour(self):
        batch = np.full((2, 2, 2, 1), 0.5, dtype=np.float32)
        _, (tensor,) = self.sums([declared("x", "UINT8", [-1, 2, 2])], batch)
        assert (tensor["datatype"], tensor["data"]) == ("UINT8", [128] * 8)

    def test_an_ambiguous_layout_is_asked_for(self):
        batch = np.zeros((2, 3, 3, 3), dtype=np.float32)
        with pytest.raises(BoxError, match="layout='NHWC'"):
            self.sums([declared("x", shape=[-1, 3, 3, 3])], batch)
        _, (tensor,) = self.sums([declared("x", shape=[-1, 3, 3, 3])], batch, layout="NCHW")
        assert tensor["shape"] == [2, 3, 3, 3]

    def test_a_dict_becomes_the_inputs_of_its_names(self):
        batch = {"age": np.array([30, 40]), "words": ["abc", "de"], "image": np.ones((2, 2, 2, 1), dtype=np.float32)}
        inputs = [
            declared("image", shape=[-1, 4]),
            declared("age", "INT64", [-1, 1]),
            declared("words", "BYTES", [-1, 1]),
        ]
        sums, tensors = self.sums(inputs, batch)
        assert sums.tolist() == [37, 46]
        by_name = {tensor["name"]: tensor for tensor in tensors}
        assert by_name["words"] == {"name": "words", "shape": [2, 1], "datatype": "BYTES", "data": ["abc", "de"]}
        assert by_name["age"] == {"name": "age", "shape": [2, 1], "datatype": "INT64", "data": [30, 40]}

    def test_a_tuple_becomes_the_inputs_in_order(self):
        batch = (np.ones((2, 3)), np.array([5, 7]))
        sums, tensors = self.sums([declared("a"), declared("b", "INT32", [-1])], batch)
        assert sums.tolist() == [8, 10]
        assert [tensor["name"] for tensor in tensors] == ["a", "b"]

    def test_a_frame_becomes_columns_or_one_tensor(self):
        frame = pd.DataFrame({"a": [1.5, 2.5], "b": [1, 2], "c": ["xy", "z"]})
        inputs = [declared("a", "FP64", [-1]), declared("b", "INT64", [-1]), declared("c", "BYTES", [-1])]
        sums, _ = self.sums(inputs, frame)
        assert sums.tolist() == [4.5, 5.5]
        sums, (tensor,) = self.sums([declared("x", "FP64", [-1, 2])], frame[["a", "b"]])
        assert (sums.tolist(), tensor["shape"]) == ([2.5, 4.5], [2, 2])
        with pytest.raises(BoxError, match="columns that are not numbers"):
            self.sums([declared("x", "FP64", [-1, 3])], frame)

    def test_texts(self):
        sums, (tensor,) = self.sums([declared("t", "BYTES", [-1])], ["abc", "é\u2028"])
        assert sums.tolist() == [3, 2]
        assert (tensor["shape"], tensor["data"]) == ([2], ["abc", "é\u2028"])

    def test_undeclared_inputs_are_sent_as_they_are(self):
        sums, (tensor,) = self.sums([], np.ones((2, 3), dtype=np.float32))
        assert (sums.tolist(), tensor["name"], tensor["datatype"]) == ([3, 3], "input-0", "FP32")

    def test_a_fixed_batch_is_filled_up(self):
        with serving(of_shape({"inputs": [declared("x", shape=[4, 3])], "outputs": ONE_OUT})) as service:
            box = fv.black_box(service.url + "/v2/models/m", **FAST)
            batch = np.arange(18.0).reshape(6, 3)
            np.testing.assert_allclose(box(batch)[:, 0], batch.sum(axis=1))
            assert [r.json["inputs"][0]["shape"] for r in service.requests if r.method == "POST"] == [[4, 3], [4, 3]]

    def test_binary_tensors_where_the_server_lists_them(self):
        inputs = [declared("x", "FP32", [-1, 3]), declared("t", "BYTES", [-1]), declared("b", "FP16", [-1, 2])]

        def respond(request):
            if request.path == "/v2":
                return Answer(document={"name": "triton", "version": "2", "extensions": ["binary_tensor_data"]})
            if not request.path.endswith("/infer"):
                return Answer(document={"name": "m", "inputs": inputs, "outputs": ONE_OUT})
            length = int(request.headers["inference-header-content-length"])
            document, tail = json.loads(request.body[:length]), request.body[length:]
            by_name = {}
            for tensor in document["inputs"]:
                size = tensor.get("parameters", {}).get("binary_data_size", 0)
                raw, tail = tail[:size], tail[size:]
                dtype = {"FP32": "<f4", "FP16": "<f2"}.get(tensor["datatype"])
                values = np.array(tensor["data"]) if dtype is None else np.frombuffer(raw, dtype)
                by_name[tensor["name"]] = values.reshape(tensor["shape"])
            assert tail == b""
            sums = by_name["x"].sum(axis=1) + np.char.str_len(by_name["t"]) + by_name["b"].sum(axis=1)
            return Answer(document={"outputs": [{"name": "y", "shape": [len(sums), 1], "data": sums.tolist()}]})

        batch = {"t": ["ab", "c"], "b": np.ones((2, 2)), "x": np.array([[1, 2, 3], [4, 5, 6.0]])}
        with serving(respond) as service:
            box = fv.black_box(service.url + "/v2/models/m", **FAST)
            assert box(batch)[:, 0].tolist() == [10, 18]
            assert service.requests[-1].headers["content-type"] == "application/octet-stream"

    @pytest.mark.parametrize(
        ("inputs", "batch", "words"),
        [
            ([declared("x")], np.zeros((2, 4)), "fits in no layout"),
            ([declared("x")], ["a", "b"], "takes FP32, but the batch holds texts"),
            ([declared("x", "BYTES", [-1])], np.zeros(2), "takes texts, but the batch holds float64"),
            ([declared("x", "INT64")], np.full((2, 3), 0.5), "no obvious place"),
            ([declared("x"), declared("y")], np.zeros((2, 3)), "2 inputs ('x', 'y')"),
            ([declared("x")], {"X": np.zeros((2, 3))}, "Did you mean 'x'?"),
            ([declared("x")], (np.zeros((2, 3)), np.zeros((2, 3))), "1 input ('x')"),
            ([declared("x")], [[1, 2, 3], [1, 2]], "equal rows"),
            ([declared("x")], np.zeros((2, 3), dtype=complex), "takes numbers or texts"),
            ([declared("x", "FP8")], np.zeros((2, 3), dtype=np.longdouble), "FP8"),
        ],
    )
    def test_what_does_not_fit(self, inputs, batch, words):
        with pytest.raises(BoxError) as caught:
            self.sums(inputs, batch)
        assert words in str(caught.value)


class TestOutputs:
    def test_which_must_be_said_where_several_hold_numbers(self):
        outputs = [declared("a", shape=[-1, 1]), declared("b", shape=[-1, 1]), declared("t", "BYTES", [-1])]
        with serving(of_shape({"inputs": [declared("x")], "outputs": outputs})) as service:
            at = service.url + "/v2/models/m"
            with pytest.raises(BoxError, match="several outputs: a, b, t"):
                fv.black_box(at, **FAST)
            batch = np.ones((2, 3))
            one = fv.black_box(at, output="b", **FAST)
            assert (one.outputs, one(batch).tolist()) == (("b",), [[6], [6]])
            both = fv.black_box(at, output=["b", "a"], **FAST)
            assert (both.outputs, both(batch).tolist()) == (("b", "a"), [[6, 3], [6, 3]])
            assert both.spec()["output"] == ["b", "a"]
            with pytest.raises(BoxError, match=r"no output 'B'.*Did you mean 'b'"):
                fv.black_box(at, output="B", **FAST)
            with pytest.raises(BoxError, match="holds BYTES, no numbers"):
                fv.black_box(at, output="t", **FAST)
            with pytest.raises(InvalidArgument, match="has 1 outputs, but outputs= names 2"):
                fv.black_box(at, output="a", outputs=["p", "q"], **FAST)

    def test_names_of_several_wide_outputs(self):
        metadata = {"inputs": [], "outputs": [declared("p", shape=[-1, 2]), declared("q", shape=[-1, 1])]}
        with serving(lambda request: Answer(document={"name": "m", **metadata})) as service:
            box = fv.black_box(service.url + "/v2/models/m", output=["p", "q"], **FAST)
        assert box.outputs == ("p/0", "p/1", "q")

    def test_a_map_is_no_output(self):
        metadata = {"outputs": [declared("heat", shape=[-1, 5, 5])]}
        with serving(lambda request: Answer(document=metadata)) as service, pytest.raises(BoxError, match="is a map"):
            fv.black_box(service.url + "/v2/models/m", **FAST)

    def answered(self, tensors, n=2, **options):
        def respond(request):
            body = tensors if isinstance(tensors, bytes) else json.dumps({"outputs": tensors}).encode()
            metadata = {"inputs": [declared("x")], "outputs": [declared("y", shape=[-1, -1])]}
            return Answer(body=body) if request.path.endswith("/infer") else Answer(document=metadata)

        with serving(respond) as service:
            return fv.black_box(service.url + "/v2/models/m", **FAST, **options)(np.ones((n, 3)))

    def test_an_open_width_is_named_by_the_user(self):
        y = [{"name": "y", "shape": [2, 2], "data": [[1, 2], [3, 4]]}]
        assert self.answered(y, outputs=["a", "b"]).tolist() == [[1, 2], [3, 4]]
        with pytest.raises(BoxError, match=r"2 numbers an input\. Pass outputs="):
            self.answered(y)

    def test_nan_and_huge_numbers_are_left_to_the_judge(self):
        body = b'{"outputs": [{"name": "y", "shape": [3], "data": [NaN, 1' + b"0" * 400 + b", 2]}]}"
        answer = self.answered(body, n=3)
        assert np.isnan(answer[0, 0])
        assert np.isinf(answer[1, 0])
        assert answer[2, 0] == 2

    @pytest.mark.parametrize(
        ("outputs", "kind", "words"),
        [
            ([], AnswerTypeError, "no output 'y'"),
            ([{"name": "z", "shape": [1], "data": [1]}], AnswerTypeError, "it has z"),
            ([{"name": "y", "shape": [2], "data": [1]}], AnswerShapeError, "do not fit"),
            ([{"name": "y", "shape": ["a"], "data": [1]}], AnswerTypeError, "whole numbers"),
            ([{"name": "y", "shape": [1], "data": [True]}], AnswerTypeError, "True"),
            ([{"name": "y", "shape": [1], "data": ["cat"]}], AnswerTypeError, "'cat'"),
            ([{"name": "y", "shape": [1]}], AnswerTypeError, "'data'"),
            ([{"name": "y", "shape": [0], "data": []}], AnswerShapeError, "no row for each"),
            (b'{"error": "model is asleep"}', FeatvizError, "model is asleep"),
        ],
    )
    def test_answers_that_are_none(self, outputs, kind, words):
        with pytest.raises(RowsFailed) as caught:
            self.answered(outputs, n=1)
        assert isinstance(caught.value.errors[0], kind)
        assert words in str(caught.value.errors[0])

    def test_rows_of_another_number(self):
        with pytest.raises(RowsFailed, match="no row for each"):
            self.answered([{"name": "y", "shape": [4], "data": [1, 2, 3, 4]}])


def test_the_metadata_of_the_test_server_is_what_it_takes():
    assert {tensor["name"] for tensor in DIGITS["inputs"]} == {"pixels"}
