"""Inputs with parts: nested dicts, lists of any length, functions of ``draw``, Gymnasium's spaces."""

from typing import Any

import numpy as np

import featviz as fv
from featviz.batches import unstack
from sampling.ways import BATCH, Case, config_space, featviz, gymnasium, nevergrad, optuna, plain

__all__ = ["GYMNASIUM", "LISTS", "NESTED", "RECORDED"]

_COLOURS = ["red", "green", "blue", "white", "black"]
_CITIES = ["Bonn", "Rome", "Oslo"]
_PITCHES, _LENGTHS = "CDEFGAB", [1, 2, 4]
_LONGEST, _SHORTEST_TUNE, _LONGEST_TUNE = 20, 4, 12


# --- nested dicts: 8 leaves on 3 levels ---


def _nested() -> fv.DictSpace:
    home = fv.DictSpace({"city": fv.Choice(_CITIES), "rooms": fv.Integer(1, 9), "rent": fv.LogUniform(100, 5000)})
    person = fv.DictSpace({"age": fv.Integer(18, 90), "height": fv.Uniform(140, 210), "home": home})
    return fv.DictSpace(
        {"person": person, "colour": fv.Choice(_COLOURS), "amount": fv.Uniform(0, 1), "n": fv.Integer(0, 9)}
    )


def _nested_optuna(trial: Any) -> dict[str, Any]:
    home = {
        "city": trial.suggest_categorical("city", _CITIES),
        "rooms": trial.suggest_int("rooms", 1, 9),
        "rent": trial.suggest_float("rent", 100, 5000, log=True),
    }
    person = {"age": trial.suggest_int("age", 18, 90), "height": trial.suggest_float("height", 140, 210), "home": home}
    return {
        "person": person,
        "colour": trial.suggest_categorical("colour", _COLOURS),
        "amount": trial.suggest_float("amount", 0, 1),
        "n": trial.suggest_int("n", 0, 9),
    }


def _nested_nevergrad(p: Any) -> Any:
    def whole(low: int, high: int) -> Any:
        return p.Scalar(lower=low, upper=high).set_integer_casting()

    home = p.Dict(city=p.Choice(_CITIES), rooms=whole(1, 9), rent=p.Log(lower=100, upper=5000))
    person = p.Dict(age=whole(18, 90), height=p.Scalar(lower=140, upper=210), home=home)
    return p.Dict(person=person, colour=p.Choice(_COLOURS), amount=p.Scalar(lower=0, upper=1), n=whole(0, 9))


def _nested_config_space(cs: Any) -> Any:
    home = cs.ConfigurationSpace({"city": _CITIES, "rooms": (1, 9), "rent": cs.Float("rent", (100, 5000), log=True)})
    person = cs.ConfigurationSpace({"age": (18, 90), "height": (140.0, 210.0)})
    person.add_configuration_space("home", home, "/")
    whole = cs.ConfigurationSpace({"colour": _COLOURS, "amount": (0.0, 1.0), "n": (0, 9)})
    whole.add_configuration_space("person", person, "/")
    return whole


def _nested_gymnasium(spaces: Any) -> Any:
    home = spaces.Dict(city=spaces.Discrete(3), rooms=spaces.Discrete(9, start=1), rent=spaces.Box(100, 5000, ()))
    person = spaces.Dict(age=spaces.Discrete(73, start=18), height=spaces.Box(140, 210, ()), home=home)
    return spaces.Dict(person=person, colour=spaces.Discrete(5), amount=spaces.Box(0, 1, ()), n=spaces.Discrete(10))


def _nested_numpy(rng: np.random.Generator) -> dict[str, Any]:
    def one() -> dict[str, Any]:
        home = {
            "city": _CITIES[rng.integers(3)],
            "rooms": rng.integers(1, 10),
            "rent": np.exp(rng.uniform(np.log(100), np.log(5000))),
        }
        person = {"age": rng.integers(18, 91), "height": rng.uniform(140, 210), "home": home}
        return {"person": person, "colour": _COLOURS[rng.integers(5)], "amount": rng.random(), "n": rng.integers(10)}

    return [one() for _ in range(BATCH)]


NESTED = (
    Case(
        "nested dict, 8 leaves",
        (
            featviz(_nested, "DictSpace"),
            featviz(_nested, "DictSpace as 64 dicts", gather=unstack),
            nevergrad(_nested_nevergrad, "Dict", inputs=16),
            optuna(_nested_optuna),
            config_space(_nested_config_space, "flat"),
            gymnasium(_nested_gymnasium, "Dict"),
            plain("numpy, one by one", _nested_numpy),
        ),
        {},
    ),
)


# --- lists of varying length ---

_NO_LISTS = {"nevergrad": "no lists of varying length", "ConfigSpace": "no lists of varying length"}


def _notes() -> fv.ListSpace:
    note = fv.DictSpace({"pitch": fv.Choice(list(_PITCHES)), "length": fv.Choice(_LENGTHS), "volume": fv.Uniform(0, 1)})
    return fv.ListSpace(note, _SHORTEST_TUNE, _LONGEST_TUNE)


