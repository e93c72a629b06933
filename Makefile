# Headrace. `make demo` shows it at work, `make test` proves it; both set up all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.runtime
SETUP_DEV := $(VENV)/.development

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check bench bench-truth soak lock openapi clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(SETUP) ## install into .venv, leaving .venv/bin/headrace

demo: $(SETUP) ## the documented request, answered by the sandbox
	@$(BIN)/headrace demo

serve: $(SETUP) ## the API with sandbox vendors; prints its URL and a ready API key
	@$(BIN)/headrace serve --sandbox

test: $(SETUP_DEV) ## every test
	@# Side by side, a file each: many wait for time to pass, so there may be more than there are cores. Some
	@# need the machine for themselves.
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not alone"
	$(BIN)/python -m pytest -m alone tests/crash tests/fleet

check: $(SETUP_DEV) ## style, types, the direction of dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(SETUP_DEV) ## CPU time, latency, memory and start-up, measured in one run
	$(BIN)/python -m bench

bench-truth: $(SETUP_DEV) ## the finder and the verification against the sandbox's truth
	$(BIN)/python -m bench.truth

soak: $(SETUP_DEV) ## a queue of 100,000 contacts against the sandbox, with its progress
	$(BIN)/python -m bench g --contacts 100000

openapi: $(SETUP) ## write docs/reference/openapi.json
	$(BIN)/headrace openapi > docs/reference/openapi.json

lock: ## resolve the dependencies again (needs uv)
	uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -o requirements/runtime.txt
	uv pip compile -q pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -c requirements/runtime.txt -o requirements/development.txt

clean: ## remove what set-up and tests have made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Headrace needs Python 3.11 or newer; say which with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(SETUP): $(VENV)/bin/python requirements/runtime.txt pyproject.toml
	$(BIN)/python -m pip install -q --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(SETUP_DEV): $(SETUP) requirements/development.txt
	$(BIN)/python -m pip install -q --require-hashes -r requirements/development.txt
	@touch $@
