# Shorthand for the README's two commands; each sets everything up by itself and may be repeated.
PYTHON ?= python3

.PHONY: setup run test browser-test lint lock

setup:
	$(PYTHON) -m venv .venv && .venv/bin/pip install -q --require-hashes -r requirements.lock

run: setup
	.venv/bin/python -m mdfsync run

test: setup
	.venv/bin/python -m pytest

# The sandbox's page in Chromium (Debian: apt install chromium). Without them `test` skips these tests.
browser-test: setup
	.venv/bin/pip install -q --require-hashes -r requirements-browser.lock
	.venv/bin/python -m pytest tests/test_web_smoke.py tests/test_page_*.py

lint:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -q

lock:
	$(LOCK) pyproject.toml --extra test -o requirements.lock
	$(LOCK) --group browser -c requirements.lock -o requirements-browser.lock
