"""A program as a black box: what does the digit classifier behind a pipe take for a 3?"""

import sys
from pathlib import Path

import featviz as fv

program = Path(__file__).parent / "programs" / "score_digits.py"
space = fv.ImageSpace(8, 8, low=0, high=16, frequencies=6)
with fv.black_box([sys.executable, str(program)], outputs=list("0123456789")) as box:
    run = fv.search(space, fv.margin(box, "3"), budget=500, out="runs/command", progress="none")
    print(f"{box.name}: ahead of every other digit by {run.best.score:.2f}")
    print(run.best.input[:, :, 0].round().astype(int))
