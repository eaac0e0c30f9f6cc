"""Language models: log-probabilities of continuations, first tokens of replies, samples."""

import itertools
import math

import numpy as np
import pytest
from http_services import Answer, OpenAi, language_model, serving

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.black_boxes.http.token_scores import echoed_score, first_token_score
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, FeatvizError, InvalidArgument, WrongType

FAST = {"timeout": 10.0, "retries": 1, "backoff": 0.01}
WORDS = ["the", "import", "for", "with", "statement", "is", "a", "class", "object", "of", "expression", "not", "in"]


def truth(prompt, continuation):
    """The log-probability by the model itself."""
    model = language_model()
    before = model.split(prompt)
    tokens = model.split(prompt + continuation)
    return math.fsum(math.log(model.probability(tokens[i], tokens[:i])) for i in range(len(before), len(tokens)))


def share_of(beginning, prompt):
    """How likely the next token begins so."""
    chances = language_model().distribution(language_model().split(prompt))
    return sum(p for token, p in zip(language_model().vocabulary, chances, strict=True) if token.startswith(beginning))


class TestEcho:
    def test_scores_are_those_of_the_model(self):
        prompts = ["The import", "with the", "a class is the"]
        with serving(OpenAi()) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" statement of a", **FAST)
            got = box(prompts)[:, 0]
        assert got == pytest.approx([truth(prompt, " statement of a") for prompt in prompts])
        assert (box.outputs, box.noisy) == ((" statement of a",), None)
        body = service.requests[-1].json
        assert {name: body[name] for name in ("model", "echo", "max_tokens")} == {
            "model": "pydoc-3gram",
            "echo": True,
            "max_tokens": 0,
        }

    def test_several_continuations_are_outputs_and_their_margin_is_log_odds(self):
        with serving(OpenAi()) as service:
            box = fv.black_box(
                service.url + "/v1/completions",
                continuation=[" statement", " object"],
                template="In Python, {input}",
                **FAST,
            )
            row = box(["the import"])[0]
            assert box.outputs == (" statement", " object")
        assert row == pytest.approx([truth("In Python, the import", end) for end in (" statement", " object")])

    def test_a_search_finds_the_best_prompt_there_is(self):
        best = max(truth(" ".join(pair), " statement") for pair in itertools.product(WORDS, repeat=2))
        with serving(OpenAi()) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" statement", **FAST)
            space = fv.TokenSpace(WORDS, 2, as_text=True)
            run = fv.search(space, fv.maximise(box, " statement"), budget=150, seed=0, progress="none")
        assert run.best.score == pytest.approx(best)
        assert run.best.score == pytest.approx(truth(run.best.input, " statement"))

    def test_a_service_that_must_write_something(self):
        with serving(OpenAi(least_tokens=1)) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" statement", **FAST)
            assert box(["The import"])[0, 0] == pytest.approx(truth("The import", " statement"))
            assert box.spec()["parameters"] == {"max_tokens": 1}
            assert box_from_spec(box.spec())(["The import"])[0, 0] == pytest.approx(truth("The import", " statement"))

    def test_provenance_and_spec(self):
        with serving(OpenAi()) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" is", **FAST)
            assert box.provenance() == {
                "url": service.url + "/v1/completions",
                "model": "pydoc-3gram",
                "served_model": "pydoc-3gram",
                "fingerprint": "fp_3gram",
                "by": "log_probability",
            }
            asked = len(service.requests)
            rebuilt = box_from_spec(box.spec())
            assert len(service.requests) == asked, "what was found out is in the spec"
            assert rebuilt.spec() == box.spec()
            assert np.array_equal(rebuilt(["a", "the"]), box(["a", "the"]))


