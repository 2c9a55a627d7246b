# Every job of the project; continuous integration calls nothing else. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CACHE ?= $(or $(FERRATA_CACHE),$(HOME)/.cache/ferrata)
LOCK := $(shell sha256sum requirements-dev.lock | cut -c1-12)
VENV := $(CACHE)/venv-$(LOCK)
PYTHON := $(VENV)/bin/python
# The real node needs root; without it its tests are skipped, so its programs are not built either.
AS_ROOT := $(if $(filter 0,$(shell id -u)),node)
export PYTHONPATH := operator
export MYPYPATH := operator

.PHONY: help setup demo bench test test-fast test-expressions verify lint types layers generate generated clean kind-up kind-down

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(VENV)/ready:
	@echo "setup: installing the locked Python packages into $(VENV)"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@rm -rf "$(VENV)" && python3 -m venv "$(VENV)"
	@"$(PYTHON)" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/ready ## Install what the other targets need (cached outside the repository)

test: setup ## Run every test; builds a real control plane, and as root a real node, the first time
	@"$(PYTHON)" -m tests.cluster build plane kubectl-argo-rollouts helm argocd-lua expression-oracle $(AS_ROOT)
	@"$(PYTHON)" -m pytest -q

test-fast: setup ## Run the tests that need no cluster (seconds)
	@"$(PYTHON)" -m pytest -q -m "not node and not plane and not oracle"

test-expressions: setup ## Compare the expression language with expr-lang itself (needs Go)
	@"$(PYTHON)" -m tests.cluster build expression-oracle
	@"$(PYTHON)" -m pytest -q tests/expressions

verify: lint types layers generated ## Check style, types, layers, and that generated files are up to date

lint: setup
	@"$(VENV)/bin/ruff" check operator tests tools
	@"$(VENV)/bin/ruff" format --check operator tests tools

types: setup
	@"$(VENV)/bin/mypy"

layers: setup
	@"$(VENV)/bin/lint-imports"

generate: setup ## Write what is generated: crds/ with the chart's copy, and the table of Kubernetes' pod types
	@cd tools/podtypes && go run . > ../../operator/ferrata/model/pod_types.json
	@"$(PYTHON)" tools/generate_crds.py
	@"$(PYTHON)" tools/generate_chart.py

generated: setup
	@"$(PYTHON)" tools/generate_crds.py --check
	@"$(PYTHON)" tools/generate_chart.py --check

demo: setup ## Releases on a real cluster: good ones promoted, bad ones caught (root; NONINTERACTIVE=1: no questions)
	@"$(PYTHON)" -m tests.demo

bench: setup ## Measure requests, seconds, CPU and memory beside their budgets
	@"$(PYTHON)" -m tests.cluster build plane helm
	@"$(PYTHON)" -m tests.bench

kind-up: ## Start a local cluster with kind (needs kind and a container engine)
	kind create cluster --name ferrata --config kind-config.yaml
	kubectl apply --server-side -f crds/

kind-down: ## Delete the cluster of kind-up
	kind delete cluster --name ferrata

clean: ## Drop the Python environment of this checkout's lock file
	rm -rf "$(VENV)"
