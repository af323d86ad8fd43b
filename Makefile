# One command per need. Everything is installed into .venv from the package registry; nothing outside this folder is touched.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
RUN := .venv/bin/python
TESTS := $(RUN) -m pytest --numprocesses auto --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help sandbox test check check-deep policy bench faults docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

sandbox: .venv/ready ## Run the whole chain on this machine: SES, SNS, SQS, Lambda, DynamoDB (ARGS=--keep leaves it running)
	@$(RUN) -m sandbox $(ARGS)

# Bytecode is kept also where the environment says not to: each process of the tests would compile all libraries anew.
test check-deep: export PYTHONDONTWRITEBYTECODE =

test: .venv/ready ## Run the tests (ARGS goes to pytest)
	$(TESTS) $(ARGS)

check: .venv/ready ## Run what CI runs beside the tests: format, lint, types, import directions, lock
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(UV) lock --check
	$(UV) lock --check --project policy

check-deep: .venv/ready ## Try the properties with ten times the examples of make test
	$(TESTS) -m hypothesis --hypothesis-profile deep $(ARGS)

policy: .venv/ready ## Check the dev stack with the policy pack, without the Pulumi CLI, and print a table
	@$(RUN) -m tests.policy

bench: .venv/ready ## Run the benchmarks
	$(RUN) -m bench

faults: .venv/ready ## Let DynamoDB, the functions and the emulator fail, and see that all heals (ARGS names outages of bench/outage.py)
	$(RUN) -m bench.outage $(ARGS)

docs: .venv/ready ## Renew what is generated: reference pages, pictures, snapshots
	for page in architecture component_reference verdict_reference policy_reference cli_reference monitoring findings sandbox_picture scale; do $(RUN) -m docs.$$page; done
	$(RUN) -m tests.snapshot

lock: $(UV) ## Renew uv.lock, and the policy pack's
	$(UV) lock --upgrade
	$(UV) lock --upgrade --project policy

clean: ## Remove everything that make installed
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1 | cut -d' ' -f2), Python 3.11 or later is needed: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || \
	  { rm -rf .tools; echo "uv could not be installed: is the package registry (PyPI, or the index pip is configured for) within reach?" >&2; exit 1; }

.venv/ready: pyproject.toml cli/pyproject.toml handlers/pyproject.toml uv.lock | $(UV)
	@UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet --locked --python $(PYTHON) || \
	  { echo "the packages of uv.lock could not be installed: is the package registry within reach?" >&2; exit 1; }
	@touch $@
