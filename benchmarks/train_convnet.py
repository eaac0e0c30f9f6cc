"""Trains the small convolutional net of the parity benchmark in plain numpy and writes it as ONNX.

    python benchmarks/train_convnet.py

About a minute on one core. The committed file is what this prints the accuracy of.
"""

from pathlib import Path

import numpy as np
from models import CLASSES, CONVNET_PATH, KERNEL, PADDING, SIDE, STRIDE, Array, ConvNet, Digits, digits

FILTERS = (8, 16)
FLAT = (SIDE // STRIDE**2) ** 2 * FILTERS[1]


def initial_weights(rng: np.random.Generator) -> dict[str, Array]:
    """He et al. 2015: standard deviation sqrt(2 / fan-in) before a ReLU."""
    a, b = FILTERS
    shapes = {"w1": (KERNEL**2, a), "w2": (KERNEL**2 * a, b), "w3": (FLAT, CLASSES)}
    weights = {name: rng.standard_normal(shape) * np.sqrt(2 / shape[0]) for name, shape in shapes.items()}
    return weights | {"b1": np.zeros(a), "b2": np.zeros(b), "b3": np.zeros(CLASSES)}


def train(data: Digits, epochs: int = 25, batch: int = 64, rate: float = 2e-3, seed: int = 0) -> ConvNet:
    """Adam (Kingma & Ba 2015) on the cross-entropy, with a weight decay of 1e-3 and the rate falling to zero."""
    rng = np.random.default_rng(seed)
    net = ConvNet(initial_weights(rng))
    first = {name: np.zeros_like(w) for name, w in net.weights.items()}
    second = {name: np.zeros_like(w) for name, w in net.weights.items()}
    steps = epochs * (len(data.train) // batch)
    t = 0
    for _ in range(epochs):
        order = rng.permutation(len(data.train))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            logits, backward = net.forward(data.train[rows])
            p = np.exp(logits - logits.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(batch), data.train_labels[rows]] -= 1
            gradients, _ = backward(p / batch)
            t += 1
            for name, g in gradients.items():
                first[name] += 0.1 * (g - first[name])
                second[name] += 0.001 * (g * g - second[name])
                step = (first[name] / (1 - 0.9**t)) / (np.sqrt(second[name] / (1 - 0.999**t)) + 1e-8)
                net.weights[name] -= rate * (1 - t / (steps + 1)) * (step + 1e-3 * net.weights[name])
    return net


def accuracy(net: ConvNet, data: Digits) -> float:
    return float(np.mean(net.logits(data.test).argmax(1) == data.test_labels))


def write_onnx(net: ConvNet, path: Path) -> None:
    """Input ``pictures`` float32 (n, 28, 28, 1), output ``logits`` float32 (n, 10)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    a, b = FILTERS
    w = {name: value.astype(np.float32) for name, value in net.weights.items()}
    w["w1"] = w["w1"].T.reshape(a, 1, KERNEL, KERNEL)
    w["w2"] = w["w2"].T.reshape(b, a, KERNEL, KERNEL)
    convolution = {"kernel_shape": [KERNEL] * 2, "strides": [STRIDE] * 2, "pads": [PADDING] * 4}
    nodes = [
        helper.make_node("Transpose", ["pictures"], ["x0"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x0", "w1", "b1"], ["c1"], **convolution),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], **convolution),
        helper.make_node("Relu", ["c2"], ["r2"]),
        # Channels last, so that the dense layer reads the numbers in the order in which numpy trained it.
        helper.make_node("Transpose", ["r2"], ["r3"], perm=[0, 2, 3, 1]),
        helper.make_node("Flatten", ["r3"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w3", "b3"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits_convnet",
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", SIDE, SIDE, 1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", CLASSES])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in w.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="featviz")
    model.ir_version = 8  # read by every onnxruntime since 1.10
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def main() -> None:
    data = digits()
    net = train(data)
    write_onnx(net, CONVNET_PATH)
    size = CONVNET_PATH.stat().st_size
    print(f"test accuracy {accuracy(ConvNet.from_onnx(), data):.4f}, {size:,} bytes, {CONVNET_PATH.name}")


if __name__ == "__main__":
    main()
