"""torch modules as black boxes. All of these need torch itself, and are skipped where it is not installed."""

import collections
import sys
import types

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes.torch_modules import TorchBox
from featviz.errors import BoxError, InvalidArgument, MissingDependency, WrongType
from featviz.evaluation import Evaluator, Status

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'featviz[torch]'")
nn = torch.nn


@pytest.fixture(autouse=True)
def _same_weights():
    torch.manual_seed(0)
    torch.set_num_threads(1)


def rng():
    return np.random.default_rng(0)


def convnet(channels=3, k=4):
    return nn.Sequential(
        nn.Conv2d(channels, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, k)
    )


def direct(module, tensor):
    was = module.training
    module.eval()
    with torch.no_grad():
        answer = module(tensor).double().numpy()
    module.train(was)
    return answer


def test_pictures_go_in_channels_first():
    module = convnet()
    box = fv.black_box(module)
    assert (type(box), box.name, box.outputs) == (TorchBox, "Sequential", ("0", "1", "2", "3"))
    x = rng().random((6, 9, 8, 3), dtype=np.float32)
    np.testing.assert_allclose(box(x), direct(module, torch.from_numpy(x).permute(0, 3, 1, 2)), rtol=1e-6)
    with pytest.raises(BoxError, match=r"\(n, 3, any, any\), which a batch of shape \(2, 9, 8, 1\) does not have"):
        box(x[:2, ..., :1])


def test_series_go_in_channels_first():
    module = nn.Sequential(nn.Conv1d(2, 3, 3), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    with pytest.raises(BoxError, match=r"cannot be read off its layers. Pass outputs"):
        fv.black_box(module)
    x = rng().random((4, 10, 2), dtype=np.float32)
    box = fv.black_box(module, outputs=["a", "b", "c"])
    np.testing.assert_allclose(box(x), direct(module, torch.from_numpy(x).permute(0, 2, 1)), rtol=1e-6)


def test_pictures_for_a_dense_layer_are_flattened_channels_first_unless_told_otherwise():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4 * 5 * 3, 2))
    x = rng().random((3, 4, 5, 3), dtype=np.float32)
    first = direct(module, torch.from_numpy(x).permute(0, 3, 1, 2))
    np.testing.assert_allclose(fv.black_box(module)(x), first, rtol=1e-6)
    last = direct(module, torch.from_numpy(x.reshape(3, -1)))
    np.testing.assert_allclose(fv.black_box(module, layout="NHWC")(x), last, rtol=1e-6)
    with pytest.raises(InvalidArgument, match="layout must be one of"):
        fv.black_box(module, layout="HWC")


def test_a_dense_layer_over_the_last_axis_gets_series_as_they_are():
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(2, 3)

        def forward(self, x):
            return self.dense(x).mean(dim=1)

    module, x = Mean(), rng().random((4, 7, 2), dtype=np.float32)
    np.testing.assert_allclose(fv.black_box(module)(x), direct(module, torch.from_numpy(x)), rtol=1e-6)


def test_the_dtype_follows_the_module():
    module = nn.Linear(3, 2).double()
    x = rng().random((4, 3)).astype(np.float32)
    np.testing.assert_array_equal(fv.black_box(module)(x), direct(module, torch.from_numpy(x).double()))
    np.testing.assert_array_equal(
        fv.black_box(module)(np.eye(3, dtype=np.int64)), direct(module, torch.eye(3).double())
    )
    half = nn.Linear(3, 2).bfloat16()
    assert fv.black_box(half)(x).dtype == np.float64
    seen = []

    class Note(nn.Module):
        def forward(self, x):
            seen.append(x.dtype)
            return x.sum(dim=1)

    fv.black_box(Note(), outputs=["a"])(x.astype(np.float64))
    fv.black_box(Note(), outputs=["a"], dtype="float16")(x)
    fv.black_box(Note(), outputs=["a"])(np.ones((2, 3), dtype=np.int32))
    assert seen == [torch.float32, torch.float16, torch.int64]
    with pytest.raises(InvalidArgument, match="dtype must be one of"):
        fv.black_box(half, dtype="float")


