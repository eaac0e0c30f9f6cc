"""Which short text makes a well-known e-mail check hang? A space of your own, searched by the time an answer takes.

The expression is one that OWASP's page on denial of service by regular expressions warns of. It checks an ordinary
address in a few microseconds; no optimiser is told what it is made of.
"""

import re
import time

import featviz as fv

EMAIL = re.compile(
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$"
)


@fv.space
def text(draw: fv.Draw) -> str:
    """Up to six runs, each a character up to three times: 18 characters at most, since each more doubles the time."""
    runs = draw.list("run", lambda d: d.choice("character", "aZ0-._@ ") * d.integer("times", 1, 3), 1, 6)
    return "".join(runs)


def slowness(candidate: str) -> float:
    began = time.perf_counter()
    EMAIL.match(candidate)
    return (time.perf_counter() - began) * 1e6


box = fv.black_box(slowness, per_input=True, outputs=["microseconds"])
run = fv.search(text, fv.maximise(box), budget=600, baseline=600, target=50_000, out="runs/slow-text", progress="none")
print(f"'someone@example.com' takes {slowness('someone@example.com'):,.0f} µs")
print(f"{run.best.input!r}, found after {run.evaluations} texts, takes {run.best.score:,.0f} µs")
print(f"the slowest of 600 random texts takes {run.baseline_best.score:,.0f} µs")
print(fv.saliency(text, fv.maximise(box), run.best, budget=200).top(4))
print(fv.build_gallery("runs", "site").absolute().as_uri())
