"""The search: the loop, the run that it makes, and reading runs back.

- ``search``, ``Study``: run a search, or own its loop (``ask``, ``tell``);
- ``search_ensemble``, ``Ensemble``: several spaces or optimisers under one budget;
- ``load``, ``find_runs``, ``Run``, ``Candidate``, ``History``: read runs;
- ``Progress``: what callbacks are given;
- ``build_search``: a search from the tables of a TOML file.
"""

from featviz.study.agreement import Agreement
from featviz.study.asked import Asked
from featviz.study.driver import search
from featviz.study.ensemble import search_ensemble
from featviz.study.history import Candidate, History
from featviz.study.members import Ensemble
from featviz.study.progress import Callback, Progress
from featviz.study.run import Run, find_runs, load
from featviz.study.spec import Search, build_search
from featviz.study.study import Study

__all__ = [
    "Agreement",
    "Asked",
    "Callback",
    "Candidate",
    "Ensemble",
    "History",
    "Progress",
    "Run",
    "Search",
    "Study",
    "build_search",
    "find_runs",
    "load",
    "search",
    "search_ensemble",
]