class Tokens(nn.Module):
    def __init__(self, vocabulary=11):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, ids, mask=None):
        hidden = self.embed(ids)
        if mask is not None:
            hidden = hidden * mask[..., None]
        return self.head(hidden.mean(dim=1))


def test_tokens_stay_whole_numbers():
    module, ids = Tokens(), rng().integers(0, 11, (5, 6))
    np.testing.assert_allclose(fv.black_box(module)(ids), direct(module, torch.from_numpy(ids)), rtol=1e-6)
    np.testing.assert_array_equal(fv.black_box(module)(ids.astype(np.int32)), fv.black_box(module)(ids))


def test_dicts_become_keywords_and_tuples_arguments():
    module, ids = Tokens(), rng().integers(0, 11, (5, 6))
    mask = (rng().random((5, 6)) > 0.5).astype(np.float64)
    with torch.no_grad():
        want = module(torch.from_numpy(ids), torch.from_numpy(mask).float()).numpy()
    box = fv.black_box(module)
    np.testing.assert_allclose(box({"mask": mask, "ids": ids}), want, rtol=1e-6)
    np.testing.assert_allclose(box((ids, mask)), want, rtol=1e-6)


def test_what_a_tokenizer_returns():
    class Encoding(collections.UserDict):  # as transformers' BatchEncoding is
        pass

    def tokenizer(texts):
        return Encoding(ids=torch.tensor([[len(text), text.count("a")] for text in texts]))

    box = fv.black_box(Tokens(), preprocess=tokenizer)
    assert box(["banana", "sky"]).shape == (2, 2)
    with pytest.raises(BoxError, match=r"takes arrays of numbers.*preprocess= .*such as a tokenizer"):
        fv.black_box(Tokens())(["banana", "sky"])


def test_training_mode_is_as_it_was_and_dropout_is_off():
    module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 2))
    module[2].eval()  # a frozen layer stays frozen
    box, x = fv.black_box(module), rng().random((4, 3))
    before = module[2].running_mean.clone()
    np.testing.assert_array_equal(box(x), box(x))
    assert [layer.training for layer in module] == [True, True, False, True]
    assert torch.equal(module[2].running_mean, before)
    assert module.training
    with pytest.raises(BoxError):
        fv.black_box(module)(rng().random((4, 5)))
    assert module.training
    module(torch.ones(2, 3)).sum().backward()  # it can still be trained


def test_the_batch_is_not_written_to():
    class Spoils(nn.Module):
        def forward(self, x):
            return x.mul_(2).sum(dim=1)

    x = np.ones((2, 3), dtype=np.float32)
    fv.black_box(Spoils(), outputs=["a"])(x)
    assert (x == 1).all()


class Answers(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x)


@pytest.mark.parametrize(
    ("make", "output"),
    [
        (lambda x: (x[:, :2], x), 0),
        (lambda x: (x, x[:, :2]), 1),
        (lambda x: {"scores": x[:, :2], "hidden": x}, "scores"),
        (lambda x: {"logits": x[:, :2], "hidden": x}, None),
        (lambda x: types.SimpleNamespace(logits=x[:, :2], hidden=x), None),
        (lambda x: types.SimpleNamespace(other=x[:, :2]), "other"),
        (lambda x: [x[:, :2]], None),
        (lambda x: {"only": x[:, :2]}, None),
        (lambda x: x[:, :2, None, None], None),
    ],
)
def test_answers_of_several_parts(make, output):
    x = rng().random((3, 4), dtype=np.float32)
    box = fv.black_box(Answers(make), outputs=["a", "b"], output=output)
    np.testing.assert_array_equal(box(x), x[:, :2])


@pytest.mark.parametrize(
    ("make", "output", "words"),
    [
        (lambda x: (x, x[:, :2]), None, r"a tuple of \(3, 4\), \(3, 2\), of which one tensor has to be chosen"),
        (lambda x: {"a": x, "b": x}, None, "a dict with a, b"),
        (lambda x: {"a": x, "b": x}, "c", "which has no part 'c'"),
        (lambda x: (x, x), 2, "which has no part '2'"),
        (
            lambda x: x,
            None,
            r"has 2 outputs, but it answers to 3 inputs with .* shape \(3, 4\). Pass outputs=.* with 4",
        ),
        (lambda x: x.sum(), None, r"shape \(\)"),
        (lambda x: x[:, :, None].repeat(1, 1, 3), None, r"shape \(3, 4, 3\). Wrap it in a function"),
        (lambda x: "text", None, "answers with a str"),
    ],
)
def test_answers_that_do_not_fit(make, output, words):
    box = fv.black_box(Answers(make), outputs=["a", "b"], output=output)
    with pytest.raises(BoxError, match=words):
        box(rng().random((3, 4)))


