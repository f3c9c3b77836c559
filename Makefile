# socktrace: `make` alone lists what there is. Each target first sets up what it needs.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup setup-tests setup-bench live test test-other-kernels lint bench samples pictures examples lock clean

BIN := .venv/bin
# Loading eBPF programs needs root; where there is no sudo, the program says what to do. sudo drops
# the environment unless told which of it to keep.
SUDO := $(if $(shell command -v sudo),sudo --preserve-env=SOCKTRACE_REQUIRE_EBPF,SOCKTRACE_BENCH_RESULTS,SOCKTRACE_BENCH_ROUNDS)
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),$(SUDO))
# Debian releases whose kernels `make test-other-kernels` tries: Linux 5.10, 6.1 and 6.12.
RELEASES ?= bullseye bookworm trixie
# Options for the program (make live ARGS='--port 443') or for pytest (make test ARGS='-k connect').
ARGS ?=
# Python without a suffix, which ruff does not find by itself.
SCRIPTS := scripts/make-samples scripts/make-pictures scripts/make-examples

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install bcc (Debian's python3-bpfcc) and make .venv
	@scripts/setup

setup-tests:
	@scripts/setup --tests

setup-bench:
	@scripts/setup --bench

live: setup ## watch the sockets of this machine, live
	@$(AS_ROOT) $(BIN)/socktrace live $(ARGS)

# The benchmarks run too, one small round each: to see that they work, not to measure.
test: setup-tests ## run all tests, with real eBPF
	@$(AS_ROOT) env SOCKTRACE_BENCH_BRIEF=1 $(BIN)/python -m pytest $(ARGS)

test-other-kernels: setup-tests ## test the probes on older and newer kernels, in QEMU (slow)
	@$(MAKE) -C samples/programs 64 32 >/dev/null
	@failed=; for release in $(RELEASES); do \
		scripts/other-kernel $$release -- tests/kernel/other/checks $(ARGS) || \
			failed="$$failed $$release"; \
	done; \
	[ -z "$$failed" ] || { echo "failed on the kernels of:$$failed" >&2; exit 1; }

lint: setup ## check style, types and import rules
	$(BIN)/ruff check . $(SCRIPTS)
	$(BIN)/ruff format --check . $(SCRIPTS)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# One of them: make bench ARGS='-k storm'. Results go to build/bench, see tests/bench/README.md.
bench: setup-bench ## measure cost and speed, beside other tracers (half an hour)
	@$(AS_ROOT) $(BIN)/python -m pytest tests/bench --capture=no $(ARGS)

samples: setup ## record the sample programs anew, into samples/traces (then: make pictures examples)
	@$(MAKE) -C samples/programs 64 >/dev/null
	@$(AS_ROOT) $(BIN)/python scripts/make-samples

pictures: setup ## draw docs/pictures anew, from samples/traces
	@$(BIN)/python scripts/make-pictures

examples: setup ## run the examples in README.md and docs, and write what they print now
	@$(BIN)/python scripts/make-examples

lock: setup ## choose the versions in requirements/dev.txt anew
	@scripts/lock $(BIN)/python

clean: ## remove what these targets made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
