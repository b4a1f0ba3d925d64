# Everything a developer types. `make` alone lists it.

VENV := .venv
PYTHON ?=

ifdef BIN
# Somebody else's environment (BIN=/path/to/venv/bin): use it as it is.
READY :=
else
BIN := $(VENV)/bin
READY := setup
endif

# Without its compiled files every start of Python reads all of Dagster from source: three times the time for the tests.
unexport PYTHONDONTWRITEBYTECODE

# The environment is what the lock names: no packages of elsewhere (ROS sets a path), no other standard library.
unexport PYTHONPATH PYTHONHOME

# Tried in this order, unless PYTHON names one. A name may exist and not work (pyenv shims), so each is run first.
PYTHONS := python3 python3.13 python3.12 python3.11 python
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
EXPLAINS := import sys; sys.exit(sys.version_info < (3, 8))

# Where the process of a test dies, the others end and say so: pytest-xdist 3.8 may wait for ever for a new one.
PYTEST_ALL := pytest -n auto --max-worker-restart=0

# All tests but those that need seconds each: a browser, Dagster's servers, real kills.
QUICK := not browser and not e2e and not slow and not registry

.DEFAULT_GOAL := help
.PHONY: help setup demo dev review check test locked lowest coverage lint loads quick-tests all-tests format docs lock bench soak clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter (3.11 to 3.13) for $(VENV);"
	@echo "  BIN=/path/to/venv/bin uses an environment of yours instead."

setup: ## create .venv from requirements.lock (the other targets do this by themselves)
	@$(call with_python,scripts/environment.py --venv $(VENV))

demo: $(READY) ## sample tweets in, reply suggestions out, in half a minute and without a key
	@$(BIN)/viral-assets demo $(ARGS)

dev: $(READY) ## the Dagster UI on the same data, at http://127.0.0.1:3000 (ARGS="--port 3001")
	@$(BIN)/viral-assets dev $(ARGS)

review: $(READY) ## the review page on the same data: approve, edit, reject, mark as posted
	@$(BIN)/viral-assets review $(ARGS)

lint: $(READY) ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

loads: $(READY)
	$(BIN)/dagster definitions validate
	@$(BIN)/pytest --collect-only --quiet >/dev/null || $(BIN)/pytest --collect-only --quiet

# mypy takes one core. On another one all is imported meanwhile, so that the processes of the tests find it compiled; they
# begin then, while mypy goes on: what it has to say stands among their dots.
check: $(READY) ## lint, Dagster's own validation, and the quick tests: what to run before every commit
	@$(MAKE) --no-print-directory --jobs=2 lint quick-tests

test: $(READY) ## all checks: lint, Dagster's own validation, and every test
	@$(MAKE) --no-print-directory --jobs=2 lint all-tests

quick-tests: loads
	$(BIN)/$(PYTEST_ALL) -m "$(QUICK)" $(ARGS)

all-tests: loads
	$(BIN)/$(PYTEST_ALL) -m "not registry" $(ARGS)

locked: $(READY) ## install the lock with the oldest pip that is supported (minutes; asks the package index)
	$(BIN)/pytest -m registry $(ARGS)

lowest: ## the quick tests, and those of both databases, against the lowest versions that setup.cfg allows
	@$(call with_python,scripts/environment.py --venv .venv-lowest --lock requirements-lowest.lock)
	.venv-lowest/bin/$(PYTEST_ALL) -m "$(QUICK)" $(ARGS)
	.venv-lowest/bin/$(PYTEST_ALL) -m "slow and not e2e" $(ARGS) viral_assets_tests/store viral_assets_tests/quota

coverage: $(READY) ## the tests, and which lines none of them runs (takes almost twice as long)
	$(BIN)/$(PYTEST_ALL) -m "not registry" --cov --cov-report=term $(ARGS)

format: $(READY) ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## write the reference from the code, and make the site of docs/ in docs/_build/html
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --nitpicky --quiet docs docs/_build/html
	@echo docs/_build/html/index.html

bench: $(READY) ## the figures of the documentation, measured on this machine, and the goals of a run beside their bounds
	@missed=; for benchmark in $(filter-out benchmarks/soak.py benchmarks/machines.py,$(sort $(wildcard benchmarks/[a-z]*.py))); do \
		echo "$$benchmark"; $(BIN)/python $$benchmark $(ARGS) || missed="$$missed $$benchmark"; \
	done; test -z "$$missed" || { echo "missed:$$missed" >&2; exit 1; }

soak: $(READY) ## half an hour in which everything goes wrong, and the proof that nothing is lost (ARGS="--minutes 4")
	@$(BIN)/python benchmarks/soak.py $(ARGS)

# Without extras: pip before 23.3 does not take a pin of `name[extra]` for one of `name`.
COMPILE := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --strip-extras \
	--no-emit-find-links --no-emit-index-url --custom-compile-command "make lock"

# With whatever environment there is: one made anew would lack what setup.cfg has just begun to ask for.
lock: ## compile the lock files anew from setup.cfg (needs the network)
	@test -x $(BIN)/uv || $(MAKE) --no-print-directory setup
	$(COMPILE) --extra dev --extra docs --extra celery --extra genai --extra openai --extra multilingual --extra xlsx setup.cfg -o requirements.lock
	$(COMPILE) --extra dev --extra celery --extra genai --extra openai --extra multilingual --extra xlsx --resolution lowest-direct setup.cfg -o requirements-lowest.lock
	$(COMPILE) --extra deploy --extra celery --extra genai --extra openai --extra multilingual --extra xlsx -c requirements.lock setup.cfg -o deploy/postgres/requirements.lock

clean: ## remove the environments and what tools left behind (never your data)
	rm -rf $(VENV) $(VENV).lock .venv-lowest .venv-lowest.lock
	rm -rf build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Run a script with the first Python that fits. Where none does, one that can run the script lets it say why.
define with_python
run() { "$$@" && exit 0 || exit $$?; }; \
if [ -n "$(PYTHON)" ]; then \
	if "$(PYTHON)" -c '$(EXPLAINS)' >/dev/null 2>&1; then run "$(PYTHON)" $(1) --this-python; fi; \
	echo "Set-up: PYTHON=$(PYTHON) is no working Python 3.11, 3.12 or 3.13" >&2; exit 1; \
fi; \
for python in $(PYTHONS); do if $$python -c '$(FITS)' >/dev/null 2>&1; then run $$python $(1); fi; done; \
for python in $(PYTHONS); do if $$python -c '$(EXPLAINS)' >/dev/null 2>&1; then run $$python $(1); fi; done; \
echo "Set-up: there is no Python here that works. Install 3.11, 3.12 or 3.13 (Debian: apt install python3 python3-venv)," \
	"or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.13" >&2; exit 1
endef
