"""A program that knows nothing of featviz: a line of JSON for each picture of 8 x 8 in, a line with ten scores out.

Try it: echo '{"id": 0, "input": [[0, 0, ...], ...]}' | python score_digits.py
"""

import json
import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

pictures, labels = load_digits(return_X_y=True)  # values from 0 to 16
model = SVC(gamma=0.0005, C=10).fit(pictures, labels)
print("the model is ready", file=sys.stderr)  # standard output is for answers alone

for line in sys.stdin:
    asked = json.loads(line)
    values = model.decision_function(np.reshape(asked["input"], (1, 64)))[0]
    print(json.dumps({"id": asked["id"], "output": dict(zip("0123456789", values.tolist(), strict=True))}), flush=True)
