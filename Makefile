# make demo   set up, fetch the embedded model, build a small release for real
# make test   set up with the development tools, run every check and test
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON_CANDIDATES := $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3
SPEC ?= seeds/specs/demo.yaml
OUT ?= generated
TEST_WEIGHTS := smollm2_135m_instruct_q4
TORCH := $(shell sed -n 's/^\(torch==[^ ;]*\).*/\1/p' constraints.txt)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SETUP := pyproject.toml constraints.txt

.PHONY: help demo test lint format docs wheel clean

help:
	@echo "make demo     set up, fetch the embedded model, build a small release for real"
	@echo "make test     set up with the development tools, run every check and test"
	@echo "make lint     ruff, mypy, import-linter"
	@echo "make format   bring the code into ruff's format"
	@echo "make docs     build the documentation as a site into site/"
	@echo "make wheel    build the wheel into dist/"
	@echo "make clean    remove the environment and caches; releases and completions stay"
	@echo "PYTHON=/path/to/python chooses the interpreter of the environment (3.11 or newer)"

demo: $(VENV)/.installed
	@$(BIN)/python -m pipeline.models.weights --spec $(SPEC)
	@$(BIN)/impress build $(SPEC) --out $(OUT)
	@echo
	@echo "What next:"
	@echo "  read     the report named above in a browser, and README.md beside it"
	@echo "  check    $(BIN)/impress verify $(OUT)/releases/NAME-VERSION"
	@echo "  change   a copy of $(SPEC), then: $(BIN)/impress plan COPY, $(BIN)/impress build COPY"
	@echo "  mend     $(BIN)/impress doctor --spec $(SPEC) tells what is amiss, should anything be"

test: lint
	@$(BIN)/python -m pipeline.models.weights $(TEST_WEIGHTS)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch first and by its exact version: a range, or another package's wish, would take the newest build there is.
$(VENV)/.installed: $(SETUP)
	@if ! $(PIP) --version >/dev/null 2>&1; then \
	  for candidate in $(PYTHON_CANDIDATES); do \
	    if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
	        >/dev/null 2>&1; then \
	      echo "making the environment $(VENV) with $$candidate ($$("$$candidate" --version))"; \
	      exec "$$candidate" -m venv --clear $(VENV); \
	    fi; \
	  done; \
	  echo "error: no Python 3.11 to 3.14 with venv found; install one (on Debian and Ubuntu:" \
	    "apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python" >&2; \
	  exit 2; \
	fi
	@echo "installing $(TORCH), then the rest of constraints.txt: about 2 GB, some minutes the first time"
	@$(PIP) install "$(TORCH)"
	@$(PIP) install -c constraints.txt -e ".[evaluation]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the development tools"
	@$(PIP) install -c constraints.txt -e ".[evaluation,dev,docs]"
	@touch $@
