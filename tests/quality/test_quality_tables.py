"""Is a planted row found among mixed columns, and the smallest set of changes that turns a decision?"""

import numpy as np
import pandas as pd
import pytest

import featviz as fv


def people(n=400, seed=0):
    """Twenty columns, most of which a decision does not look at."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 16))
    z[:, 1] += z[:, 0]
    frame = pd.DataFrame({f"x{i}": z[:, i].round(3) for i in range(16)})
    return frame.assign(
        age=rng.integers(18, 80, n),
        city=pd.Categorical(rng.choice(list("abcde"), n)),
        size=pd.Categorical(rng.choice(["s", "m", "l"], n), categories=["s", "m", "l"], ordered=True),
        on=rng.random(n) < 0.3,
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_two_columns_that_turn_a_decision_are_found_and_no_other(seed):
    df = people()
    start = df[(df.city != "c") & (df.x3 < 0)].iloc[[seed]]

    def decision(rows):
        # Steps, as in trees: a slope would lead nowhere.
        near = 0.5 * (rows.city == "c") + 0.5 * (rows.x3 > 1.0) + 0.1 * (rows.age > 60) + 0.1 * (rows["size"] == "l")
        return np.minimum(near.to_numpy(), 1.0)

    space = fv.TabularSpace.from_dataframe(df, reference=start, monotone={"age": "increasing"})
    goal = fv.maximise(fv.black_box(decision)) - 0.15 * fv.changes(space.reference)
    run = fv.search(space, goal, budget=3_000, references=space.reference, seed=seed, progress="none")
    assert set(space.changes(run.best.input)) == {"city", "x3"}
    assert decision(run.best.input)[0] == 1.0


def test_a_planted_row_is_found():
    df = people()
    space = fv.TabularSpace.from_dataframe(df)

    def fit(rows):
        hits = [(rows[f"x{i}"] > 1).to_numpy() for i in range(6)]
        hits += [rows.city == "d", rows["size"] == "m", rows.on, rows.age.between(30, 35)]
        return np.sum([np.asarray(hit, dtype=float) for hit in hits], axis=0)

    run = fv.search(space, fv.maximise(fv.black_box(fit)), budget=3_000, baseline=3_000, progress="none")
    assert run.best.score == 10
    assert run.baseline_best.score < 9


def test_saliency_names_the_columns_that_a_score_rests_on():
    df = people()
    space = fv.TabularSpace.from_dataframe(df)
    box = fv.black_box(lambda rows: (3 * (rows.city == "b") + rows.x7 + 0.01 * rows.x2).to_numpy(), name="score")
    row = df[(df.city == "b") & (df.x7 > 1)].iloc[[0]]
    found = fv.saliency(space, fv.maximise(box), row, budget=400)
    order = np.argsort(-np.abs(found.values))
    assert {found.units[place] for place in order[:2]} == {"city", "x7"}
