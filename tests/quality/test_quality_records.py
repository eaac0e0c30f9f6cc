"""Planted answers in spaces of any shape: found by the genetic algorithm, and not by drawing at random."""

import numpy as np
import pytest

import featviz as fv

TUNE = [("E", 1), ("E", 1), ("F", 1), ("G", 1), ("G", 1), ("F", 1), ("E", 1), ("D", 2)]
PLATES = r"[A-Z]{2}\d{2} [A-Z]{3}(-\d+)?"
PLATE = "FV42 OPT-31415"
AT = np.linspace(-2, 2, 9)


@fv.space
def melody(draw):
    return {
        "tempo": draw.integer("tempo", 60, 180),
        "notes": draw.list("note", lambda d: (d.choice("pitch", "CDEFGAB"), d.choice("length", [1, 2, 4])), 4, 12),
    }


def like_the_tune(x):
    same = sum((a == b) + 0.5 * (a[0] == b[0]) for a, b in zip(x["notes"], TUNE, strict=False))
    return same - abs(len(x["notes"]) - len(TUNE)) - abs(x["tempo"] - 101) / 20


def like_the_plate(text):
    return float(sum(a == b for a, b in zip(text, PLATE, strict=False)) - abs(len(text) - len(PLATE)))


def fits_the_cubic(formula):
    return -float(np.log10(1e-9 + np.mean((eval(formula, {"x": AT}) - (AT**3 + 2 * AT + 1)) ** 2)))


FORMULAE = {
    "sum": ["<term>", "<term> + <sum>", "<term> * <sum>"],
    "term": ["x", "<digit>", "(<sum>)"],
    "digit": list("0123456789"),
}

# A space, what is wanted of it, and a score that only the planted answer, or next to it, reaches.
PLANTED = {
    "melody": (lambda: melody, like_the_tune, 11.5, 2_000),
    "text of a regular expression": (lambda: fv.from_regex(PLATES, 20), like_the_plate, 14, 2_000),
    "formula of a grammar": (lambda: fv.from_grammar(FORMULAE, "sum", max_depth=10), fits_the_cubic, 8.9, 3_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_it_is_found_in_two_of_three_seeds(name):
    space, score, enough, budget = PLANTED[name]
    box = fv.black_box(score, per_input=True)
    runs = [
        fv.search(space(), fv.maximise(box), budget=budget, target=enough, seed=seed, progress="none")
        for seed in range(3)
    ]
    assert sum(run.best.score >= enough for run in runs) >= 2
    assert runs[0].spec["provenance"]["optimiser"] == "ga"


@pytest.mark.parametrize("name", ["melody", "text of a regular expression"])
def test_random_inputs_do_not_find_it(name):
    space, score, enough, _ = PLANTED[name]
    drawn = space().sample(np.random.default_rng(0), 2_000)
    assert max(map(score, drawn)) < 0.7 * enough


def test_what_a_note_adds_to_the_tune_is_told_by_saliency():
    objective = fv.maximise(fv.black_box(like_the_tune, per_input=True))
    run = fv.search(melody, objective, budget=2_000, target=11.5, progress="none")
    found = fv.saliency(melody, objective, run.best, budget=400)
    assert found.units == ("tempo", "note", *(f"note/{i}" for i in range(8)))
    # Each note that is right adds at least 1, less what chance would give.
    assert (found.values[2:] > 0.5).all()
    assert found.deletion < found.deletion_by_chance
