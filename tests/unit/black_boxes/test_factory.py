"""One entry point: import paths, things that are boxes already, and things that cannot be one."""

import sys
import textwrap

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes import FunctionBox
from featviz.errors import BoxError, InvalidArgument, NameNotFound, WrongType


@pytest.fixture
def module(tmp_path, monkeypatch):
    """An importable module of a user, by name."""
    (tmp_path / "users_models.py").write_text(
        textwrap.dedent(
            """
            import featviz as fv
            import numpy as np

            def both(batch):
                return np.stack([batch[:, 0], -batch[:, 0]], axis=1)

            def double(batch):
                return 2 * batch

            def loaded(sign=1):
                return lambda batch: sign * batch[:, 0]

            def broken():
                raise RuntimeError("weights are missing")

            class Model:
                def __call__(self, batch):
                    return batch[:, 0]

                def bound(self, batch):
                    return batch[:, 0]

            class Duck:
                name, outputs = "duck", ("quack",)

                def __call__(self, batch):
                    return batch[:, :1]

                def spec(self):
                    return None

            instance = Model()
            duck = Duck()
            ready = fv.black_box(lambda batch: batch[:, 0], outputs=["up"], name="ready")
            number = 3
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "users_models"
    sys.modules.pop("users_models", None)


X = np.array([[1.0], [2.0]])


def test_a_function_by_import_path(module):
    box = fv.black_box(f"{module}:both", outputs=["a", "b"], name="mine")
    np.testing.assert_array_equal(box(X), [[1, -1], [2, -2]])
    assert box.spec() == {"from": "users_models:both", "outputs": ["a", "b"], "name": "mine"}


def test_a_function_that_can_be_imported_knows_its_path(module):
    import users_models

    assert fv.black_box(users_models.both, outputs=("a", "b")).spec() == {
        "from": "users_models:both",
        "outputs": ["a", "b"],
    }
    assert fv.black_box(users_models.both, preprocess=users_models.double).spec() == {
        "from": "users_models:both",
        "preprocess": "users_models:double",
    }
    assert fv.black_box(users_models.both, per_input=True).spec() == {"from": "users_models:both", "per_input": True}


def test_what_cannot_be_imported_has_no_spec(module):
    import users_models

    def local(batch):
        return batch

    for thing in (
        local,
        lambda batch: batch,
        users_models.loaded(),
        users_models.instance,
        users_models.instance.bound,
    ):
        assert fv.black_box(thing).spec() is None
    assert fv.black_box(users_models.both, preprocess=lambda x: x).spec() is None


def test_what_a_factory_returns(module):
    box = fv.black_box(f"{module}:loaded()")
    np.testing.assert_array_equal(box(X), X)
    assert box.spec() == {"from": "users_models:loaded()"}
    with pytest.raises(RuntimeError, match="weights are missing"):
        fv.black_box(f"{module}:broken()")


def test_an_instance_and_preprocess_by_import_path(module):
    box = fv.black_box(f"{module}:instance", preprocess=f"{module}:double")
    np.testing.assert_array_equal(box(X), 2 * X)
    assert box.spec() == {"from": "users_models:instance", "preprocess": "users_models:double"}


def test_a_slip_in_an_option_names_every_option():
    with pytest.raises(
        InvalidArgument,
        match=r"It takes: concurrency, max_batch, name, noisy, outputs, per_input, preprocess, timeout\. "
        r"Did you mean 'outputs'\?",
    ):
        fv.black_box(lambda batch: batch, output=["a", "b"])


def test_a_box_is_returned_as_it_is(module):
    box = fv.black_box(lambda batch: batch[:, 0])
    assert fv.black_box(box) is box
    with pytest.raises(InvalidArgument, match="a black box already, so outputs="):
        fv.black_box(box, outputs=["a"])
    with pytest.raises(InvalidArgument, match="so per_input="):
        fv.black_box(box, per_input=True)


def test_a_box_by_import_path_can_be_rebuilt(module):
    import users_models

    box = fv.black_box(f"{module}:ready")
    assert (box.name, box.outputs, box.spec()) == ("ready", ("up",), {"from": "users_models:ready"})
    assert users_models.ready.spec() is None  # the user's own is not changed


def test_a_box_of_another_make(module):
    import users_models

    box = fv.black_box(users_models.duck)
    assert isinstance(box, FunctionBox)
    assert (box.name, box.outputs) == ("duck", ("quack",))
    np.testing.assert_array_equal(box(X), X)


def test_a_spec_is_the_callers_to_change(module):
    box = fv.black_box(f"{module}:both", outputs=["a", "b"])
    box.spec()["outputs"].append("c")
    assert box.spec()["outputs"] == ["a", "b"]


class Module:
    """Stands for torch.nn.Module, which is known by its name."""

    def __call__(self, x):
        return x


Module.__module__ = "torch.nn.modules.module"


class Net(Module):
    pass


@pytest.mark.parametrize(
    ("thing", "error", "words"),
    [
        ("no such thing", BoxError, "neither the path of an .onnx file, nor an address"),
        ("model.pkl", BoxError, "load it yourself"),
        ("weights/model.PT", BoxError, "load it yourself"),
        ("", BoxError, "neither"),
        ("missing.onnx", BoxError, "there is no file 'missing.onnx'|there is no file missing.onnx"),
        ("no_such_module_:f", NameNotFound, "no module 'no_such_module_'"),
        ("math:squrt", NameNotFound, "no attribute 'squrt'"),
        ("math:pi", WrongType, "3.14"),
        (3, WrongType, "a function of a batch"),
        (None, WrongType, "None"),
        (np.zeros(3), WrongType, "ndarray"),
        ({"a": 1}, WrongType, "dict"),
        (Net, WrongType, "Net is a class"),
    ],
)
def test_what_cannot_be_a_black_box(thing, error, words):
    with pytest.raises(error, match=words):
        fv.black_box(thing)


def test_a_repr_shows_the_outputs_and_nothing_hidden():
    box = fv.black_box(lambda batch: batch, outputs=["\u202ea", *map(str, range(20))], name="x\x1b")
    assert "\u202e" not in repr(box)
    assert "\x1b" not in repr(box)
    assert "21 in all" in repr(box)


def test_a_misspelt_option_of_a_command_is_told_of_a_command():
    with pytest.raises(InvalidArgument, match=r"a black box of a command has no option 'worker'.*mean 'workers'"):
        fv.black_box(["true"], worker=2)
