"""A person in the box: which picture looks darker to you? Answer with the keys A and B on the page that opens.

About 45 comparisons, two minutes. Stop with Ctrl-C whenever you like: run it again and it goes on.
"""

import featviz as fv

space = fv.ImageSpace(8, 8)
box = fv.human("Which picture is darker?", mode="pairs", space=space)

run = fv.search(space, fv.maximise(box), budget=18, batch_size=6, out="runs/darker", progress="none")
print(f"the best has strength {run.best.score:.2f} and mean shade {run.best.input.mean():.2f}")
print(box.consistency())
box.close()
