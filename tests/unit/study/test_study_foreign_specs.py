"""What somebody else's run.toml says of its space: reading the run opens nothing, and never fails because of it."""

import tomllib

import numpy as np
import pytest
import tomli_w

import featviz as fv
from featviz.errors import InvalidConfig


@pytest.fixture
def run(tmp_path):
    box = fv.black_box(lambda x: x.reshape(len(x), -1).sum(axis=1))
    fv.search(fv.ImageSpace(4, 4), fv.maximise(box), budget=30, out=tmp_path / "run", progress="none")
    return tmp_path / "run"


def doctored(run, space):
    tables = tomllib.loads((run / "run.toml").read_text()) | {"space": space}
    (run / "run.toml").write_text(tomli_w.dumps(tables))
    return run


def nested(spec):
    return {"type": "ListSpace", "space": spec, "min_length": 1, "max_length": 2}


TOKENIZER = {"type": "TokenSpace", "vocabulary": "tokenizer.json", "length": 3}
GENERATOR = {"type": "ImageSpace", "height": 4, "width": 4, "decoder": "generator.ONNX"}


@pytest.mark.parametrize(
    "spec", [TOKENIZER, GENERATOR, nested(TOKENIZER), {"type": "TupleSpace", "parts": [GENERATOR]}]
)
def test_no_file_that_a_run_names_is_opened(run, spec, monkeypatch):
    def opened(*_):
        pytest.fail("a file was opened")

    monkeypatch.setattr("featviz.search_spaces.tokens.space.file_digest", opened)
    monkeypatch.setattr("featviz.search_spaces.decoders.onnx_generator.open_onnx", opened)
    read = fv.load(doctored(run, spec))
    assert read.space is None
    assert read.top(1)[0].input.shape == (4, 4, 1)


def deep(levels):
    spec = {"type": "ImageSpace", "height": 2, "width": 2}
    for _ in range(levels):
        spec = {"type": "Optional", "space": spec}
    return spec


@pytest.mark.parametrize(
    "spec",
    [
        deep(150),
        {"type": "from_grammar", "rules": {"s": ["a"]}, "start": [["s"]]},
        {"type": ["ImageSpace"]},
        {"type": "ImageSpace", "height": {"a": 1}, "width": [[]]},
    ],
)
def test_a_description_that_fails_in_any_way_leaves_the_run_readable(run, spec):
    read = fv.load(doctored(run, spec))
    assert read.space is None
    assert np.isfinite(read.best.score)


def test_dotted_keys_nest_deeper_than_python_goes(run):
    text = (run / "run.toml").read_text().replace("[space]\n", f"[space]\n{'a.' * 4_000}b = 1\n", 1)
    (run / "run.toml").write_text(text)
    with pytest.raises(InvalidConfig, match="nested more than"):
        fv.load(run)


@pytest.mark.parametrize(
    "space",
    [
        fv.from_regex("[\ud800-\udfff]{3}"),
        fv.DictSpace({"half \ud800": fv.Choice("ab"), "b": fv.Uniform(0, 1)}),
        fv.from_grammar({"s": [letter * 700_000 for letter in "abc"]}, "s"),
    ],
    ids=["halves of pairs", "a name", "too large"],
)
def test_a_space_that_no_file_can_hold_is_left_out_and_the_run_kept(space, tmp_path):
    box = fv.black_box(lambda x: float(len(str(x))), per_input=True)
    made = fv.search(space, fv.maximise(box), budget=30, out=tmp_path / "run", progress="none")
    read = fv.load(tmp_path / "run")
    assert read.space is None
    assert read.spec["provenance"]["rebuildable"] is False
    assert read.best.score == made.best.score
    assert fv.search(space, fv.maximise(box), budget=30, out=tmp_path / "run", progress="none").evaluations == 30
