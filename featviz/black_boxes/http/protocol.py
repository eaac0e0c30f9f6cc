"""What a protocol is: how questions about inputs are put, and how their answers are read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from featviz.batches import described
from featviz.black_boxes.http.messages import Question, Reply, Trouble, parsed
from featviz.errors import AnswerTypeError, BoxError, RequestFailed
from featviz.protocols import Spec
from featviz.text import visible

__all__ = ["Client", "WireProtocol", "expected", "fetched", "needs_names", "needs_texts"]


class Client(Protocol):
    """What a protocol needs of the client when it is made."""

    def ask_once(self, question: Question) -> Reply | Trouble:
        """The answer to a question, which is not tried again."""

    def ask(self, questions: Sequence[Question]) -> list[Reply | Trouble]:
        """The answers to questions, tried again where that helps."""

    def count_tokens(self, document: Any) -> None:
        """Enter the tokens that an answer tells of."""


class WireProtocol(ABC):
    """One way to ask a service.

    ``outputs`` are the names of the k outputs; ``noisy`` says whether equal inputs get different answers, None where
    that is not known; ``per_input`` whether a request is about one input.
    """

    outputs: tuple[str, ...]
    noisy: bool | None = None
    per_input = False
    batch_size: int | None = None

    @abstractmethod
    def questions(self, inputs: Any) -> list[Question]:
        """The requests about a batch of at least one input.

        Raises:
            BoxError: when the service can take no input of this form.
        """

    @abstractmethod
    def read(self, documents: Sequence[Any], inputs: Any) -> Any:
        """What the JSON ``documents``, one for each of the questions, say, in a form that ``as_outputs`` reads.

        Raises:
            AnswerShapeError, AnswerTypeError, RequestFailed: when that is not to be found in them.
        """

    @abstractmethod
    def options(self) -> Spec:
        """The options that make the same protocol again, what was found out from the service among them."""

    def begin_batch(self, key: int) -> None:  # noqa: B027  most draw no random numbers
        """See :meth:`BlackBox.begin_batch`."""

    def provenance(self) -> Mapping[str, str]:
        """What the service says of itself."""
        return {}


def fetched(client: Client, url: str, *, once: bool = False) -> Any:
    """The JSON at ``url``, such as a service's description of itself.

    Args:
        client: asks for it.
        url: where it is.
        once: whether not to try again.

    Raises:
        BoxError: when there is none.
    """
    question = Question("GET", url)
    reply = client.ask_once(question) if once else client.ask([question])[0]
    if isinstance(reply, Trouble):
        raise BoxError(str(reply.error))
    try:
        return parsed(reply)
    except AnswerTypeError as error:
        raise BoxError(str(error)) from None


def expected(document: Any, field: str, kind: type[Any]) -> Any:
    """``document[field]``, which must be of ``kind``. Where an error stands in its place, that is raised."""
    value = document.get(field) if isinstance(document, Mapping) else None
    if isinstance(value, kind):
        return value
    names: dict[Any, str] = {list: "a list", dict: "an object", str: "text"}
    if isinstance(document, Mapping):
        if "error" in document or "error_code" in document:
            raise RequestFailed(f"the service answered with an error: {visible(document.get('error'), 300)}")
        had = ", ".join(repr(visible(name, 40)) for name in list(document)[:10]) or "nothing"
    else:
        had = f"no object but {type(document).__name__}"
    raise AnswerTypeError(f"expected {names.get(kind, kind.__name__)} {field!r} in the answer, which has {had}.")


def needs_names(label: str, row: Any) -> None:
    """Raise :class:`BoxError` when one input is answered with several numbers whose names nobody gave."""
    if isinstance(row, Mapping) and row:
        names = ", ".join(repr(visible(name, 40)) for name in list(row)[:20])
        raise BoxError(f"{label} answers with {names} for each input. Pass outputs=[...] with those that are meant.")
    if isinstance(row, list) and len(row) > 1:
        raise BoxError(
            f"{label} answers with {len(row)} numbers an input, and their names are not known. "
            f"Pass outputs=[...] with {len(row)} names."
        )


def needs_texts(label: str, inputs: Any) -> list[str]:
    """``inputs``, which must be a list of texts."""
    if isinstance(inputs, list) and all(isinstance(text, str) for text in inputs):
        return inputs
    raise BoxError(
        f"{label} takes texts, but the batch is {described(inputs)}. Use a space of texts, such as "
        "TokenSpace(..., as_text=True), or pass preprocess= a function that writes them."
    )
