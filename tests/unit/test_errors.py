"""featviz.errors: every error is a FeatvizError and the builtin that it resembles."""

import copy
import inspect

import pytest

from featviz import errors

CLASSES = [value for _, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]
ARGUMENTS = {errors.RowsFailed: ([[0.5], [float("nan")]], {1: ValueError("row 1")})}
ERRORS = [c for c in CLASSES if issubclass(c, errors.FeatvizError)]


def test_all_names_every_class():
    assert sorted(errors.__all__) == sorted(c.__name__ for c in CLASSES)


@pytest.mark.parametrize("error", ERRORS, ids=lambda c: c.__name__)
def test_says_its_message_and_survives_a_copy(error):
    # Copying goes the way that an error takes from a worker process.
    raised = error("expected a number, but it is 'x'", *ARGUMENTS.get(error, ()))
    copied = copy.copy(raised)
    assert type(copied) is error
    assert str(copied) == "expected a number, but it is 'x'"
    assert vars(copied) == vars(raised)


@pytest.mark.parametrize(
    "error", [c for c in ERRORS if c not in (errors.FeatvizError, errors.StopSearch)], ids=lambda c: c.__name__
)
def test_is_caught_as_the_builtin_it_resembles(error):
    own = next(base for base in error.__mro__ if errors.FeatvizError in base.__bases__)  # itself, or what it refines
    others = [base for base in own.__bases__ if base is not errors.FeatvizError]
    assert len(others) == 1
    assert others[0].__module__ == "builtins"


def test_a_handler_for_value_errors_does_not_swallow_a_stop():
    assert errors.StopSearch.__bases__ == (errors.FeatvizError,)


def test_warnings_are_user_warnings_and_not_errors():
    assert issubclass(errors.FeatvizWarning, UserWarning)
    assert not issubclass(errors.FeatvizWarning, errors.FeatvizError)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_has_a_docstring_of_its_own(cls):
    assert cls.__dict__.get("__doc__")
