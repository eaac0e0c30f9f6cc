import tomllib

import numpy as np
import pytest
import tomli_w

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.black_boxes.human import HumanBox
from featviz.black_boxes.human.default_blocks import default_blocks
from featviz.errors import InvalidArgument, InvalidConfig, NameNotFound, WrongType

PATH = "featviz.black_boxes.human.default_blocks:default_blocks"


def test_what_a_box_says_of_itself():
    rating = fv.human("How calm?")
    assert isinstance(rating, HumanBox)
    assert isinstance(rating, fv.BlackBox)
    assert (rating.name, rating.outputs, rating.noisy, rating.address) == ("human", ("rating",), True, None)
    pairs = fv.human("Which is calmer?", mode="pairs", outputs=["calm"], name="me")
    assert (pairs.name, pairs.outputs, pairs.noisy) == ("me", ("calm",), True)
    assert fv.black_box(pairs) is pairs
    assert pairs.usage() == {"answers": 0.0, "repeated answers": 0.0}
    said = pairs.provenance()
    assert said == {"question": "Which is calmer?", "mode": "pairs", "consistency": "nothing was asked twice yet"}
    assert fv.human("How calm?", noisy=False).noisy is False


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "pairs", "anchors": 5, "repeats": 0.25},
        {"scale": (0, 10), "note": "Look at the left half.", "timeout": 60, "port": 8123, "open_browser": False},
        {"scale": {"low": 1, "high": 5, "low_label": "dull", "high_label": "vivid"}, "name": "Ada", "max_batch": 4},
        {"render": PATH, "outputs": ["calm"], "noisy": True},
        {"render": default_blocks},
    ],
)
def test_a_spec_can_be_written_to_toml_and_rebuilds_the_box(options):
    box = fv.human("How calm?", **options)
    spec = tomllib.loads(tomli_w.dumps(box.spec()))
    assert spec["kind"] == "human"
    rebuilt = box_from_spec(spec)
    assert rebuilt.spec() == spec == box.spec()
    assert (rebuilt.name, rebuilt.outputs, rebuilt.noisy) == (box.name, box.outputs, box.noisy)


def test_a_spec_leaves_out_a_render_that_has_no_import_path():
    assert "render" not in fv.human("How calm?", space=fv.ImageSpace(4, 4)).spec()
    assert "render" not in fv.human("How calm?", render=lambda x: []).spec()
    assert fv.human("How calm?", render=default_blocks).spec()["render"] == PATH


BAD = [
    (("",), {}, InvalidArgument, "question must say"),
    ((" \n",), {}, InvalidArgument, "question must say"),
    ((7,), {}, WrongType, "question must be text"),
    (("x" * 3000,), {}, InvalidArgument, "at most 2,000"),
    (("q",), {"mode": "rate"}, InvalidArgument, "Did you mean 'rating'"),
    (("q",), {"scale": (7, 1)}, InvalidArgument, "high end"),
    (("q",), {"scale": (1, 1)}, InvalidArgument, "high end"),
    (("q",), {"scale": (1, 100)}, InvalidArgument, "between 2 and 11"),
    (("q",), {"scale": (-3, 3)}, InvalidArgument, "low end"),
    (("q",), {"scale": (1.5, 3)}, InvalidArgument, "whole number"),
    (("q",), {"scale": 7}, WrongType, "scale must be"),
    (("q",), {"scale": {"lo": 1}}, InvalidArgument, "'lo'"),
    (("q",), {"scale": {"low_label": 3}}, WrongType, "low_label must be text"),
    (("q",), {"mode": "pairs", "scale": (1, 7)}, InvalidArgument, "for ratings"),
    (("q",), {"outputs": ["a", "b"]}, InvalidArgument, "one output"),
    (("q",), {"outputs": "a"}, InvalidArgument, "one output"),
    (("q",), {"name": ""}, InvalidArgument, "name"),
    (("q",), {"note": 3}, WrongType, "note"),
    (("q",), {"port": 70_000}, InvalidArgument, "port"),
    (("q",), {"port": True}, WrongType, "port"),
    (("q",), {"open_browser": "no"}, WrongType, "open_browser"),
    (("q",), {"repeats": 1.5}, InvalidArgument, "repeats"),
    (("q",), {"repeats": float("nan")}, InvalidArgument, "repeats"),
    (("q",), {"anchors": 0}, InvalidArgument, "anchors"),
    (("q",), {"timeout": 0}, InvalidArgument, "timeout"),
    (("q",), {"timeout": "1"}, WrongType, "timeout"),
    (("q",), {"journal": ""}, InvalidArgument, "journal"),
    (("q",), {"journal": b"x"}, InvalidArgument, "journal"),
    (("q",), {"journal": "a\0b"}, InvalidArgument, "journal"),
    (("q",), {"render": 7}, WrongType, "render must be a function"),
    (("q",), {"render": "no.such:thing"}, NameNotFound, "no"),
    (("q",), {"space": 7}, WrongType, "method render"),
    (("q",), {"render": default_blocks, "space": fv.ImageSpace(2, 2)}, InvalidArgument, "not both"),
    (("q",), {"noisy": "yes"}, WrongType, "noisy"),
]


@pytest.mark.parametrize(("args", "options", "error", "words"), BAD)
def test_arguments_that_cannot_be_used(args, options, error, words):
    with pytest.raises(error, match=words):
        fv.human(*args, **options)


def test_a_spec_with_a_mistake_is_a_mistake_of_the_file():
    with pytest.raises(InvalidConfig, match="box of kind human"):
        box_from_spec({"kind": "human", "question": "q", "scales": [1, 7]})
    with pytest.raises(InvalidConfig, match="box of kind human"):
        box_from_spec({"kind": "human"})


def test_an_empty_batch_asks_nobody():
    box = fv.human("How calm?", open_browser=False)
    assert box(np.empty((0, 4, 4, 1))).shape == (0, 1)
    assert box.address is None


def test_two_of_the_same_are_asked_about_as_one():
    """A single candidate that stands first in a comparison of one has nobody to be compared with."""
    box = fv.human("Which?", mode="pairs", open_browser=False)
    same = np.zeros((3, 2, 2, 1))
    assert box(same).tolist() == [[0.0], [0.0], [0.0]]
    assert box.address is None
