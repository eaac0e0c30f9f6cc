"""What can be asked of classifiers of digits, beyond what they respond to most."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier

import featviz as fv
from featviz.demo.models import digits_data

pictures, labels = digits_data()  # 16 x 16 pixels in [0, 1], flat
net = fv.black_box(MLPClassifier((100,), early_stopping=True, random_state=0).fit(pictures, labels), name="net")
forest = fv.black_box(RandomForestClassifier(50, random_state=0).fit(pictures, labels), name="forest")
# The prior of this space is learnt from the digits, so that naturalness means: like them.
space = fv.ImageSpace(16, 16, examples=pictures.reshape(-1, 16, 16, 1))

questions = {
    "3 or 8": fv.boundary(net, "3", "8"),
    "net sees a 3, no tree does": fv.disagreement(net, forest, "3", scale="logits", signed=True),
    "a 3 wherever it stands": fv.robust(fv.margin(net, "3"), [fv.jitter(2), fv.rotation(10)]),
    "a 3 like those of the data": fv.margin(net, "3") + 20.0 * fv.naturalness(),
    "a smooth 3": fv.margin(net, "3").subject_to(fv.total_variation(), at_most=0.2),
}
found = []
for name, question in questions.items():
    run = fv.search(space, question, budget=1_500, seed=0, progress=False)
    best = run.best
    found.append(best.input)
    says = {box.name: box.outputs[box(best.input[None])[0].argmax()] for box in (net, forest)}
    print(f"{name}: {best.score:.3g} = {question.describe()}; {says}")

again = fv.search(space, fv.margin(net, "3") + 20.0 * fv.novelty(np.stack(found)), budget=1_500, seed=0, progress=False)
print(f"another 3: distance {space.distance(again.best.input[None], np.stack(found)).min():.2f} from the nearest above")
