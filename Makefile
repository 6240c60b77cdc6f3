# GNU make and Python >= 3.11 are all that is needed; everything else goes into $(VENV).
.POSIX:
SHELL = /bin/sh

VENV ?= .venv
BIN = $(VENV)/bin
# The first that runs and is new enough; a name on the PATH may still be a launcher without a Python behind it.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& command -v "$$python" && break; done)
# Workers for the tests, and more arguments for pytest: make test ARGS='-k wheel'
JOBS ?= logical
ARGS ?=
PYTEST = $(BIN)/python -m pytest
PARALLEL = -n $(JOBS) --maxprocesses 4 --dist worksteal

DEMO_URL = sqlite:///.demo/kfq.db
KFQ_DATABASE_URL ?= $(DEMO_URL)

.PHONY: help demo test coverage lint format types docs wheel bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed ## eleven development zones on record, in .demo/kfq.db or KFQ_DATABASE_URL
	@mkdir -p .demo
	@if [ '$(KFQ_DATABASE_URL)' = '$(DEMO_URL)' ]; then rm -f .demo/kfq.db .demo/kfq.db-wal .demo/kfq.db-shm; fi
	@KFQ_DATABASE_URL='$(KFQ_DATABASE_URL)' $(BIN)/kfq demo linfen-2020
	@printf '\n%s\n' "先执行 / first:  export PATH=\"$(abspath $(BIN)):\$$PATH\" KFQ_DATABASE_URL='$(KFQ_DATABASE_URL)'"

test: $(VENV)/.installed-test ## all tests, on SQLite, PostgreSQL and MariaDB
	$(PYTEST) $(PARALLEL) $(ARGS)

coverage: $(VENV)/.installed-test ## all tests with branch coverage
	$(PYTEST) $(PARALLEL) --cov --cov-report=term $(ARGS)

lint: $(VENV)/.installed-dev ## ruff: every rule, and the format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev ## let ruff write the format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

types: $(VENV)/.installed-dev ## mypy, strict
	$(BIN)/mypy

docs: $(VENV)/.installed-test ## check README and docs/
	$(PYTEST) -m docs $(ARGS)

wheel: $(VENV)/.installed-dev ## build the wheel and try it in a fresh environment outside the checkout
	sh tests/wheel_check.sh $(BIN)/python

bench: $(VENV)/.installed-test ## measure against the raw driver
	$(BIN)/python -m benchmarks.fire $(ARGS)
	$(BIN)/python -m benchmarks.verify
	$(BIN)/python -m benchmarks.seal

clean: ## remove what the other targets made
	rm -rf $(VENV) .demo dist build .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.made:
	@[ -n '$(PYTHON)' ] || { echo 'make: no Python >= 3.11 found; name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'make: $(PYTHON) is not a Python >= 3.11' >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { echo 'make: $(PYTHON) lacks venv or ensurepip' \
		'(on Debian: apt-get install python3-venv); or name another: make PYTHON=/path/to/python3' >&2; exit 1; }
	'$(PYTHON)' -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@ $(VENV)/.installed $(VENV)/.installed-test