def test_names_from_a_transformers_configuration():
    module = Tokens()
    module.config = types.SimpleNamespace(id2label={0: "NEGATIVE", 1: "POSITIVE"})
    assert fv.black_box(module).outputs == ("NEGATIVE", "POSITIVE")


def test_one_output_and_a_wrong_guess_of_the_width():
    assert fv.black_box(nn.Linear(3, 1)).outputs == ("output",)

    class Crossed(nn.Module):  # the layer that was registered last is not the one that answers
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(3, 2)
            self.unused = nn.Linear(3, 7)

        def forward(self, x):
            return self.head(x)

    with pytest.raises(BoxError, match=r"has 7 outputs, .* shape \(4, 2\). Pass outputs=\[...\] with 2 names"):
        fv.black_box(Crossed())(rng().random((4, 3)))


def test_a_batch_that_does_not_fit_is_one_error_in_one_line():
    box = fv.black_box(nn.Linear(4, 2))
    with pytest.raises(
        BoxError, match=r"cannot take an array of float64 of shape \(3, 5\).*shapes cannot be"
    ) as caught:
        box(rng().random((3, 5)))
    assert "\n" not in str(caught.value)


def test_an_input_on_which_it_fails_costs_no_other():
    class Fussy(nn.Module):
        def forward(self, x):
            if (x[:, 0] == 2).any():
                raise RuntimeError("no two")
            return x.sum(dim=1)

    x = np.arange(10.0).reshape(5, 2)
    outcome = Evaluator(fv.maximise(fv.black_box(Fussy(), outputs=["a"]))).evaluate(x)
    assert outcome.statuses.tolist() == [0, Status.EXCEPTION, 0, 0, 0]
    assert "no two" in outcome.reasons[1]


def test_running_out_of_memory_says_what_to_pass():
    class Large(nn.Module):
        def forward(self, x):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(BoxError, match=r"ran out of memory on 5 inputs\. Pass max_batch="):
        fv.black_box(Large(), outputs=["a"])(np.ones((5, 2)))


def test_the_device_is_the_modules_own_unless_it_is_named():
    module = nn.Linear(2, 2)
    assert fv.black_box(module, device="cpu")(np.ones((1, 2))).shape == (1, 2)
    meta = nn.Linear(2, 2, device="meta")
    fv.black_box(meta)
    assert meta.weight.device.type == "meta"
    with pytest.raises(InvalidArgument, match="cannot be moved to device 'nowhere'"):
        fv.black_box(module, device="nowhere")


def test_a_scripted_module():
    module = convnet()
    scripted = torch.jit.script(module)
    x = rng().random((2, 6, 6, 3), dtype=np.float32)
    np.testing.assert_allclose(
        fv.black_box(scripted, outputs=list("abcd"))(x), fv.black_box(module)(x), rtol=1e-5, atol=1e-6
    )


def test_mistakes():
    with pytest.raises(WrongType, match="expected a torch"):
        TorchBox(len)
    with pytest.raises(WrongType, match="Linear is a class"):
        fv.black_box(nn.Linear)
    with pytest.raises(WrongType, match="output must be"):
        fv.black_box(nn.Linear(2, 2), output=1.5)
    with pytest.raises(InvalidArgument, match="Did you mean 'device'"):
        fv.black_box(nn.Linear(2, 2), devise="cpu")


def test_the_provenance_names_the_version():
    assert fv.black_box(nn.Linear(2, 2)).provenance() == {"torch": torch.__version__}


def test_without_torch_the_extra_is_named(monkeypatch):
    module = nn.Linear(2, 2)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match=r"featviz\[torch\]"):
        fv.black_box(module)
