"""Owning the loop: featviz proposes, something that it cannot call answers, and a kill loses nothing.

Here a function plays the laboratory: it sees the files of a batch, and leaves a score file. In life days may lie
between `save` and `tell_file`; a study that was closed meanwhile, opened again, still knows which batch it asked for.
"""

import csv
from pathlib import Path

import numpy as np

import featviz as fv


def measure(folder: Path) -> None:
    """Contrast between the left and the right half of each picture, as an instrument might report it."""
    with (folder / "inputs.csv").open(newline="") as file:
        pictures = {row["id"]: np.load(folder / row["file"]) for row in csv.DictReader(file)}
    with (folder / "scores.csv").open("w", newline="") as file:
        scores = [(i, x[:, :8].mean() - x[:, 8:].mean()) for i, x in pictures.items()]
        csv.writer(file).writerows([("id", "score"), *scores])


with fv.Study(fv.ImageSpace(16, 16), budget=300, batch_size=10, out="runs/measured") as study:
    while not study.done:
        asked = study.ask()
        folder = asked.save(f"measurements/batch-{asked.ids[0]:06d}")
        measure(folder)
        study.tell_file(folder)  # or study.tell(asked.ids, scores), where they are at hand
run = study.result()
print(run, run.history.at(50), run.history.at(300))
