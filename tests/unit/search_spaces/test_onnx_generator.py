"""ONNX files as decoders, on files made here."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import featviz as fv
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.search_spaces import space_from_spec
from featviz.testing.spaces import check_space

FLOAT = TensorProto.FLOAT


def generator(path, made=(3, 6, 5), genes=4, given=None, batch="n", dtype=FLOAT, scale=1.0, extra_inputs=(), outputs=1):
    """tanh(genes @ w), reshaped to (n, *made)."""
    size = int(np.prod(made))
    w = np.random.default_rng(0).standard_normal((genes, size)) * scale
    w = w.astype(helper.tensor_dtype_to_np_dtype(dtype))
    constants = {"w": w, "flat": np.array([-1, genes]), "to": np.array([-1, *made])}
    nodes = [
        helper.make_node("Reshape", ["z", "flat"], ["rows"]),
        helper.make_node("MatMul", ["rows", "w"], ["pre"]),
        helper.make_node("Tanh", ["pre"], ["squashed"]),
        helper.make_node("Reshape", ["squashed", "to"], ["pictures"]),
        helper.make_node("Identity", ["squashed"], ["more"]),
    ]
    inputs = [helper.make_tensor_value_info("z", dtype, given or [batch, genes])]
    inputs += [helper.make_tensor_value_info(name, FLOAT, ["n", 2]) for name in extra_inputs]
    infos = [
        helper.make_tensor_value_info("pictures", dtype, [batch, *made]),
        helper.make_tensor_value_info("more", dtype, [batch, size]),
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", inputs, infos[:outputs], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return str(path), w.astype(np.float64)


def latents(n, genes=4):
    return fv.Latents.of_real(np.random.default_rng(1).standard_normal((n, genes)))


@pytest.mark.parametrize("batch", ["n", 1, 3])
def test_channels_first(tmp_path, batch):
    path, w = generator(tmp_path / "g.onnx", batch=batch)
    space = fv.ImageSpace(6, 5, 3, decoder=path, low=-1, high=1)
    z = latents(7)
    expected = np.moveaxis(np.tanh(z.real @ w).reshape(7, 3, 6, 5), 1, 3)
    np.testing.assert_allclose(space.decode_latents(z), expected, atol=1e-5)


@pytest.mark.parametrize(("made", "channels"), [((6, 5, 3), 3), ((6, 5), 1), ((6, 5, 1), 1), ((1, 6, 5), 1)])
def test_channels_last_or_none(tmp_path, made, channels):
    path, w = generator(tmp_path / "g.onnx", made)
    space = fv.ImageSpace(6, 5, channels, decoder=path, low=-1, high=1)
    expected = np.tanh(latents(2).real @ w).reshape(2, 6, 5, channels)
    np.testing.assert_allclose(space.decode_latents(latents(2)), expected, atol=1e-5)


@pytest.mark.parametrize("batch", ["n", 2])
def test_the_contract(tmp_path, batch):
    path, _ = generator(tmp_path / "g.onnx", batch=batch)
    check_space(fv.ImageSpace(6, 5, 3, decoder=path, low=-1, high=1))


def test_axes_of_length_one_and_double_precision(tmp_path):
    path, _ = generator(tmp_path / "g.onnx", given=["n", 4, 1, 1], dtype=TensorProto.DOUBLE)
    space = fv.ImageSpace(6, 5, 3, decoder=tmp_path / "g.onnx", low=-1, high=1)
    assert (space.latent.real, space.spec()["decoder"]) == (4, path)
    assert space.sample(np.random.default_rng(0), 3).shape == (3, 6, 5, 3)


def test_what_lies_outside_the_range_is_clipped(tmp_path):
    path, _ = generator(tmp_path / "g.onnx", (6, 5))
    pictures = fv.ImageSpace(6, 5, decoder=path, low=0, high=0.5).decode_latents(latents(4))
    assert (pictures.min(), pictures.max()) == (0, 0.5)


def test_genes_that_the_file_leaves_open(tmp_path):
    path, _ = generator(tmp_path / "g.onnx", given=["n", "k"])
    with pytest.raises(InvalidArgument, match="pass genes="):
        fv.ImageSpace(6, 5, 3, decoder=path)
    assert fv.ImageSpace(6, 5, 3, decoder=path, genes=4).latent.real == 4
    with pytest.raises(SpaceError, match=r"failed on genes|must make"):
        fv.ImageSpace(6, 5, 3, decoder=path, genes=5)


def test_a_changed_file_is_noticed(tmp_path):
    path, _ = generator(tmp_path / "g.onnx")
    spec = fv.ImageSpace(6, 5, 3, decoder=path).spec()
    assert space_from_spec(spec).spec() == spec
    generator(tmp_path / "g.onnx", scale=2.0)
    with pytest.raises(SpaceError, match="has changed: its sha256 was"):
        space_from_spec(spec)
    with pytest.raises(WrongType, match="sha256 must be text"):
        fv.ImageSpace(6, 5, 3, decoder=path, sha256=3)


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        ({"made": (3, 5, 6)}, {}, "must make pictures of shape"),
        ({"extra_inputs": ("label",)}, {}, "has 2 inputs (z, label)"),
        ({"outputs": 2}, {}, "has 2 outputs (pictures, more)"),
        ({"given": [4]}, {}, "must have the shape (n, genes)"),
        ({}, {"genes": 5}, "takes 4 genes, but genes is 5"),
        ({}, {"gain": 2}, "has no option 'gain'"),
    ],
)
def test_refuses(tmp_path, made, options, message):
    path, _ = generator(tmp_path / "g.onnx", **made)
    with pytest.raises(FeatvizError) as caught:
        fv.ImageSpace(6, 5, 3, decoder=path, **options)
    assert message in str(caught.value)


def test_refuses_whole_numbers_as_genes(tmp_path):
    cast = helper.make_node("Cast", ["z"], ["pictures"], to=FLOAT)
    z = helper.make_tensor_value_info("z", TensorProto.INT64, ["n", 4])
    made = helper.make_tensor_value_info("pictures", FLOAT, ["n", 4])
    model = helper.make_model(helper.make_graph([cast], "g", [z], [made]), ir_version=9)
    onnx.save(model, tmp_path / "g.onnx")
    with pytest.raises(SpaceError, match="must be a tensor of floats"):
        fv.ImageSpace(2, 2, decoder=tmp_path / "g.onnx")


def test_files_that_are_no_models(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"not a model")
    with pytest.raises(SpaceError, match="could not be opened as an ONNX model"):
        fv.ImageSpace(6, 5, decoder=tmp_path / "bad.onnx")
    with pytest.raises(SpaceError, match="there is no file"):
        fv.ImageSpace(6, 5, decoder=tmp_path / "none.onnx")


def test_it_cannot_encode(tmp_path):
    path, _ = generator(tmp_path / "g.onnx")
    with pytest.raises(SpaceError, match="has no encode"):
        fv.ImageSpace(6, 5, 3, decoder=path).encode_inputs(np.zeros((6, 5, 3)))
