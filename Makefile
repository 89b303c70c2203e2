# `make` lists what there is. Everything happens in this folder: environment in .venv, data in var/.
.DEFAULT_GOAL := help
# Python keeps what it has compiled, whatever the shell says. A night and the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=
.PHONY: help run stop status test explore lint bench mutate drill clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the next night, from delivery to published indicators; the first time sets everything up
	@scripts/bootstrap
	@.venv/bin/kvalitet run

stop: ## end everything that was started here
	@if [ -d "$${KVALITET_VAR:-var}/run" ]; then scripts/bootstrap && .venv/bin/kvalitet down; fi

status: ## what runs, what was published
	@scripts/bootstrap
	@.venv/bin/kvalitet status

test: ## all tests, on servers of their own
	@scripts/bootstrap --dev
	@.venv/bin/python -m pytest -m "not slow" -n 3 --dist loadfile
	@.venv/bin/python -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder

explore: ## the tests over random input, with examples that no run has drawn before
	@scripts/bootstrap --dev
	@.venv/bin/python -m pytest -m hypothesis -n 2 --dist load --hypothesis-profile explore

lint: ## everything that a machine can say about the code
	@scripts/bootstrap --dev
	@scripts/lint

bench: ## the measurements, with their floor
	@scripts/bootstrap --dev
	@.venv/bin/python -m benchmarks

mutate: ## spoil good figures in every known way: does the gate hold them back? About half an hour
	@scripts/bootstrap
	@.venv/bin/kvalitet mutate

drill: ## what docker/README.md says, all of it, on this machine's Docker engine; about half an hour
	@scripts/bootstrap --dev
	@.venv/bin/python docker/drill $(DRILL)

clean: ## end everything and delete what was made: data, keys, logs, environment
	@scripts/clean
