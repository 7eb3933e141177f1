# Two commands for a newcomer: `make run` and `make test`. The rest is for those who work on Backhaul.
.DEFAULT_GOAL := help
BIN := .venv/bin

.PHONY: help run test test-compose check format bench setup lock docs dashboards clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run:  ## set up and start the whole stack on loopback with a simulated network (flags: make run ARGS="--port-offset 100")
	@scripts/setup.sh run
	@exec $(BIN)/backhaul demo $(ARGS)

test:  ## set up and pass all tests (a part: make test ARGS="tests/inventory -k secret")
	@scripts/setup.sh test
	@$(BIN)/python -m pytest $(ARGS)

test-compose:  ## the compose file on a Docker engine started for it (needs root; takes some minutes)
	@scripts/setup.sh compose
	@scripts/test_compose.sh $(ARGS)

check:  ## format, lint, types, room borders, generated docs and dashboards, Prometheus and Alertmanager files
	@scripts/setup.sh test
	@scripts/check.sh

format:  ## let the formatter and the safe lint fixes change the files
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench:  ## measure against the peers (takes minutes; see bench/README.md)
	@scripts/setup.sh bench
	@$(BIN)/python -m bench $(ARGS)

setup:  ## .venv and the programs the rest needs
	@scripts/setup.sh test

lock:  ## pin the newest versions pyproject.toml allows
	@$(BIN)/pip-compile -q --upgrade --strip-extras --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe -o requirements.lock pyproject.toml
	@$(BIN)/pip-compile -q --upgrade --strip-extras --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

docs:  ## write the generated pages of docs/ anew
	@$(BIN)/python scripts/generate_docs.py

dashboards:  ## write Grafana's dashboards and the table of their panels anew
	@$(BIN)/python -m grafana.dashboards

clean:  ## remove what running and testing left (not .venv)
	@rm -rf var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
