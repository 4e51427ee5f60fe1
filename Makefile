# make demo, make test, make bench: each installs what it needs first. Needs Python 3.11 or newer; nothing else.
PYTHON ?= python3
PORT ?= 8888
BROWSER ?= yes
BIN := .venv/bin
UV := .tools/bin/uv
SOURCES := filterviz_widget scripts tests benchmarks hatch_build.py

.PHONY: demo test check bench lock frontend chromium clean

demo: .venv/installed frontend
	$(BIN)/python scripts/demo.py --port $(PORT) --browser $(BROWSER)

test: check chromium
	$(BIN)/pytest

check: .venv/installed frontend
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/python hatch_build.py check

bench: .venv/installed frontend chromium
	$(BIN)/python -m benchmarks

frontend: .venv/installed
	$(BIN)/python hatch_build.py

chromium: .venv/installed
	$(BIN)/python scripts/find_chromium.py --install

# Newest versions into the lock; it holds no address of an index.
lock: $(UV)
	$(UV) pip compile pyproject.toml --group dev --extra notebook --universal --python-version 3.11 --upgrade \
		--custom-compile-command "make lock" --output-file requirements.lock

.venv/installed: requirements.lock pyproject.toml hatch_build.py | $(UV)
	test -x $(BIN)/python || $(UV) venv --python ">=3.11,<3.14" .venv
	VIRTUAL_ENV=.venv $(UV) pip sync requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --no-deps --editable .
	touch $@

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet uv

clean:
	rm -rf .venv .tools js/node_modules filterviz_widget/static
