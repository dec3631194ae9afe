# Shorthand for the README's two commands; each sets everything up by itself and may be repeated.
PYTHON ?= python3

.PHONY: setup run test lint lock

setup:
	$(PYTHON) -m venv .venv && .venv/bin/pip install -q --require-hashes -r requirements.lock

run: setup
	.venv/bin/python -m mdfsync run

test: setup
	.venv/bin/python -m pytest

lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

lock:
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q -o requirements.lock
