# Every target sets up .venv as it needs and then does its work; `make help` lists them.

VENV ?= .venv
# The first Python on the PATH that the toolbox supports.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
RUN := $(VENV)/bin/python
SETUP = $(if $(PYTHON),,$(error Python 3.10 to 3.14 is needed and none is on the PATH))\
	$(PYTHON) tools/dev/setup_env.py --venv $(VENV) \
	$(if $(filter-out 0,$(MMCV_FROM_SOURCE)),--mmcv-from-source)
# The theme announces its successor at each build unless it is told not to.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs
# One process per core, one thread each; ARGS='-n 0' runs everything in one process.
PYTEST = OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-ranges lint format bench docs claims doctor install install-detection clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | \
		while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

demo:  ## pre-train and fine-tune on synthetic video (VIDEOS=folder: pre-train on your own)
	@$(SETUP) core
	@$(RUN) tools/demo/run.py --out work_dirs/demo $(if $(VIDEOS),--videos "$(VIDEOS)")

test:  ## run the test suite without slow training tests (ARGS= goes to pytest)
	@$(SETUP) detection tests
	@$(PYTEST) -m 'not slow' $(ARGS)

test-all:  ## run the whole test suite
	@$(SETUP) detection tests
	@$(PYTEST) --hypothesis-profile=random $(ARGS)

test-ranges:  ## run the test suite with the oldest and newest versions, on each Python
	@$(PYTHON) tools/dev/test_ranges.py $(ARGS)

lint:  ## check style, types and spelling, and build the documentation
	@$(SETUP) lint docs
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy mmvideomae
	@$(VENV)/bin/codespell
	@$(MKDOCS) build --quiet

format:  ## format the code with ruff
	@$(SETUP) lint
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

bench:  ## compare speed and memory with other implementations
	@$(SETUP) core tests
	@for tool in tools/analysis_tools/benchmark_*.py; do \
		echo "== $$tool" && $(RUN) $$tool || exit 1; done

docs:  ## build the documentation into site/
	@$(SETUP) docs
	@$(MKDOCS) build --quiet
	@echo 'site/index.html'

claims:  ## measure the papers' central claims at small scale; takes hours on a CPU
	@$(SETUP) core
	@$(RUN) tools/claims/run.py --out work_dirs/claims
	@$(RUN) tools/claims/vimpac.py --out work_dirs/claims_vimpac
	@$(RUN) tools/claims/localization.py --out work_dirs/claims_localization
	@$(RUN) tools/claims/encoders.py --out work_dirs/claims_encoders

doctor:  ## report what is installed, and the command that fixes each problem
	@$(if $(wildcard $(RUN)),$(RUN),$(PYTHON)) tools/doctor.py

install:  ## install the core level: mmcv-lite, nothing is compiled
	@$(SETUP) core

install-detection:  ## install the detection level: mmcv (compiled once and kept) and mmdet
	@$(SETUP) detection

clean:  ## remove build products, but not the environment and work_dirs/
	@rm -rf build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find mmvideomae tools tests configs -name __pycache__ -type d -prune -exec rm -rf {} +
