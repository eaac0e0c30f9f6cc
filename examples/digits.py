"""Do a support vector machine and a neural network look for the same thing in a 3?"""

from sklearn.datasets import load_digits
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import featviz as fv

pictures, labels = load_digits(return_X_y=True)  # 8 x 8, values from 0 to 16
svm = OneVsRestClassifier(SVC(gamma=0.0005, C=10)).fit(pictures, labels)
mlp = MLPClassifier((100,), random_state=0).fit(pictures, labels)

space = fv.ImageSpace(8, 8, low=0, high=16, frequencies=6)
boxes = {name: fv.black_box(model, name=name) for name, model in {"svm": svm, "mlp": mlp}.items()}
for name, box in boxes.items():
    run = fv.search(space, fv.margin(box, 3), budget=2_000, baseline=2_000, out=f"runs/{name}-three", progress="none")
    # What does the other model say of the picture that this one likes best?
    answers = {other: float(fv.margin(b, 3).score([b(run.best.input[None])], None)[0]) for other, b in boxes.items()}
    print(name, {other: round(value, 2) for other, value in answers.items()})
print(fv.build_gallery("runs", "site").absolute().as_uri())
