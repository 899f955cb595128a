# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
CLIPS ?=

# One thread a process: tests and trainings run several processes side by side.
THREADS := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

.PHONY: run test test-slow lint format bench train clean

run: $(VENV)/.run  ## Install and serve on http://127.0.0.1:8000
	$(BIN)/vericlip serve

test: lint  ## Lint, type-check and test
	$(THREADS) $(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(VENV)/.dev  ## The long checks
	$(THREADS) $(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## Time the analysis of clips against one plain decode: make bench CLIPS="a.mp4 b.mp4"
	$(BIN)/python -m tests.bench $(CLIPS)

train: $(VENV)/.dev  ## Make every weight file again from the data pack in DATA
	$(BIN)/vericlip train training/recipes/audio.toml --data $(DATA)
	$(BIN)/vericlip train training/recipes/sync.toml --data $(DATA)
	$(BIN)/vericlip train training/recipes/visual.toml --data $(DATA)
	$(BIN)/vericlip train training/recipes/temporal.toml --data $(DATA)
	$(BIN)/vericlip train training/recipes/gate.toml --data $(DATA)
	$(BIN)/vericlip features $(DATA)/video/clips.csv --out runs/features.csv
	$(BIN)/vericlip fit-fusion runs/features.csv

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| (echo "Vericlip needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 run" && false)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.run
