"""What a torch module tells of its inputs and outputs before it is asked: by its first and its last layer."""

from collections.abc import Mapping
from typing import Any

__all__ = ["first_layer", "layout_for", "output_names", "place_of"]


def first_layer(module: Any) -> tuple[str, int] | None:
    """The kind and the width of the first layer that has one, in the order in which the layers were registered.

    Returns:
        ``("conv", channels)`` with the number of axes of a batch behind it, such as ``"conv4"`` for pictures and
        ``"conv3"`` for series; ``("linear", features)``; ``("embedding", tokens)``; or None for a module of other
        layers, of which nothing is assumed.
    """
    for layer in module.modules():
        if isinstance(getattr(layer, "num_embeddings", None), int):
            return "embedding", layer.num_embeddings
        if isinstance(getattr(layer, "in_channels", None), int) and hasattr(layer, "kernel_size"):
            kernel = layer.kernel_size
            return f"conv{2 + (len(kernel) if isinstance(kernel, tuple) else 2)}", layer.in_channels
        if isinstance(getattr(layer, "in_features", None), int) and hasattr(layer, "weight"):
            return "linear", layer.in_features
        if next(layer.parameters(recurse=False), None) is not None and not _is_norm(layer):
            return None  # one whose input is not known, such as a recurrent layer
    return None


def layout_for(first: tuple[str, int] | None, shape: tuple[int, ...]) -> str | None:
    """The layout, a name in ``LAYOUTS``, of a batch of ``shape`` for a module with this first layer; None for as it is.

    Torch convolves channels first, and a dense layer that reads flattened pictures was trained on channels first too.
    """
    if first is None:
        return None
    kind, width = first
    if kind == f"conv{len(shape)}":
        return {3: "NCL", 4: "NCHW"}.get(len(shape))
    size = 1
    for length in shape[1:]:
        size *= length
    if kind == "linear" and len(shape) > 2 and shape[-1] != width and size == width:
        return "flat_channels_first"
    return None


def output_names(module: Any) -> list[str] | None:
    """The names of the outputs: a transformers configuration's labels, or numbers up to the width of the last layer.

    Returns:
        None where neither is there. The last layer that was registered need not be the one that answers, so that the
        first answer has to be compared.
    """
    labels = getattr(getattr(module, "config", None), "id2label", None)
    if isinstance(labels, Mapping) and labels:
        return [str(labels[i]) for i in sorted(labels)]
    width: int | None = None
    for layer in module.modules():
        if isinstance(found := getattr(layer, "out_features", None), int):
            width = found
        elif hasattr(layer, "out_channels") or hasattr(layer, "hidden_size"):
            width = None  # a convolution or a recurrent layer at the end: the pooling behind it is not known
    if width is None:
        return None
    return ["output"] if width == 1 else [str(i) for i in range(width)]


def place_of(module: Any) -> tuple[Any, Any]:
    """The device and the floating dtype of a module's first tensors; None for either where it has none."""
    device, dtype = None, None
    for tensors in (module.parameters(), module.buffers()):
        for tensor in tensors:
            device = tensor.device if device is None else device
            if tensor.is_floating_point():
                return device, tensor.dtype
    return device, dtype


def _is_norm(layer: Any) -> bool:
    return "Norm" in type(layer).__name__
