# Everything a person needs. `make help` lists it.
#
# `make demo` and `make test` do all of their own set-up: the virtual environment, pinned, is in .venv,
# Rust crates come from crates.io. Nothing else is downloaded.

# Cargo builds a dependency once for each set of features that is asked of it, and what is asked depends
# on the packages that are named. So no command here names one: each selects the whole workspace, and
# what one of them has compiled the next one finds.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
STACK ?= lookalike
# Real photos for tests and benchmarks: a folder with train/, validation/ and products.csv.
export LOOKALIKE_DATASET ?=

.PHONY: help demo test test-rust test-e2e lint bench build deploy model clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## draw a sample catalog, index it, serve page and API on http://127.0.0.1:8080
	cargo run --bin lookalike -- demo $(ARGS)

test: lint test-rust test-e2e ## everything: format, lints, Rust tests, end-to-end tests, the deployment's template and build

lint: ## formatting and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

test-rust: $(VENV)/ready ## unit, property and integration tests
	cargo test --workspace

test-e2e: $(VENV)/ready ## the real binary, AWS clients, sam build and the Lambda runtime emulator
	cargo build --bin lookalike
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python -m pytest tests/e2e tests/rie $(PYTEST_ARGS)

bench: ## measure what the README states
	cargo run --release --bin growth -- $(ARGS)

build: $(VENV)/ready ## build both Lambda functions with the SAM CLI
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam build $(ARGS)

deploy: build ## deploy to the AWS account that your credentials name
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam deploy --stack-name $(STACK) $(ARGS)

model: ## remake models/efficientnet-lite0 from its published weights (downloads torch)
	$(PYTHON) -m venv .venv-model
	.venv-model/bin/pip install --quiet --requirement models/requirements.txt
	.venv-model/bin/python models/export_lite0.py

clean: ## remove what was built
	cargo clean
	rm -rf $(VENV) .venv-model .aws-sam

# The stamp is renewed when a requirement changes.
$(VENV)/ready: tests/requirements.txt infra/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement infra/requirements.txt --requirement tests/requirements.txt
	touch $@
