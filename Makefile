# Everything a developer types. `make` alone lists it.

VENV := .venv
PYTHON ?=

ifdef BIN
# Somebody else's environment (BIN=/path/to/venv/bin): use it as it is.
READY :=
else
BIN := $(VENV)/bin
READY := $(VENV)/.ready
endif

# Tried in this order. A name may exist and not work (pyenv shims), so each is run before it is believed.
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python)
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

.DEFAULT_GOAL := help
.PHONY: help setup demo dev review test coverage lint format lock bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter (3.11 to 3.13) for $(VENV);"
	@echo "  BIN=/path/to/venv/bin uses an environment of yours instead."

setup: $(READY) ## create .venv from requirements.lock (the other targets do this by themselves)

demo: $(READY) ## sample tweets in, reply suggestions out, in a minute and without a key
	@$(BIN)/viral-assets demo $(ARGS)

dev: $(READY) ## the Dagster UI on the same data, at http://127.0.0.1:3000 (ARGS="--port 3001")
	@$(BIN)/viral-assets dev $(ARGS)

review: $(READY) ## the review page on the same data: approve, edit, reject, mark as posted
	@$(BIN)/viral-assets review $(ARGS)

lint: $(READY) ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint ## lint, then Dagster's own validation, then the tests
	$(BIN)/dagster definitions validate
	$(BIN)/pytest -n auto $(ARGS)

coverage: $(READY) ## the tests, and which lines none of them runs (takes almost twice as long)
	$(BIN)/pytest -n auto --cov --cov-report=term $(ARGS)

format: $(READY) ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## the figures of the README, measured on this machine
	@set -e; for benchmark in benchmarks/[a-z]*.py; do \
		echo "$$benchmark"; $(BIN)/python $$benchmark $(ARGS); \
	done

lock: $(READY) ## compile requirements.lock anew from setup.cfg (needs the network)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--extra dev --extra genai setup.cfg -o requirements.lock --no-emit-find-links
	@$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--extra deploy --extra genai -c requirements.lock setup.cfg -o deploy/postgres/requirements.lock --no-emit-find-links

clean: ## remove .venv and what tools left behind (never your data)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made again only when what it is made from changes.
$(VENV)/.ready: requirements.lock setup.cfg
	@python=; for candidate in $(PYTHONS); do \
		if $$candidate -c '$(FITS)' >/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "None of these is a working Python 3.11, 3.12 or 3.13 with the venv module: $(PYTHONS)." >&2; \
		echo "Install one (Debian: apt install python3 python3-venv) or name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
		exit 1; \
	fi; \
	echo "Creating $(VENV) with $$($$python -V)"; \
	$$python -m venv --clear $(VENV)
	@echo "Installing $$(grep -c '^[a-z].*==' requirements.lock) locked packages (once; about a minute)"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
