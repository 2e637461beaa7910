# `make demo` shows what lamb does; `make test` is what CI runs. Nothing here needs sudo.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first of these that is a Python ≥ 3.10 makes the virtual environment: `make PYTHON=… demo` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
# pip compiles one module after the other: half of its time, where there is more than one processor.
INSTALL := $(BIN)/python -m pip --quiet --disable-pip-version-check install --no-compile --editable
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib lamb || true
# Tests of one module together: they may share a home. They wait for daemons half of their time, hence two
# processes for each of two processors. In their own order: the long ones come first, and none is left at the end.
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadscope --no-loadscope-reorder

.PHONY: help demo test check soak bench completions format clean

help:
	@echo 'make demo         create, invoke, publish, route, update, roll back: the real thing, in a throw-away home'
	@echo 'make test         every test, with the formatter, the linters, the types and the layers among them'
	@echo 'make check        format, then `make test`: what to run before a commit'
	@echo 'make soak         the long runs: thousands of kills, starts and hostile inputs'
	@echo 'make bench        the figures of benchmarks/README.md, measured here'
	@echo 'make completions  write completions/ anew'

demo: .venv/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: .venv/.installed-dev
	$(PYTEST)

check: format test

soak: .venv/.installed-dev
	$(BIN)/python -m pytest -m soak --timeout 0

bench: .venv/.installed-dev
	$(BIN)/python -m benchmarks

completions: .venv/.installed
	$(BIN)/python -m lamb.cli.completions completions

format: .venv/.installed-dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv .lamb-demo dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# A venv without pip is a half-made one (Debian without python3-venv leaves it behind): it is made again.
.venv/bin/pip:
	@if [ -z "$(PYTHON)" ]; then echo 'make: no Python ≥ 3.10 found; name one with `make PYTHON=/path/to/python3 …`' >&2; exit 1; fi
	@rm -rf .venv
	@if "$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null; then "$(PYTHON)" -m venv .venv; \
	elif command -v virtualenv >/dev/null; then virtualenv --quiet --python "$(PYTHON)" .venv; \
	else echo 'make: $(PYTHON) cannot make virtual environments; `apt install python3-venv` (or `pip install virtualenv`) mends that' >&2; exit 1; fi

.venv/.installed: pyproject.toml | .venv/bin/pip
	@echo 'installing lamb into .venv …'
	@$(INSTALL) .
	@$(COMPILE)
	@touch $@

.venv/.installed-dev: pyproject.toml | .venv/bin/pip
	@echo 'installing lamb and what its tests need into .venv …'
	@$(INSTALL) '.[dev]'
	@$(COMPILE)
	@touch $@ .venv/.installed
