"""A simulated laboratory: shines a laser through masks and measures the light at one place of the screen.

It knows nothing of featviz. It watches a folder for batches, measures each mask, and leaves scores.csv beside it.
"""

import csv
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image


def light(mask: np.ndarray) -> float:
    """The share of the power behind a mask (0 dark, 1 clear) that goes to the detector, two fringes to the right.

    Far behind a mask, its Fourier transform is seen (Fraunhofer diffraction); the middle, which is always bright, has a
    stop in front of it.
    """
    amplitude = np.fft.fft2(mask) / mask.size
    return float(abs(amplitude[0, 2]) ** 2)


exchange = Path(sys.argv[1])
while True:
    for folder in sorted(exchange.glob("batch-*")):
        if (folder / "scores.csv").exists():
            continue
        with (folder / "inputs.csv").open(newline="") as file:
            masks = {row["id"]: np.asarray(Image.open(folder / row["picture"])) / 255 for row in csv.DictReader(file)}
        part = folder / "measuring.csv"  # under another name until it is whole
        with part.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "light"), *((i, light(mask)) for i, mask in masks.items())])
        part.rename(folder / "scores.csv")
    time.sleep(0.02)