class TestModels:
    def test_several_must_be_chosen_from(self):
        with serving(OpenAi(models=("small", "large"))) as service:
            with pytest.raises(BoxError, match=r"has 2 models: small, large\. Say which with model="):
                fv.black_box(service.url + "/v1/completions", continuation=" is", **FAST)
            box = fv.black_box(service.url + "/v1/completions", continuation=" is", model="large", **FAST)
            assert box.spec()["model"] == "large"
            with pytest.raises(BoxError, match=r"HTTP 404: The model 'huge' does not exist\. Is the"):
                fv.black_box(service.url + "/v1/completions", continuation=" is", model="huge", **FAST)

    def test_a_service_without_a_list_of_models(self):
        def bare(request):
            if request.path.endswith("/models"):
                return Answer(404, {"error": "no such path"})
            assert "model" not in request.json
            return OpenAi()(type(request)(request.method, request.path, {}, with_model(request.json)))

        def with_model(document):
            import json

            return json.dumps({**document, "model": "pydoc-3gram"}).encode()

        with serving(bare) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" is", **FAST)
            assert np.isfinite(box(["that"])).all()


class TestChat:
    def test_the_first_token_of_a_reply(self):
        expected = math.log(share_of(" statement", "the import"))
        with serving(OpenAi()) as service:
            box = fv.black_box(service.url + "/v1/chat/completions", continuation=" statement", system="Go on.", **FAST)
            assert box(["the import"])[0, 0] == pytest.approx(expected)
            body = service.requests[-1].json
        assert body["messages"] == [
            {"role": "system", "content": "Go on."},
            {"role": "user", "content": "the import"},
        ]
        assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)

    def test_the_newer_name_of_the_limit(self):
        with serving(OpenAi()) as service:
            given = {"max_completion_tokens": 1}
            fv.black_box(service.url + "/v1/chat/completions", continuation=" is", parameters=given, **FAST)
            assert "max_tokens" not in service.requests[-1].json
            assert service.requests[-1].json["max_completion_tokens"] == 1


class TestSampling:
    @pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
    @pytest.mark.parametrize("heeds_n", [True, False])
    def test_a_service_without_log_probabilities_is_sampled(self, path, heeds_n):
        with serving(OpenAi(echo=False, heeds_n=heeds_n)) as service:
            box = fv.black_box(service.url + path, continuation=[" statement", " xyzzy"], samples=40, **FAST)
            made = len(service.requests)
            shares = box(["the import"])[0]
            assert len(service.requests) - made == (1 if heeds_n else 40)
            assert box.noisy is True
            assert box.spec()["by"] == "sampling"
        expected = share_of(" statement", "the import")
        assert abs(shares[0] - expected) < 4 * math.sqrt(expected * (1 - expected) / 40)
        assert shares[1] == 0

    def test_a_batch_that_is_asked_again_draws_the_same_seeds(self):
        with serving(OpenAi(echo=False)) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" statement", **FAST)
            box.begin_batch(7)
            first = box(["the import", "the"])
            box.begin_batch(7)
            assert np.array_equal(box(["the import", "the"]), first)
            assert service.requests[-1].json["seed"] == 7

    def test_a_noisy_search_runs(self):
        with serving(OpenAi(echo=False)) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" statement", samples=4, **FAST)
            space = fv.TokenSpace(WORDS, 2, as_text=True)
            run = fv.search(space, fv.maximise(box, " statement"), budget=24, seed=0, progress="none")
        assert run.evaluations == 24

    def test_sampling_may_be_demanded_and_refused(self):
        with serving(OpenAi()) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" is", by="sampling", samples=1, **FAST)
            assert box.noisy is True
            steady = fv.black_box(
                service.url + "/v1/completions", continuation=" is", by="sampling", samples=1, noisy=False, **FAST
            )
            assert steady.noisy is False
            assert box_from_spec(steady.spec()).noisy is False

    def test_too_few_replies(self):
        with serving(OpenAi(echo=False)) as service:
            box = fv.black_box(service.url + "/v1/completions", continuation=" is", samples=4, **FAST)
        few = Answer(document={"choices": [{"text": " is"}]})
        with serving(lambda request: few) as service:
            box = box_from_spec({**box.spec(), "from": service.url + "/v1/completions", "samples": 1})
            assert box(["it"]).tolist() == [[1]]


