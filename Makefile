# make demo · make test · make help
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
# SQLite waits for the disk at each commit; what the tests write stands in memory where there is room for it.
SCRATCH := $(shell test -w /dev/shm && test "$$(df -Pk /dev/shm | awk 'NR==2 {print $$4}')" -gt 4000000 && echo /dev/shm || echo /tmp)
# Compiled modules are kept: the tests start the command many times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test fast lint lock

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kentongan needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "This Python cannot make virtual environments (Debian: apt install python3-venv)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

setup: $(STAMP)  ## virtual environment, locked packages, speech model (again and again without harm)
	$(BIN)/kentongan model fetch base

demo: setup  ## embedded homeserver, bot and a played scene (ARGS=--once ends after it)
	$(BIN)/kentongan demo $(ARGS)

lint: $(STAMP)  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup lint  ## everything, real homeserver and real speech model included
	TMPDIR=$(SCRATCH) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

fast: lint  ## the tests that need no homeserver and no speech model
	TMPDIR=$(SCRATCH) $(BIN)/pytest -m "not real" $(ARGS)

lock:  ## renew the lock files (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 pyproject.toml --custom-compile-command "make lock" -o requirements.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --extra demo --extra dev pyproject.toml --custom-compile-command "make lock" -c requirements.lock -o requirements-dev.lock
