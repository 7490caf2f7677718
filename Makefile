# `make` prints this help. Nothing needs to be installed first but git, make and Python 3.11 or later.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

python := .venv/bin/python
# Two at least: a worker waiting for the certificate authority leaves the processor to the other.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 2 ? 2 : cores > 6 ? 6 : cores)))
TESTS ?= tests
ARGS ?=

.PHONY: help
help:  ## Print this help
	@printf 'SSL Certificate Manager\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  TESTS=tests/unit ARGS="-k name" narrow `make test`. SSLM_PORT chooses the port of `make dev`.\n'

.PHONY: environment
environment:  ## Make or update .venv from the pinned requirements (the others do it by themselves)
	@scripts/bootstrap.sh

.PHONY: pebble
pebble:
	@scripts/install_pebble.sh

.PHONY: dev
dev: environment pebble  ## Start everything for use: GraphiQL, a signed-in link, an API token; Ctrl-C stops
	@exec .venv/bin/sslm dev $(ARGS)

.PHONY: demo
demo: environment pebble  ## Show the main job end to end: from sign-up to a page served over TLS
	@exec .venv/bin/sslm demo $(ARGS)

.PHONY: test
test: environment pebble  ## Run all tests: unit, integration on the embedded PostgreSQL, end to end against Pebble
	@$(python) -m pytest $(TESTS) -q -m "not long" -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: test-long
test-long: environment pebble  ## Run the tests that take minutes
	@$(python) -m pytest $(TESTS) -q -m long $(ARGS)

.PHONY: check
check: environment  ## Run what CI runs: format, lint, types, import contracts, schema, tags, tests
	@for step in format-check lint types contracts schema tags; do \
		printf '== %s\n' "$$step"; $(MAKE) "$$step"; \
	done
	@printf '== test\n'; $(MAKE) test

.PHONY: format
format: environment  ## Rewrite the code in the house format
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix-only --quiet .

.PHONY: format-check
format-check: environment
	@$(python) -m ruff format --check --quiet . || { echo 'Not in the house format: make format'; exit 1; }

.PHONY: lint
lint: environment  ## Look for mistakes and bad habits
	@$(python) -m ruff check .

.PHONY: types
types: environment  ## Check the types, strictly
	@$(python) -m mypy -p api -p governance
	@MYPYPATH=agent $(python) -m mypy -p sslm_agent

.PHONY: contracts
contracts: environment  ## Check who may import whom
	@.venv/bin/lint-imports

.PHONY: schema
schema: environment  ## Compare schema.graphql with the code
	@.venv/bin/sslm schema print --check

.PHONY: tags
tags: environment  ## Compare the tags with the last release: a privacy fragment must tell of every change
	@.venv/bin/sslm schema diff --check

.PHONY: bench
bench: environment pebble  ## Print the benchmark tables (ARGS go to the GraphQL one; installs its rivals)
	@scripts/install_bench.sh
	@$(python) -m bench $(ARGS)

.PHONY: requirements
requirements:  ## Pin the newest versions of all requirements, with hashes (UPGRADE= keeps the present ones)
	@scripts/compile_requirements.sh

.PHONY: clean
clean:  ## Remove the environment and all caches; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info agent/*.egg-info
	@find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +

.PHONY: clean-data
clean-data: environment  ## Stop the embedded database and delete its data
	@$(python) -m scripts.remove_data
