"""A laboratory as a black box: which mask sends the most light to a detector beside the middle of the screen?

The laboratory is another process, simulated, and sees nothing but a folder. Stop this script and start it again: it
goes on where it was, and nothing is measured twice.
"""

import subprocess
import sys
from pathlib import Path

import featviz as fv

program = Path(__file__).parent / "programs" / "diffraction_laboratory.py"
laboratory = subprocess.Popen([sys.executable, str(program), "exchange"])
try:
    box = fv.folder_box("exchange", outputs=["light"], poll=0.02, timeout=60, quiet=True)
    space = fv.ImageSpace(16, 16)
    run = fv.search(space, fv.maximise(box), budget=800, batch_size=40, out="runs/masks", progress="none")
finally:
    laboratory.kill()
    laboratory.wait()
print(f"{run.best.score:.3f} of the light; no mask passes more than {1 / 3.14159**2:.3f}: a grating of two stripes")
print("\n".join("".join(" .:*#"[int(4.999 * value)] for value in row) for row in run.best.input[:, :, 0]))