def _notes_optuna(trial: Any) -> list[dict[str, Any]]:
    return [
        {
            "pitch": trial.suggest_categorical(f"pitch {i}", _PITCHES),
            "length": trial.suggest_categorical(f"length {i}", _LENGTHS),
            "volume": trial.suggest_float(f"volume {i}", 0, 1),
        }
        for i in range(trial.suggest_int("count", _SHORTEST_TUNE, _LONGEST_TUNE))
    ]


def _notes_gymnasium(spaces: Any) -> Any:
    note = spaces.Dict(pitch=spaces.Discrete(7), length=spaces.Discrete(3), volume=spaces.Box(0, 1, ()))
    return spaces.Sequence(note)


LISTS = (
    Case(
        f"list of 1 to {_LONGEST} numbers",
        (
            featviz(lambda: fv.ListSpace(fv.Uniform(0, 1), 1, _LONGEST), "ListSpace"),
            optuna(
                lambda trial: [trial.suggest_float(f"v{i}", 0, 1) for i in range(trial.suggest_int("n", 1, _LONGEST))]
            ),
            gymnasium(lambda spaces: spaces.Sequence(spaces.Box(0, 1, ())), "Sequence of any length"),
            plain("numpy", lambda rng: [rng.random(k) for k in rng.integers(1, _LONGEST + 1, BATCH)]),
        ),
        _NO_LISTS,
    ),
    Case(
        f"list of {_SHORTEST_TUNE} to {_LONGEST_TUNE} dicts",
        (
            featviz(_notes, "ListSpace of DictSpace"),
            optuna(_notes_optuna),
            gymnasium(_notes_gymnasium, "Sequence of any length"),
        ),
        _NO_LISTS,
    ),
)


# --- functions of draw ---


@fv.space
def melody(draw: Any) -> dict[str, Any]:
    """A tempo and 4 to 12 notes."""
    tempo = draw.integer("tempo", 60, 180)
    return {"tempo": tempo, "notes": draw.list("note", _note, _SHORTEST_TUNE, _LONGEST_TUNE)}


def _note(draw: Any) -> tuple[str, int]:
    return draw.choice("pitch", _PITCHES), draw.choice("length", _LENGTHS)


def _melody_optuna(trial: Any) -> dict[str, Any]:
    tempo = trial.suggest_int("tempo", 60, 180)
    count = trial.suggest_int("notes", _SHORTEST_TUNE, _LONGEST_TUNE)
    notes = [
        (trial.suggest_categorical(f"pitch {i}", _PITCHES), trial.suggest_categorical(f"length {i}", _LENGTHS))
        for i in range(count)
    ]
    return {"tempo": tempo, "notes": notes}


def _melody_numpy(rng: np.random.Generator) -> list[dict[str, Any]]:
    def one() -> dict[str, Any]:
        tempo = int(rng.integers(60, 181))
        count = rng.integers(_SHORTEST_TUNE, _LONGEST_TUNE + 1)
        return {"tempo": tempo, "notes": [(_PITCHES[rng.integers(7)], _LENGTHS[rng.integers(3)]) for _ in range(count)]}

    return [one() for _ in range(BATCH)]


RECORDED = (
    Case(
        "recorded, a tempo and 4 to 12 notes",
        (
            featviz(lambda: melody, "fv.space"),
            optuna(_melody_optuna, "the same function of a trial"),
            plain("numpy, the same function", _melody_numpy),
        ),
        _NO_LISTS | {"gymnasium": "no functions"},
    ),
)


# --- Gymnasium's spaces ---


def _observation(spaces: Any) -> Any:
    return spaces.Dict(
        position=spaces.Box(-1, 1, (3,)),
        camera=spaces.Box(0, 255, (16, 16, 3), np.uint8),
        gear=spaces.Discrete(5),
        lights=spaces.MultiBinary(4),
        joints=spaces.MultiDiscrete([3, 4, 5]),
    )


def _from_gymnasium() -> Any:
    from gymnasium import spaces

    return fv.from_gymnasium(_observation(spaces))


GYMNASIUM = (
    Case(
        "Gymnasium's Dict of 5 spaces",
        (
            featviz(_from_gymnasium, "from_gymnasium"),
            featviz(_from_gymnasium, "from_gymnasium as 64 dicts", gather=unstack),
            gymnasium(_observation, "sample"),
            nevergrad(
                lambda p: p.Dict(
                    position=p.Array(shape=(3,)).set_bounds(-1, 1),
                    camera=p.Array(shape=(16, 16, 3)).set_bounds(0, 255).set_integer_casting(),
                    gear=p.Choice(5),
                    lights=p.Choice([0, 1], repetitions=4),
                    joints=p.Tuple(*map(p.Choice, (3, 4, 5))),
                ),
                "Dict",
                inputs=16,
            ),
        ),
        {"optuna": "no arrays", "ConfigSpace": "no arrays"},
    ),
)
