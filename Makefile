# featviz: set-up, demo, tests, checks and benchmarks, all in one virtual environment in .venv.
# Every path here is relative, so that the checkout may lie in a folder with spaces in its name.

PYTHON ?= python3
PYTEST_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin

# Matrices here are small: one thread each is the fastest, and tests run one process a core anyway.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test check lint types imports bench clean

help:  ## Show this list
	@echo "featviz: what does a black box respond to most?"
	@echo
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| while IFS='|' read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done
	@echo
	@echo "The first call of each sets up .venv; another Python: make PYTHON=python3.12 ...;"
	@echo "some of the tests: make test PYTEST_ARGS='-k latent';"
	@echo "benchmarks with fewer seeds and without the slowest methods: make bench BENCH_ARGS=--quick."

demo: $(VENV)/.has-demo  ## What a pedestrian detector and two digit classifiers look for (about 3 minutes)
	$(BIN)/python -m featviz demo

test: $(VENV)/.has-test  ## Run all tests, on all cores
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

check: lint types imports test  ## Linter, formatter, types, layers and tests: what a change must pass

lint: $(VENV)/.has-dev  ## ruff: style and formatting
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check

types: $(VENV)/.has-dev  ## mypy, strict
	$(BIN)/python -m mypy

imports: $(VENV)/.has-dev  ## import-linter: imports go downwards only
	$(BIN)/lint-imports

bench: $(VENV)/.has-bench  ## Measure: queries needed beside others, overhead, spaces (hours)
	$(ONE_THREAD) $(BIN)/python benchmarks/robustness.py
	$(ONE_THREAD) $(BIN)/python benchmarks/boxes.py
	$(ONE_THREAD) $(BIN)/python benchmarks/fronts.py $(BENCH_ARGS)
	$(ONE_THREAD) $(BIN)/python benchmarks/overhead.py
	$(ONE_THREAD) $(BIN)/python benchmarks/spaces.py
	$(ONE_THREAD) $(BIN)/python benchmarks/scaling.py --write docs/images/scaling.svg $(BENCH_ARGS)
	$(ONE_THREAD) $(BIN)/python benchmarks/restarts.py $(BENCH_ARGS)
	$(ONE_THREAD) $(BIN)/python benchmarks/decoders.py $(BENCH_ARGS)
	$(ONE_THREAD) $(BIN)/python benchmarks/suite.py $(BENCH_ARGS)

clean:  ## Remove caches and build output; keeps .venv, runs and galleries
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +

# One stamp for each extra: extras add up in the one environment, a second call installs nothing, and a change of
# pyproject.toml installs again. What an extra includes of others is stamped with it.
INCLUDES_test := demo
INCLUDES_dev := test demo

$(VENV)/.has-%: pyproject.toml $(VENV)/.made
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[$*]'
	@touch $@ $(INCLUDES_$*:%=$(VENV)/.has-%)

$(VENV)/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "featviz needs Python 3.11 or later, but '$(PYTHON)' is: $$("$(PYTHON)" --version 2>&1)" >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import ensurepip' || { \
		echo "'$(PYTHON)' cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@
