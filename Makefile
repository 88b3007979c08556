# The two to begin with: `make demo` and `make test`. Both set everything up themselves.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint check pictures benchmarks clean

demo: .venv/.demo  ## two rounds on the sample project, in the app (or by commands, in a pipe)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

test: .venv/.dev  ## every test; TESTS=tests/query for some
	$(BIN)/python -m pytest -n 2 --dist loadfile $(TESTS)

lint: .venv/.dev  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

pictures: .venv/.dev  ## the README's pictures, from the running app
	$(BIN)/python scripts/pictures.py

benchmarks: .venv/.dev  ## start-up times, the training step and the app, as ratios in one run
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/importing.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/app.py

clean:
	rm -rf .venv

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit("altui needs Python 3.11 or newer; set PYTHON=/path/to/it" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.demo: .venv/.python pyproject.toml constraints.txt
	@echo "installing altui and PyTorch into .venv: a large download, some minutes"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train]'
	@touch $@

.venv/.dev: .venv/.python pyproject.toml constraints.txt
	@echo "installing altui, PyTorch and the tools of the tests into .venv: some minutes"
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,dev]'
	@touch $@ .venv/.demo
