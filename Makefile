# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
WEIGHTS ?= models/weights
CLIPS ?=
DURATION ?= 600

# One thread a process: tests and trainings run several processes side by side.
THREADS := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

PAGE := service/web/dist/index.html
PAGE_SOURCES := $(shell find service/web -type f -not -path '*/node_modules/*' -not -path '*/dist/*')

.PHONY: run page screenshots test test-page test-browser test-slow lint format bench train evaluate clean

run: $(VENV)/.run $(PAGE)  ## Install, build the page and serve on http://127.0.0.1:8000
	$(BIN)/vericlip serve

page: $(PAGE)  ## Build the web page

test: lint test-page  ## Lint, type-check and test
	$(THREADS) $(BIN)/python -m pytest -n 2 --dist loadfile

test-page: $(VENV)/.dev  ## Type-check, lint and test the web page, where there is Node.js
	service/web/npm.sh $(BIN) typecheck lint test

test-browser: $(VENV)/.dev $(PAGE)  ## Use the page as a person would, in Chromium
	@if command -v chromium >/dev/null && [ -e $(PAGE) ]; then \
		$(THREADS) $(BIN)/python -m pytest -m browser tests/web; \
	else \
		echo "The browser tests are left out: they need a program named chromium, and the built page."; \
	fi

screenshots: $(VENV)/.dev $(PAGE)  ## Take the pictures in docs/screenshots again
	$(THREADS) $(BIN)/python -m tests.web.screenshots docs/screenshots

test-slow: $(VENV)/.dev test-browser  ## The long checks
	$(THREADS) $(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## Speed, scaling and load: make bench CLIPS="a.mp4 b.mp4" DURATION=600
	$(BIN)/python -m tests.bench decode $(CLIPS)
	$(BIN)/python -m tests.bench scale
	$(BIN)/python -m tests.bench load --duration $(DURATION)

# Fusion is fitted on scores of pages that no branch has learnt from; then the face network learns from those too.
train: $(VENV)/.dev  ## Make every weight file again from the data pack in DATA
	for branch in audio speech bands sync visual visual_pseudo visual_long visual_average clip temporal film gate; do \
		$(BIN)/vericlip train training/recipes/$$branch.toml --data $(DATA) || exit 1; \
	done
	$(BIN)/vericlip features $(DATA)/video/clips.csv --out runs/features.csv
	$(BIN)/vericlip fit-fusion runs/features.csv --silent gate --silent sync \
		--left-out runs/film/left_out.csv --left-out runs/clip/left_out.csv
	$(BIN)/vericlip train training/recipes/visual_all.toml --data $(DATA)
	$(BIN)/vericlip train training/recipes/visual_average_all.toml --data $(DATA)

# The weights that ship have learnt from all of the pack, which flatters them here: give WEIGHTS=FOLDER of a run that
# has not for figures that carry over.
evaluate: $(VENV)/.dev  ## Measure the weights in WEIGHTS on the data pack in DATA
	$(BIN)/vericlip evaluate $(DATA)/video/clips.csv --held-out --ablate --jobs 2 --weights $(WEIGHTS) --out runs/evaluation
	$(BIN)/vericlip evaluate $(DATA)/audio/speech.csv --modality audio --jobs 2 --weights $(WEIGHTS) --out runs/evaluation-speech
	$(BIN)/vericlip report runs/evaluation runs/evaluation-speech

clean:
	rm -rf $(VENV) service/web/dist service/web/node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PAGE): $(PAGE_SOURCES) | $(VENV)/bin/python
	service/web/npm.sh $(BIN) build

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
