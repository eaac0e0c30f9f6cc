"""Services as black boxes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take
from featviz.black_boxes.answers import as_outputs
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.http.addresses import without_query
from featviz.black_boxes.http.client import HttpClient
from featviz.black_boxes.http.messages import Question, Reply, Trouble, parsed
from featviz.black_boxes.http.parts import ask_in_parts
from featviz.black_boxes.http.protocol import WireProtocol
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, RequestFailed, RowsFailed
from featviz.protocols import Spec

__all__ = ["HttpBox"]

Rows = NDArray[np.intp]
Outputs = NDArray[np.float64]


class HttpBox(BlackBox):
    """A service that is asked over HTTP; :func:`http_box` makes one.

    A batch goes out in one request, in parts of ``max_batch`` side by side, or in a request for each input, as the
    protocol has it. What fails costs the inputs that cause it; :mod:`~featviz.black_boxes.http.parts` says how.

    Args:
        url: the address, without secrets.
        protocol: how it is asked.
        client: what asks it.
        name: a label.
        preprocess: applied to the batch first.
        spec: what rebuilds it, but for ``noisy`` and ``max_batch``; None when nothing does.
    """

    def __init__(
        self,
        url: str,
        protocol: WireProtocol,
        client: HttpClient,
        *,
        name: str,
        preprocess: Preprocess | None = None,
        spec: Spec | None = None,
    ) -> None:
        super().__init__(name=name, outputs=protocol.outputs, preprocess=preprocess)
        self._url = url
        self._protocol = protocol
        self._client = client
        self._noisy = protocol.noisy
        self._spec = spec

    def answer(self, inputs: Any) -> Outputs:
        """What the service says of the batch."""
        n = batch_length(inputs)
        limits = [limit for limit in (self._max_batch, self._protocol.batch_size) if limit is not None]
        size = 1 if self._protocol.per_input else min([n, *limits])

        def ask(parts: Sequence[Rows], again: bool) -> list[Outputs | RowsFailed | Trouble]:
            # Halves of a part that was tried often enough are not each tried as often.
            return self._round(inputs, n, parts, 1 if again else None)

        return ask_in_parts(ask, n, size, len(self.outputs))

    def begin_batch(self, key: int) -> None:
        """See :class:`BlackBox`."""
        self._protocol.begin_batch(key)

    def usage(self) -> Mapping[str, float]:
        """Requests, retries, bytes, seconds waited between retries and cost; tokens where the service tells them."""
        return dict(self._client.spending.counts)

    def provenance(self) -> Mapping[str, str]:
        """The address, and what the service says of itself."""
        said = {name: self._client.clean(text) for name, text in self._protocol.provenance().items()}
        return {"url": without_query(self._url), **said}

    def close(self) -> None:
        """Close the connections; the next question opens them anew."""
        self._client.close()

    def spec(self) -> Spec | None:
        """See :class:`BlackBox`. The key is named in it, and not there."""
        spec = super().spec()
        if spec is None or spec.get("from") != self._url:  # None, or another way to find this box
            return spec
        common: Spec = {"max_batch": self._max_batch}
        if self._noisy != self._protocol.noisy:
            common["noisy"] = self._noisy
        return spec | {option: value for option, value in common.items() if value is not None}

    def _in_parts(self, inputs: Any, n: int, size: int) -> Outputs:  # noqa: ARG002  known already
        # All parts side by side, and not one after the other.
        given = inputs if self._preprocess is None else self._preprocess(inputs)
        return as_outputs(self.answer(given), n, self.outputs)

    def _round(
        self, inputs: Any, n: int, parts: Sequence[Rows], retries: int | None
    ) -> list[Outputs | RowsFailed | Trouble]:
        """What came of each part, all of their questions asked side by side."""
        batches = [inputs if len(rows) == n else take(inputs, rows) for rows in parts]
        asked = [self._questions(batch) for batch in batches]
        flat = [question for questions in asked if not isinstance(questions, Trouble) for question in questions]
        replies = iter(self._client.ask(flat, retries)) if flat else iter(())
        results: list[Outputs | RowsFailed | Trouble] = []
        for batch, questions in zip(batches, asked, strict=True):
            if isinstance(questions, Trouble):
                results.append(questions)
            else:
                results.append(self._read(batch, [next(replies) for _ in questions]))
        return results

    def _questions(self, batch: Any) -> list[Question] | Trouble:
        try:
            return self._protocol.questions(batch)
        except BoxError:
            raise
        except (ValueError, TypeError) as error:  # NaN, which JSON cannot carry, in some input
            return Trouble(error, about_input=True)

    def _read(self, batch: Any, replies: Sequence[Reply | Trouble]) -> Outputs | RowsFailed | Trouble:
        for reply in replies:
            if isinstance(reply, Trouble):
                return reply
        n = batch_length(batch)
        try:
            documents = [parsed(reply) for reply in replies if isinstance(reply, Reply)]
            for document in documents:
                self._client.count_tokens(document)
            return as_outputs(self._protocol.read(documents, batch), n, self.outputs)
        except RowsFailed as error:
            causes = {row: type(cause)(self._client.clean(str(cause))) for row, cause in error.errors.items()}
            return RowsFailed(self._client.clean(str(error)), error.outputs, causes)
        except (AnswerShapeError, AnswerTypeError, RequestFailed) as error:
            # A new one: it holds no frames of what was answered, and not the key.
            return Trouble(type(error)(self._client.clean(str(error))), about_input=True)