class TestEchoedScore:
    def choice(self, tokens, values, offsets=None):
        return {"logprobs": {"tokens": tokens, "token_logprobs": values, "text_offset": offsets}}

    def test_a_marker_before_the_text_and_tokens_after_it(self):
        tokens = ["<s>", "a", " b", " c", " d"]
        assert echoed_score(self.choice(tokens, [None, -9, -9, -1, -9]), "a b", " c") == -1

    def test_a_token_across_the_border_counts(self):
        assert echoed_score(self.choice(["a", " bc", "d"], [None, -2, -1]), "a b", "cd") == -3

    def test_parts_of_characters_are_placed_by_their_offsets(self):
        tokens = ["bytes:\\xc3", "bytes:\\xa9", " x"]
        assert echoed_score(self.choice(tokens, [None, -5, -1], [0, 0, 1]), "é", " x") == -1

    @pytest.mark.parametrize(
        ("choice", "kind", "words"),
        [
            ({"text": "x"}, AnswerTypeError, "'logprobs'"),
            ({"logprobs": None}, AnswerTypeError, "'logprobs'"),
            ({"logprobs": {"tokens": ["a"], "token_logprobs": []}}, AnswerShapeError, "not one for each"),
            ({"logprobs": {"tokens": [" ok"], "token_logprobs": [-1]}}, AnswerShapeError, "Does the service echo"),
            ({"logprobs": {"tokens": ["ab"], "token_logprobs": [None]}}, AnswerTypeError, "template="),
            ({"logprobs": {"tokens": [], "token_logprobs": []}}, AnswerShapeError, "echo"),
        ],
    )
    def test_answers_that_are_none(self, choice, kind, words):
        with pytest.raises(kind, match=words):
            echoed_score(choice, "a", "b")


class TestFirstTokenScore:
    def listed(self, **chances):
        return {"top_logprobs": [{"token": token, "logprob": math.log(p)} for token, p in chances.items()]}

    def test_tokens_that_begin_with_the_continuation_add_up(self):
        assert first_token_score(self.listed(Yes=0.5, Yesterday=0.25, No=0.1), "Yes") == pytest.approx(math.log(0.75))

    def test_one_that_is_not_listed_has_a_bound(self):
        assert first_token_score(self.listed(Yes=0.5, No=0.1), "Maybe") == pytest.approx(math.log(0.1))
        assert first_token_score(self.listed(Yes=0.9, No=0.09), "Maybe") == pytest.approx(math.log(0.01))

    def test_none_listed(self):
        with pytest.raises(AnswerShapeError):
            first_token_score({"top_logprobs": []}, "Yes")


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({}, InvalidArgument, "pass continuation="),
        ({"continuation": ""}, InvalidArgument, "continuation"),
        ({"continuation": [" a", " a"]}, InvalidArgument, "distinct"),
        ({"continuation": " a", "template": "no place"}, InvalidArgument, "holds {input}"),
        ({"continuation": " a", "outputs": ["x", "y"]}, InvalidArgument, "each of the 1 continuations"),
        ({"continuation": " a", "system": "s"}, InvalidArgument, "/chat/completions"),
        ({"continuation": " a", "samples": 0}, InvalidArgument, "samples"),
        ({"continuation": " a", "by": "luck"}, InvalidArgument, "by must be one of"),
    ],
)
def test_arguments_that_are_wrong(options, kind, words):
    with serving(OpenAi()) as service, pytest.raises(kind, match=words):
        fv.black_box(service.url + "/v1/completions", **FAST, **options)


def test_what_is_no_text():
    with serving(OpenAi()) as service:
        box = fv.black_box(service.url + "/v1/completions", continuation=" is", **FAST)
        with pytest.raises(BoxError, match="as_text=True"):
            box(np.zeros((2, 3), dtype=int))


def test_a_service_in_trouble_is_not_taken_for_one_without_log_probabilities():
    loading = Answer(503, {"error": "loading"})
    with serving(lambda request: loading) as service, pytest.raises(FeatvizError, match="HTTP 503: loading"):
        fv.black_box(service.url + "/v1/completions", continuation=" is", model="m", **FAST)


def test_wrong_type_of_system():
    with pytest.raises(WrongType):
        fv.black_box("http://127.0.0.1:1/v1/chat/completions", continuation="a", system=3)
