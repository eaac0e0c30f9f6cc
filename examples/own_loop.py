"""Owning the loop: featviz proposes, something that it cannot call answers, and a kill loses nothing.

Here the answers come from a function; in life they come from a laboratory, a queue, or a person.
"""

import numpy as np

import featviz as fv


def measure(picture: np.ndarray) -> float:
    """Contrast between the left and the right half, as an instrument might report it."""
    half = picture.shape[1] // 2
    return float(picture[:, :half].mean() - picture[:, half:].mean())


with fv.Study(fv.ImageSpace(16, 16), budget=300, batch_size=10, out="runs/measured") as study:
    while not study.done:
        asked = study.ask()
        study.tell(asked.ids, [measure(picture) for picture in asked.inputs])
run = study.result()
print(run, run.history.at(50), run.history.at(300))
