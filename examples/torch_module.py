"""What a small convolutional net in torch takes for a 3."""

import importlib.util

import numpy as np
from sklearn.datasets import load_digits

import featviz as fv


def main():
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    pictures, labels = load_digits(return_X_y=True)
    x = torch.tensor(pictures / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    y = torch.tensor(labels)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2), nn.Flatten(), nn.Linear(256, 10)
    )
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(15):
        for rows in torch.randperm(len(x)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            optimiser.step()

    # One line. The net is still in training mode; while it is asked, it is not, and dropout is off.
    box = fv.black_box(net, name="convnet")
    space = fv.ImageSpace(8, 8, frequencies=6)
    run = fv.search(space, fv.margin(box, "3"), budget=3_000, baseline=1_000, out="runs/torch-three", progress="none")
    right = np.mean(box((pictures / 16).astype(np.float32).reshape(-1, 8, 8, 1)).argmax(axis=1) == labels)
    print(f"{right:.1%} of the digits are told apart")
    print(f"margin of a 3: {run.best.score:.1f}, of the best of 1,000 random pictures {run.baseline_best.score:.1f}")
    print("\n".join("".join(" .:*#"[int(v * 4.99)] for v in row) for row in run.best.input[..., 0]))


if importlib.util.find_spec("torch") is None:
    print("This example needs torch, which is not installed: pip install 'featviz[torch]'")
else:
    main()
