# Everything here needs only Python >= 3.11 and make. The virtual environment is .venv in this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.9
# What scikit-image depends on is left out: only its photographs are used, and with SciPy around Numba starts slower.
UNUSED := scipy networkx imageio tifffile lazy-loader

.PHONY: help setup demo demo-serve test check format lint types bench docs lock clean

help:
	@echo "make demo        set up, then upload altered photographs to the service: the main job on real input"
	@echo "make demo-serve  the same service, left running: prints its address, keys and curl commands"
	@echo "make test        set up, then run the tests"
	@echo "make check       format, lint, types and tests"
	@echo "make bench       the measurements of docs/benchmarks.md (minutes)"
	@echo "make docs        renew the generated parts of docs/"
	@echo "make lock        renew the lock file"
	@echo "make clean       remove the virtual environment and caches"

setup: $(READY)

$(READY): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Holdfast needs Python 3.11 or newer; $(PYTHON) is older. Nothing was set up. Try: make PYTHON=python3.12 setup"; exit 1; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "This Python cannot make virtual environments. Nothing was set up. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode --require-hashes -r requirements/lock.txt || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: setup
	@$(BIN)/holdfast demo

demo-serve: setup
	@$(BIN)/holdfast demo --serve

test: setup
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

format: setup
	$(BIN)/ruff format src standins tests examples
	$(BIN)/ruff check --fix src standins tests examples

lint: setup
	$(BIN)/ruff format --check src standins tests examples
	$(BIN)/ruff check src standins tests examples

types: setup
	$(BIN)/mypy

check: lint types test

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[peers]'
	$(BIN)/holdfast bench images
	$(BIN)/holdfast bench index

docs: setup
	$(BIN)/python -m holdfast.cli.reference > docs/commands.md
	$(BIN)/python -m holdfast.api.reference > docs/api.md
	$(BIN)/python -m holdfast.reporting.cybertip.reference > docs/cybertip-elements.md

lock:
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv==$(UV_VERSION); }
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 $(UNUSED:%=--no-emit-package %) --extra demo --extra jxl --group dev -o requirements/lock.txt pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache demo-out bench-out
