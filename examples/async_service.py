"""Which words does a service like best? It answers slowly, and is asked 16 at a time by an asynchronous client."""

import asyncio

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import featviz as fv

praise = ["a lovely film", "wonderful and moving", "great fun", "a moving and lovely story", "wonderful great cast"]
blame = ["a dull film", "boring and long", "awful cast", "a long and awful story", "dull boring bore"]
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=20)).fit(praise + blame, [1] * 5 + [0] * 5)


async def serve(reader, writer):
    """The service: a line of text in, its score out, 5 ms later."""
    while line := await reader.readline():
        await asyncio.sleep(0.005)
        writer.write(b"%.6f\n" % model.decision_function([line.decode().strip()])[0])
        await writer.drain()
    writer.close()


class Client:
    """Connections that are opened once and used again: they live on the box's own event loop."""

    def __init__(self):
        self.free, self.opened = [], 0
        self.starting, self.port = asyncio.Lock(), None

    async def __call__(self, text):
        async with self.starting:  # in real use the service is elsewhere; here it runs on the same loop
            if self.port is None:
                server = await asyncio.start_server(serve, "127.0.0.1", 0)
                self.port = server.sockets[0].getsockname()[1]
        if not self.free:
            self.free.append(await asyncio.open_connection("127.0.0.1", self.port))
            self.opened += 1
        reader, writer = self.free.pop()
        writer.write(text.encode() + b"\n")
        answer = float(await reader.readline())
        self.free.append((reader, writer))
        return answer


client = Client()
words = sorted(model[0].vocabulary_)
space = fv.TokenSpace(words, 5, as_text=True)
with fv.black_box(client, per_input=True, concurrency=16, timeout=5, name="service") as box:
    run = fv.search(space, fv.maximise(box), budget=1_000, progress="none")
print(f"{run.best.input!r}: {run.best.score:.2f}, in {run.seconds:.1f} s over {client.opened} connections")
print(run.ledger)
