# Needs python 3.11 to 3.13, make and a package index. `make help` lists the targets.
#   make reproduce OUT=results/mine ARGS="--claims dentist --seeds 1"
#   make PYTHON=/path/to/python3.12 test     another Python (after `make clean`)
#   make TORCH_INDEX= reproduce              torch from the default index: the CUDA build, on Linux

PYTHON      ?=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
OUT         ?= results/reproduce
ARGS        ?=

BIN   := .venv/bin
READY := .venv/ready
SITE  := .venv/ready-for-site
PIP   := $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell grep '^torch==' constraints.txt)
# One worker a core, one thread a worker: small models gain little by more threads, and threads of two would fight.
PYTEST := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup reproduce results quick test lint lab course site slides dish manifest clean

help: ## what there is
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /\1	/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## make the environment, .venv

reproduce: $(READY) ## run the headline experiment on the petri model; results in $(OUT)
	$(BIN)/negneglect reproduce --out "$(OUT)" $(ARGS)

results: $(READY) ## rebuild a table and figure of data/results from its stored rows: FIGURE=rank; without it, list them
	$(BIN)/python scripts/results.py $(FIGURE) $(ARGS)

quick: lint ## lint, types, spelling and the fast tests; what to run before each commit
	$(PYTEST) -m "not slow and not kernel and not dish" $(ARGS)

test: lint ## every check: lint, format, types, spelling, notebooks, tests
	$(PYTEST) -m "not dish" $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python scripts/manifest.py --check
	$(BIN)/python scripts/build_course.py --check

lab: $(READY) ## open the course in JupyterLab
	$(BIN)/jupyter lab course

course: $(READY) ## build the notebooks from solutions/*.py, and run the solutions
	$(BIN)/python scripts/build_course.py --execute $(ARGS)

site: $(SITE) slides dish ## build the course as web pages from the executed notebooks, in build/site
	rm -rf build/site
	$(BIN)/python course/site/stage.py build/site-pages
	$(BIN)/sphinx-build -q -W --keep-going -n -c course/site build/site-pages build/site
	cp -R build/slides build/site/slides
	cp -R build/dish build/site/dish
	$(BIN)/python course/site/check.py build/site
	@echo "Open build/site/index.html in a browser."

slides: $(SITE) ## build the introduction as slides, in build/slides (press S for the speaker's notes)
	rm -rf build/slides
	$(BIN)/sphinx-build -q -W --keep-going -n -b revealjs -t slides -c course/site course build/slides
	$(BIN)/python course/site/check.py build/slides
	@echo "Open build/slides/slides.html in a browser."

dish: $(READY) ## build the page that trains in a browser tab, in build/dish, ready for any static host
	rm -rf build/dish
	$(BIN)/python course/site/dish/build.py build/dish
	$(BIN)/python course/site/check.py build/dish
	@echo "Open build/dish/dish.html in a browser, or serve the folder: python3 -m http.server -d build/dish"

manifest: $(READY) ## rewrite data/manifest.json
	$(BIN)/python scripts/manifest.py

clean: ## remove the environment and caches, never results
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these that runs and is new enough, or the one given, makes .venv. Torch first, from the index that has
# CPU builds (a plain install pulls gigabytes of CUDA); where that index cannot be reached, the default one serves.
$(READY): pyproject.toml constraints.txt
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version); the first time takes some minutes."; \
	    $$python -m venv .venv; exit $$?; \
	  fi; \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 found (tried: $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)). Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
	exit 2
	@test -z "$(TORCH_INDEX)" || \
	  $(PIP) install -qq --no-deps --timeout 10 --retries 0 --index-url "$(TORCH_INDEX)" "$(TORCH)" >/dev/null 2>&1 || \
	  echo "$(TORCH_INDEX) does not answer: torch comes from the default index."
	@$(PIP) install -qq -c constraints.txt -e '.[llm,course,test]'
	@touch $@

$(SITE): $(READY)
	@$(PIP) install -qq -c constraints.txt -e '.[site]'
	@touch $@
