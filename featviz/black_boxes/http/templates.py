"""Any service that speaks JSON: a template of the request, and a path to the numbers in the answer."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from featviz.batches import batch_length
from featviz.black_boxes.functions import DEFAULT_OUTPUT
from featviz.black_boxes.http.addresses import without_query
from featviz.black_boxes.http.json_values import json_rows
from featviz.black_boxes.http.messages import Question, encoded
from featviz.black_boxes.http.protocol import Client, WireProtocol, needs_names
from featviz.black_boxes.http.secrets import check_fields
from featviz.checks import did_you_mean, one_of
from featviz.errors import AnswerTypeError, BoxError, InvalidArgument, RequestFailed, WrongType
from featviz.protocols import Spec
from featviz.text import shown, visible

__all__ = ["JsonTemplate"]

_BATCH, _ONE = "{inputs}", "{input}"
_METHODS = ("GET", "POST", "PUT")
_JSON = {"Content-Type": "application/json"}


class JsonTemplate(WireProtocol):
    """A service that takes and gives JSON in a form of its own.

    Args:
        url: where to send requests.
        client: not asked anything.
        outputs: the names of the k numbers; one, "output", by default.
        request: what to send: tables, lists, texts and numbers, in which ``"{inputs}"`` stands for the list of all
            inputs of a batch, or ``"{input}"`` for one, so that each input gets a request. Within a longer text,
            ``{input}`` is replaced by an input that is a text. It may be given as JSON text too.
        answer: where the numbers are in the answer: names and positions with dots between them, ``*`` for "of each":
            ``"predictions.*.score"``. It may be a list of them too, for names that hold dots. Without it, the answer
            itself is the numbers.
        method: "POST" or "PUT"; or "GET", where ``request`` is a table of the parameters of the address.
    """

    def __init__(
        self,
        url: str,
        client: Client,  # noqa: ARG002  the same for every protocol
        *,
        outputs: Sequence[str] | None,
        request: Any = None,
        answer: Any = None,
        method: str = "POST",
    ) -> None:
        self._url = url
        self._label = without_query(url)
        self._named = outputs is not None
        self.outputs = (DEFAULT_OUTPUT,) if outputs is None else tuple(outputs)
        self._method = one_of("method", method, _METHODS)
        self._template = _template(request)
        check_fields(self._template)
        self.per_input = _is_per_input(self._template)
        if self._method == "GET" and not (self.per_input and _is_flat(self._template)):
            raise InvalidArgument(
                "with method='GET', request must be a table of texts and numbers, the parameters of the address, and "
                f"hold {_ONE!r}: each input gets a request."
            )
        self._answer = answer
        self._path = _path(answer)

    def questions(self, inputs: Any) -> list[Question]:
        """One request about all of the batch, or one an input."""
        rows = json_rows(inputs)
        if not self.per_input:
            return [self._question(_filled(self._template, _BATCH, rows))]
        return [self._question(_filled(self._template, _ONE, row)) for row in rows]

    def read(self, documents: Sequence[Any], inputs: Any) -> Any:
        """What is at the path."""
        found = [_at(document, self._path) for document in documents]
        rows = found if self.per_input else found[0]
        if not self._named and isinstance(rows, list) and len(rows) == batch_length(inputs):
            needs_names(self._label, rows[0])
        return rows

    def options(self) -> Spec:
        """See :class:`WireProtocol`."""
        template = encoded(self._template).decode() if _holds_none(self._template) else self._template
        spec: Spec = {"request": template}
        if self._answer is not None:
            spec["answer"] = self._answer if isinstance(self._answer, str) else list(self._answer)
        return spec if self._method == "POST" else {**spec, "method": self._method}

    def _question(self, document: Any) -> Question:
        if self._method != "GET":
            return Question(self._method, self._url, encoded(document), _JSON)
        joint = "&" if "?" in self._url else "?"
        return Question("GET", self._url + joint + urlencode(document))


def _template(request: Any) -> Any:
    import json  # noqa: PLC0415  used nowhere else in this file

    if isinstance(request, str) and request.strip()[:1] in {"{", "["} and request not in {_BATCH, _ONE}:
        try:
            return json.loads(request)
        except ValueError:
            raise InvalidArgument(f"request looks like JSON and is none: {visible(request, 100)!r}.") from None
    try:
        return json.loads(json.dumps(request, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise WrongType("request must be made of tables, lists, texts and finite numbers.") from None


def _texts(template: Any) -> list[str]:
    texts: list[str] = []
    pending = [template]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return texts


def _is_per_input(template: Any) -> bool:
    texts = _texts(template)
    batch, one = any(text == _BATCH for text in texts), any(_ONE in text for text in texts)
    if batch == one:
        raise InvalidArgument(
            f"request must hold either {_BATCH!r} as a value, for all inputs of a batch at once, or {_ONE!r}, for one "
            f"at a time, but it holds {'both' if batch else 'neither'}. An example: {{'instances': '{_BATCH}'}}."
        )
    return one


def _is_flat(template: Any) -> bool:
    return isinstance(template, Mapping) and all(isinstance(v, str | int | float) for v in template.values())


def _holds_none(template: Any) -> bool:
    if isinstance(template, Mapping):
        return any(map(_holds_none, template.values()))
    return any(map(_holds_none, template)) if isinstance(template, list) else template is None


def _filled(template: Any, mark: str, value: Any) -> Any:
    """The template with ``value`` in the place of the mark."""
    if isinstance(template, Mapping):
        return {name: _filled(part, mark, value) for name, part in template.items()}
    if isinstance(template, list):
        return [_filled(part, mark, value) for part in template]
    if template == mark:
        return value
    if mark != _ONE or not isinstance(template, str) or mark not in template:
        return template
    if not isinstance(value, str):
        raise BoxError(
            f"request has {_ONE} within a longer text, which takes texts, but an input is {shown(value)}. Let the "
            f"value be {_ONE!r} alone, or use a space of texts."
        )
    return template.replace(mark, value)


def _path(answer: Any) -> tuple[str, ...]:
    if answer is None:
        return ()
    if isinstance(answer, str):
        return tuple(answer.split("."))
    if isinstance(answer, list | tuple) and all(isinstance(part, str | int) for part in answer):
        return tuple(map(str, answer))
    raise WrongType(f"answer must be a path such as 'predictions.*.score', but it is {shown(answer)}.")


def _at(document: Any, path: Sequence[str]) -> Any:
    if not path:
        return document
    step, rest = path[0], path[1:]
    if step == "*":
        if not isinstance(document, list):
            raise _no_such(document, step)
        return [_at(part, rest) for part in document]
    if isinstance(document, Mapping) and step in document:
        return _at(document[step], rest)
    if isinstance(document, list) and step.lstrip("-").isdecimal() and -len(document) <= int(step) < len(document):
        return _at(document[int(step)], rest)
    raise _no_such(document, step)


def _no_such(document: Any, step: str) -> Exception:
    if isinstance(document, Mapping):
        if "error" in document:
            return RequestFailed(f"the service answered with an error: {visible(document['error'], 300)}")
        had = ", ".join(repr(visible(name, 40)) for name in list(document)[:10]) or "nothing"
        hint = did_you_mean(step, [str(name) for name in document])
        return AnswerTypeError(f"answer= asks for {visible(step)!r}, but there the answer has {had}.{hint}")
    came = f"a list of {len(document)}" if isinstance(document, list) else shown(document)
    return AnswerTypeError(f"answer= asks for {visible(step)!r}, but there the answer has {came}.")
