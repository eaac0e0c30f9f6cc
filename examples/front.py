"""How natural can a picture be that a model takes for a 3? A front from the smoothest picture to the most extreme."""

from sklearn.datasets import load_digits
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

import featviz as fv

pictures, labels = load_digits(return_X_y=True)  # 8 x 8, values from 0 to 16
svm = fv.black_box(OneVsRestClassifier(SVC(gamma=0.0005, C=10)).fit(pictures, labels), name="svm")
space = fv.ImageSpace(8, 8, low=0, high=16, frequencies=6)

# Two objectives without a weight between them. A penalty is made small, and pictures that are no 3 are left out.
goals = fv.pareto(fv.margin(svm, 3), fv.total_variation()).subject_to(fv.margin(svm, 3), at_least=0)
run = fv.search(space, goals, budget=4_000, baseline=500, out="runs/three-front", progress="none")

print(f"{len(run.front)} pictures that no other one beats in both, for instance")
for candidate in run.front[:: max(1, len(run.front) // 6)]:
    print("  ".join(f"{name} {candidate.outputs[name]:.2f}" for name in run.goals))
print(fv.build_gallery("runs", "site").absolute().as_uri())
