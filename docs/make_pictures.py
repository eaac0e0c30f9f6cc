"""Makes the README's picture from the demo's run: `make demo`, then `python docs/make_pictures.py`."""

from pathlib import Path

import numpy as np
from PIL import Image

import featviz as fv

RUN = Path("runs/demo/pedestrian")
PICTURE = Path(__file__).parent / "images" / "pedestrian.png"
SCALE, GAP = 2, 12


def main() -> None:
    """Draw the best picture of each restart, and the best random one apart from them."""
    run = fv.load(RUN)
    random = run.baseline_best
    if random is None:
        raise SystemExit(f"{RUN} has no random baseline; run the demo again.")
    ends = [int(i) for i in np.cumsum([history.evaluations[-1] for history in run.restart_histories])]
    begins = [0, *ends[:-1]]
    bests = [
        run.candidate(begin + int(np.nanargmax(run.scores[begin:end]))) for begin, end in zip(begins, ends, strict=True)
    ]
    tiles = [c.input[:, :, 0] for c in [*sorted(bests, key=lambda c: -c.score), random]]
    height, width = tiles[0].shape
    canvas = np.full((SCALE * height + 2 * GAP, len(tiles) * (SCALE * width + GAP) + 2 * GAP), 0.94)
    for i, tile in enumerate(tiles):
        # The random picture stands a gap apart.
        left = GAP + i * (SCALE * width + GAP) + (GAP if i == len(tiles) - 1 else 0)
        canvas[GAP : GAP + SCALE * height, left : left + SCALE * width] = np.kron(tile, np.ones((SCALE, SCALE)))
    PICTURE.parent.mkdir(exist_ok=True)
    Image.fromarray(np.round(canvas[:, : canvas.shape[1]] * 255).astype(np.uint8)).save(PICTURE, optimize=True)
    print(PICTURE, [round(c.score, 2) for c in bests], round(random.score, 2))


if __name__ == "__main__":
    main()
