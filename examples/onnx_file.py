"""What a digit looks like to a net in an ONNX file. The file is written here; any exporter's will do."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import featviz as fv

pictures, labels = load_digits(return_X_y=True)
net = MLPClassifier((64,), random_state=0).fit(pictures / 16, labels)

# The trained layers as a graph: (n, 1, 8, 8) -> ten logits.
weights = {f"w{i}": w for i, w in enumerate(net.coefs_)} | {f"b{i}": b for i, b in enumerate(net.intercepts_)}
graph = helper.make_graph(
    [
        helper.make_node("Flatten", ["picture"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w0", "b0"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w1", "b1"], ["logits"]),
    ],
    "digits",
    [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 1, 8, 8])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
    [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()],
)
path = Path("digits.onnx")
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)

# One line: types, names and layout are read from the file.
box = fv.black_box(path)
space = fv.ImageSpace(8, 8, frequencies=6)
run = fv.search(space, fv.margin(box, "3"), budget=3_000, baseline=1_000, out="runs/onnx-three", progress="none")
print(box)
print(f"margin of a 3: {run.best.score:.1f}, of the best of 1,000 random pictures {run.baseline_best.score:.1f}")
print("\n".join("".join(" .:*#"[int(v * 4.99)] for v in row) for row in run.best.input[..., 0]))
