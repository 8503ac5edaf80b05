# The commands of this project. Each is one script in bin/, which says its steps and their times.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help run stop test lint format bench messages requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: export BOUNDARIES := $(BOUNDARIES)
run: ## the site with its worker on http://127.0.0.1:8000 (PORT=8001, BOUNDARIES="FILE…", DATABASE_URL=postgis://…)
	@$(PYTHON) bin/run

stop: ## end a running site and the embedded database
	@$(PYTHON) bin/run stop

test: ## all tests (ARGS="-k name" for some)
	@$(PYTHON) bin/test $(ARGS)

lint: ## all checks that run nothing (ARGS="ruff mypy" for some)
	@$(PYTHON) bin/lint $(ARGS)

format: ## put code in the shape that lint wants
	@$(PYTHON) bin/lint --fix

bench: ## benchmarks (ARGS for bench/run.py)
	@$(PYTHON) bin/bench $(ARGS)

messages: ## collect what is to be translated into locale/
	@$(PYTHON) bin/messages

requirements: ## choose and hash the newest allowed versions anew
	@$(PYTHON) bin/requirements

clean: ## remove what can be made again; the database, media and secrets stay
	@rm -rf .venv node_modules .local/static .local/log .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "The database, media and secrets are still in .local/."
