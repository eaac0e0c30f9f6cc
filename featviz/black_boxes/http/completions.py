"""Language models behind OpenAI-compatible addresses: how likely is a continuation after the prompt that was found?

https://platform.openai.com/docs/api-reference/completions and .../chat; vLLM, llama.cpp, TGI and others speak it too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes.http.addresses import without_query
from featviz.black_boxes.http.json_values import plain
from featviz.black_boxes.http.messages import Question, Trouble, encoded, parsed
from featviz.black_boxes.http.protocol import Client, WireProtocol, expected, fetched, needs_texts
from featviz.black_boxes.http.token_scores import echoed_score, first_token_score
from featviz.checks import finite, integer, one_of, unique_names
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, InvalidArgument, RequestFailed, WrongType
from featviz.protocols import Spec
from featviz.text import shown, visible

__all__ = ["Completions"]

_JSON = {"Content-Type": "application/json"}
_INPUT = "{input}"
_WAYS = ("log_probability", "sampling")
_TOP = 20  # the most that OpenAI lists
_MAX_TOKENS = 64
_PROBE = "The quick brown fox jumps over the lazy dog."


class Completions(WireProtocol):
    """How likely a language model goes on with a given text.

    - At ``.../completions`` the score is the log-probability of the continuation after the prompt: the two are sent
      together, echoed with the log-probabilities of their tokens (``echo``, ``logprobs``, ``max_tokens=0``), and those
      of the continuation are added up.
    - At ``.../chat/completions`` it is the log-probability that the reply begins with the continuation, which must
      be one token there, from the 20 likeliest first tokens (``top_logprobs``). For one that is not among them the
      score is a bound, the least likely one's at most, so a search may have to start near something that works.
    - A service that tells no log-probabilities is sampled: the score is the share of ``samples`` replies that begin
      with the continuation, and the box is noisy.

    Which of them it is, is found out by one request when the box is made, or said with ``by=``. There is a request for
    each input (and each continuation, where the prompt is echoed).

    Args:
        url: ends in ``/completions`` or ``/chat/completions``.
        client: asked for the models, where none is named, and for log-probabilities.
        outputs: names instead of the continuations themselves.
        continuation: the text, or a list of texts, each of which is an output: then ``fv.margin`` is their log-odds.
            Spaces count: most models' words begin with one.
        template: what is sent, with ``{input}`` where the found text goes; by default the text alone.
        model: its name; needed where the service has several.
        by: "log_probability" or "sampling"; found out by default.
        samples: how many replies are drawn for an input.
        temperature: at which they are drawn.
        system: a system message, for chats.
        parameters: further entries of the request's body.
    """

    per_input = True

    def __init__(
        self,
        url: str,
        client: Client,
        *,
        outputs: Sequence[str] | None,
        continuation: str | Sequence[str] | None = None,
        template: str = _INPUT,
        model: str | None = None,
        by: str | None = None,
        samples: int = 8,
        temperature: float = 1.0,
        system: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self._url = url
        self._label = without_query(url)
        self._chat = url.partition("?")[0].rstrip("/").endswith("/chat/completions")
        self._given = continuation
        self._continuations = _continuations(continuation)
        self.outputs = self._continuations if outputs is None else tuple(outputs)
        if len(self.outputs) != len(self._continuations):
            raise InvalidArgument(f"outputs= must name each of the {len(self._continuations)} continuations.")
        self._template = _template(template)
        self._samples = integer("samples", samples, 1, 1000)
        self._temperature = finite("temperature", temperature, 0.0, 100.0)
        self._system = _system(system, chat=self._chat)
        self._parameters = {} if parameters is None else plain(parameters)
        self._seed: int | None = None
        self._says: dict[str, str] = {}
        self._model = model if model is not None else _only_model(url, client)
        self._at_once = 1
        self._by = self._found_out(client) if by is None else one_of("by", by, _WAYS)
        if self._by == "sampling":
            self.noisy = True
            self._at_once = self._drawn_at_once(client)

    def questions(self, inputs: Any) -> list[Question]:
        """One request for each input and continuation, or as many as it takes to draw the samples of each input."""
        prompts = [self._template.replace(_INPUT, text) for text in needs_texts(self._label, inputs)]
        if self._by == "sampling":
            return [question for prompt in prompts for question in self._drawing(prompt)]
        if self._chat:
            return [self._asked(self._chat_body(prompt, logprobs=True, top_logprobs=_TOP)) for prompt in prompts]
        return [self._asked(_echoing(prompt + text)) for prompt in prompts for text in self._continuations]

    def read(self, documents: Sequence[Any], inputs: Any) -> NDArray[np.float64]:
        """The log-probabilities or shares, one column a continuation."""
        each = len(documents) // len(inputs)
        groups = [documents[i : i + each] for i in range(0, len(documents), each)]
        if self._by == "sampling":
            rows = [self._shares(group) for group in groups]
        elif self._chat:
            rows = [self._of_first_token(document) for (document,) in groups]
        else:
            prompts = [self._template.replace(_INPUT, text) for text in inputs]
            rows = [self._of_echoes(group, prompt) for group, prompt in zip(groups, prompts, strict=True)]
        return np.array(rows, dtype=np.float64)

    def begin_batch(self, key: int) -> None:
        """Replies are drawn with a ``seed`` made from ``key``, which many services heed."""
        self._seed = int(key) % 2**31

    def options(self) -> Spec:
        """See :class:`WireProtocol`."""
        given = self._given if isinstance(self._given, str) else list(self._continuations)
        spec: Spec = {"continuation": given, "by": self._by, "template": self._template}
        if self._by == "sampling":
            spec |= {"samples": self._samples, "temperature": self._temperature}
        optional = {"model": self._model, "system": self._system, "parameters": self._parameters or None}
        return spec | {name: value for name, value in optional.items() if value is not None}

    def provenance(self) -> Mapping[str, str]:
        """The model, and what fingerprint the service gave."""
        model = {} if self._model is None else {"model": visible(self._model, 100)}
        return {**model, **self._says, "by": self._by}

    def _asked(self, body: Mapping[str, Any]) -> Question:
        model = {} if self._model is None else {"model": self._model}
        return Question("POST", self._url, encoded({**model, **body, **self._parameters}), _JSON)

    def _chat_body(self, prompt: str, **more: Any) -> dict[str, Any]:
        messages = [] if self._system is None else [{"role": "system", "content": self._system}]
        messages.append({"role": "user", "content": prompt})
        return {"messages": messages, **self._limit(1), **more}

    def _limit(self, tokens: int) -> dict[str, int]:
        # Newer models refuse the old name of it.
        return {} if "max_completion_tokens" in self._parameters else {"max_tokens": tokens}

    def _drawing(self, prompt: str) -> list[Question]:
        # A token holds at least a byte.
        longest = min(max(len(text.encode("utf-8", "surrogatepass")) for text in self._continuations), _MAX_TOKENS)
        questions = []
        for start in range(0, self._samples, self._at_once):
            body: dict[str, Any] = self._chat_body(prompt) if self._chat else {"prompt": prompt}
            body |= {"n": min(self._at_once, self._samples - start), "temperature": self._temperature}
            body |= self._limit(longest)
            if self._seed is not None:
                body["seed"] = (self._seed + start) % 2**31
            questions.append(self._asked(body))
        return questions

    def _shares(self, documents: Sequence[Any]) -> list[float]:
        replies = [_text(choice) for document in documents for choice in expected(document, "choices", list)]
        if len(replies) < self._samples:
            raise AnswerShapeError(f"{self._samples} samples were asked for, but {len(replies)} came.")
        drawn = replies[: self._samples]
        return [sum(reply.startswith(text) for reply in drawn) / len(drawn) for text in self._continuations]

    def _of_first_token(self, document: Any) -> list[float]:
        told = expected(_first(document), "logprobs", dict)
        content = expected(told, "content", list)
        if not content:
            raise AnswerShapeError("the reply has no first token: the model had nothing to say.")
        return [first_token_score(content[0], text) for text in self._continuations]

    def _of_echoes(self, documents: Sequence[Any], prompt: str) -> list[float]:
        pairs = zip(documents, self._continuations, strict=True)
        return [echoed_score(_first(document), prompt, text) for document, text in pairs]

    def _found_out(self, client: Client) -> str:
        """Whether the service tells log-probabilities, asked with a plain text."""
        text = self._template.replace(_INPUT, _PROBE)
        if self._chat:
            question = self._asked(self._chat_body(text, logprobs=True, top_logprobs=_TOP))
            return "log_probability" if self._tells(client, question, text) else "sampling"
        question = self._asked(_echoing(text + self._continuations[0]))
        if self._tells(client, question, text):
            return "log_probability"
        # Some will not answer with nothing. What they write after the continuation is not looked at.
        parameters, self._parameters = self._parameters, {"max_tokens": 1, **self._parameters}
        if self._tells(client, self._asked(_echoing(text + self._continuations[0])), text):
            return "log_probability"
        self._parameters = parameters
        return "sampling"

    def _tells(self, client: Client, question: Question, prompt: str) -> bool:
        """Whether the answer to ``question`` has the log-probabilities that are needed."""
        document = self._understood(client, question)
        try:
            if self._chat:
                self._of_first_token(document)
            else:
                echoed_score(_first(document), prompt, self._continuations[0])
        except (AnswerShapeError, AnswerTypeError, RequestFailed):
            return False
        return True

    def _understood(self, client: Client, question: Question) -> Any:
        """The answer to a question that finds something out; None for one that the service does not like."""
        (reply,) = client.ask([question])
        if isinstance(reply, Trouble):  # such as OpenAI's "echo and logprobs together are not supported"
            if reply.about_input and isinstance(reply.error, RequestFailed):
                return None
            raise BoxError(str(reply.error))
        try:
            document = parsed(reply)
        except AnswerTypeError as error:
            raise BoxError(f"{self._label}: {error}") from None
        client.count_tokens(document)
        told = document if isinstance(document, Mapping) else {}
        for name, field in (("served_model", "model"), ("fingerprint", "system_fingerprint")):
            if isinstance(told.get(field), str) and told[field]:
                self._says[name] = visible(told[field], 100)
        return document

    def _drawn_at_once(self, client: Client) -> int:
        """How many replies the service gives to a request for several; some heed no ``n``."""
        if self._samples == 1:
            return 1
        self._at_once = 2
        document = self._understood(client, self._drawing(self._template.replace(_INPUT, _PROBE))[0])
        choices = document.get("choices") if isinstance(document, Mapping) else None
        return self._samples if isinstance(choices, list) and len(choices) == 2 else 1


def _echoing(text: str) -> dict[str, Any]:
    return {"prompt": text, "echo": True, "logprobs": 1, "max_tokens": 0, "temperature": 0}


def _first(document: Any) -> Any:
    choices = expected(document, "choices", list)
    if not choices:
        raise AnswerShapeError("the answer has no choices.")
    return choices[0]


def _text(choice: Any) -> str:
    """The text of a reply, of either kind."""
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if isinstance(message, Mapping):
        return str(message.get("content") or "")
    return str(expected(choice, "text", str))


def _continuations(given: Any) -> tuple[str, ...]:
    if given is None:
        raise InvalidArgument("a language model is asked how likely a text is: pass continuation='...', or a list.")
    return unique_names("continuation", [given] if isinstance(given, str) else given)


def _template(given: Any) -> str:
    if not isinstance(given, str) or _INPUT not in given:
        raise InvalidArgument(f"template must be a text that holds {_INPUT}, but it is {shown(given)}.")
    return given


def _system(given: Any, *, chat: bool) -> str | None:
    if given is not None and not isinstance(given, str):
        raise WrongType(f"system must be text, but it is {shown(given)}.")
    if given is not None and not chat:
        raise InvalidArgument("system= is for addresses that end in /chat/completions; put it into template= here.")
    return given


def _only_model(url: str, client: Client) -> str | None:
    """The one model that the service has; None where it lists none."""
    root = url.partition("?")[0].rstrip("/").removesuffix("/completions").removesuffix("/chat")
    try:
        document = fetched(client, f"{root}/models", once=True)
    except BoxError:
        return None
    listed = document.get("data") if isinstance(document, Mapping) else None
    models = [m["id"] for m in listed if isinstance(m, Mapping) and isinstance(m.get("id"), str)] if listed else []
    if len(models) > 1:
        names = ", ".join(visible(name, 60) for name in models[:20])
        raise BoxError(f"the service has {len(models)} models: {names}. Say which with model='...'.")
    return models[0] if models else None
