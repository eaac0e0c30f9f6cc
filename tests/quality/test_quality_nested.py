"""Does a search find an answer that was hidden in a nested space?"""

import numpy as np
import pytest

import featviz as fv


def melody_likeness(batch):
    """1 for the tune C E G of quarter notes at tempo 120, played loud on a flute."""
    scores = []
    for tempo, notes, player in zip(batch["tempo"], batch["notes"], batch["player"], strict=True):
        tune = [("C", 1), ("E", 1), ("G", 1)]
        ours = [(note["pitch"], note["length"]) for note in notes]
        same = sum(int(a == c) + int(b == d) for (a, b), (c, d) in zip(ours, tune, strict=False)) / 6
        found = same - 0.1 * abs(len(ours) - 3) - abs(tempo - 120) / 120
        if isinstance(player, dict):
            found += 0.5 * (player["breath"] == "loud")
        scores.append(found)
    return np.array(scores)


MELODY = fv.DictSpace(
    {
        "tempo": fv.Integer(60, 180),
        "notes": fv.ListSpace(fv.DictSpace({"pitch": fv.Choice("CDEFGAB"), "length": fv.Choice([1, 2, 4])}), 0, 12),
        "player": fv.OneOf([fv.Choice(["piano", "harp"]), fv.DictSpace({"breath": fv.Choice(["soft", "loud"])})]),
    }
)


@pytest.mark.parametrize("seed", range(3))
def test_the_genetic_algorithm_finds_a_planted_tune(seed):
    box = fv.black_box(melody_likeness, name="tune")
    run = fv.search(MELODY, fv.maximise(box), budget=2_000, seed=seed, progress="none")
    assert run.best.score == 1.5, run.best.input
    assert [(note["pitch"], note["length"]) for note in run.best.input["notes"]] == [("C", 1), ("E", 1), ("G", 1)]
    assert run.best.input["player"] == {"breath": "loud"}


def test_it_finds_more_than_random_search():
    box = fv.black_box(melody_likeness, name="tune")
    found = {
        name: [
            fv.search(MELODY, fv.maximise(box), budget=600, seed=seed, optimiser=name, progress="none").best.score
            for seed in range(3)
        ]
        for name in ("ga", "random")
    }
    assert np.median(found["ga"]) > np.median(found["random"]) + 0.2
