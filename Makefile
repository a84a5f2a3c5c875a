# Everything starts from a bare Python 3.11 or newer. The environment lives in .venv, inside the checkout.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: demo test test-blenders lint addon clean

demo: $(VENV)/demo.installed ## a 2048x2048 seamless texture in demo.png
	$(BIN)/texnet synth moss --size 2048 --output "$(CURDIR)/demo.png"

test: $(VENV)/dev.installed ## the whole test suite
	$(BIN)/python -m pytest

test-blenders: $(VENV)/dev.installed ## the add-on's tests on other versions of Blender
	$(BIN)/python -m tests.blender.versions 4.2.0 4.5.15 5.2.3

lint: $(VENV)/dev.installed ## style, types, architecture, and that every test can be imported
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --collect-only -qqq

addon: $(VENV)/dev.installed ## the Blender extension for this platform, in dist/
	$(BIN)/python build_addon.py

clean: ## remove all that make has made
	rm -rf $(VENV) build dist demo.png

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/dev.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[openvino,train,blender,dev]'
	touch $@
