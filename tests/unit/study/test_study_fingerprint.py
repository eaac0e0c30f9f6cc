"""A space that cannot be written down is told from another by what it makes of the same genes."""

import numpy as np
import pandas as pd
import pytest

import featviz as fv
from featviz.errors import RunMismatch
from featviz.study.fingerprint import fingerprint_of


def words(end):
    return fv.TokenSpace([f"w{i}{end}" for i in range(30_000)], 4, as_text=True)


FRAME = pd.DataFrame({"a": np.linspace(-1, 1, 50), "b": np.linspace(3, 9, 50)})


def rows(sign):
    return fv.TabularSpace.from_dataframe(FRAME, constraints=[lambda frame: sign * frame.a > 0])


def waves(factor):
    class Waves(fv.Space):
        variables = {"x": fv.Real(5)}

        def decode(self, values):
            return values["x"] * factor

    return Waves()


def dice(sides):
    @fv.space
    def throws(draw):
        return [draw.integer("throw", 1, 6) % sides for _ in range(3)]

    return throws


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [(words, "", "x"), (rows, 1, -1), (waves, 1.0, 2.0), (dice, 6, 3)],
    ids=["words", "rows", "waves", "dice"],
)
def test_another_space_in_its_place_is_noticed(tmp_path, make, one, other):
    assert make(one).spec() is None
    assert fingerprint_of(make(one)) == fingerprint_of(make(one)) != fingerprint_of(make(other))

    def answers(inputs):
        return np.arange(len(inputs), dtype=float)

    def searched(space, budget):
        goal = fv.maximise(fv.black_box(answers, name="box"))
        return fv.search(space, goal, budget=budget, out=tmp_path / "run", optimiser="random", progress="none")

    searched(make(one), 64)
    with pytest.raises(RunMismatch, match="of the same genes"):
        searched(make(other), 128)
    assert searched(make(one), 128).evaluations == 128


def test_the_last_bits_of_arithmetic_do_not_matter():
    assert fingerprint_of(waves(1.0)) == fingerprint_of(waves(1.0 + 1e-15))


def test_a_space_that_makes_no_inputs_has_none():
    class Broken(fv.Space):
        variables = {"x": fv.Real()}

        def decode(self, values):
            raise RuntimeError("not today")

    assert fingerprint_of(Broken()) == ""
