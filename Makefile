# make demo, make test, make bench: each installs what it needs first. Needs Python 3.11 to 3.13; nothing else.
PYTHON ?= python3
PORT ?= 8888
BROWSER ?= yes
SOAK ?= middle
BIN := .venv/bin
UV := .tools/bin/uv
SOURCES := filterviz_widget scripts tests benchmarks soak hatch_build.py

.PHONY: demo docs notebooks screenshots test test-shipped test-lowest test-onednn matrix check bench soak dist lock frontend chromium clean
.PRECIOUS: .venv-3.%/installed

demo: .venv/installed frontend
	$(BIN)/python scripts/demo.py --port $(PORT) --browser $(BROWSER)

# All that computes and all that is seen, with the newest versions; about 13 minutes on two cores. Three runs go on at once,
# as a browser and other processes are often waited for; two of them are told at the end.
HOSTS := tests/browser tests/hosts
FARM := tests/atlas/test_workers.py tests/atlas/test_ray.py
SITE := tests/atlas/test_site.py
PAGES := $(SITE) tests/test_models_table.py tests/saved tests/package tests/docs $(wildcard tests/test_docs_*.py) tests/test_notebooks.py
VIEWS := tests/frontend tests/widgets tests/atlas $(filter-out $(PAGES),$(wildcard tests/test_*.py))
NETWORKS := tests/model tests/twin tests/trained tests/ascent
begin = $(BIN)/pytest $(2) > .$(1).log 2>&1 & $(1)=$$!;
end = wait $$$(1); $(1)=$$?; cat .$(1).log;
test: check chromium
	$(call begin,views,$(VIEWS) $(addprefix --ignore=,$(FARM) $(SITE))) $(call begin,networks,$(NETWORKS)) \
	$(BIN)/pytest $(addprefix --ignore=,$(VIEWS) $(NETWORKS) $(HOSTS) $(PAGES)); rest=$$?; \
	$(call end,views) $(call end,networks) test $$views -eq 0 && test $$networks -eq 0 && test $$rest -eq 0

# What is handed to users: notebooks in their hosts, saved pages, the atlas' site, the package, the documentation; and the
# atlas in processes that are killed. About 8 minutes.
test-shipped: check chromium
	$(call begin,hosts,$(HOSTS)) $(BIN)/pytest $(PAGES); rest=$$?; $(call end,hosts) test $$hosts -eq 0 && test $$rest -eq 0
	$(BIN)/pytest $(FARM)

# With the oldest versions that pyproject.toml allows, what a version can break: not the large networks, which only take
# long. About 9 minutes.
test-lowest: .venv-lowest/installed
	.venv-lowest/bin/python -m pytest -m "not big" \
		tests/model tests/twin tests/ascent tests/images tests/history tests/engine tests/session tests/widgets \
		tests/test_photographs.py

# With another Python and the newest versions, what a Python can break: make test-python-3.13. Some minutes, in an
# environment of its own.
test-python-3.%: .venv-3.%/installed
	.venv-3.$*/bin/python -m pytest -m "not big" \
		tests/description tests/store tests/picture tests/images tests/session tests/ascent/test_classic.py \
		tests/model/traced tests/model/test_load.py tests/model/test_within.py tests/history/test_file.py \
		tests/atlas/test_atlas.py tests/package/test_installed.py tests/test_package.py

# Every Python and the oldest versions that pyproject.toml allows; make test runs with the newest.
matrix: test-python-3.11 test-python-3.12 test-python-3.13 test-lowest

# With oneDNN switched to what this processor does not do by itself, what computes. About 2 minutes.
test-onednn: .venv/installed frontend
	other=$$($(BIN)/python scripts/other_onednn.py) && TF_ENABLE_ONEDNN_OPTS=$$other $(BIN)/pytest tests/twin tests/ascent

check: .venv/installed frontend
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python hatch_build.py check

# The site, in docs/_site/. The atlas of the flower model in it takes about 4 minutes on two cores, once: docs/_atlas/
# keeps it. The site alone: python -m scripts.build_docs.
docs: .venv/installed frontend
	$(BIN)/python -m scripts.flower_atlas
	$(BIN)/python -m scripts.build_docs

# The pictures of README and documentation, taken in a real JupyterLab; about 10 minutes on two cores.
screenshots: .venv/installed frontend chromium
	$(BIN)/python -m scripts.draw_sheet
	$(BIN)/python -m scripts.screenshots

# Runs the notebooks in JupyterLab and stores what they show; about 15 minutes on two cores.
notebooks: .venv/installed frontend chromium
	$(BIN)/python -m scripts.run_notebooks

bench: .venv/installed frontend chromium
	$(BIN)/python -m benchmarks

# Nothing lost, nothing leaked: docs/reliability.md. About 10 minutes; SOAK=long takes hours, SOAK=short is in make test.
soak: .venv/installed frontend chromium
	$(BIN)/python -m soak --length $(SOAK)

# What is released, in dist/, and whether it is as it must be: see CONTRIBUTING.md.
dist: .venv/installed frontend
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	DIST=dist $(BIN)/pytest tests/package

frontend: .venv/installed
	$(BIN)/python hatch_build.py

chromium: .venv/installed
	$(BIN)/python scripts/find_chromium.py --install

# Newest versions into the one lock, the oldest that pyproject.toml allows into the other; neither holds an address of
# an index. The second is made anew: versions in an old one would be preferred to the oldest.
lock: $(UV)
	$(UV) pip compile pyproject.toml --group dev --extra notebook --extra docs --universal --python-version 3.11 --upgrade \
		--custom-compile-command "make lock" --output-file requirements.lock
	rm -f requirements-lowest.lock
	$(UV) pip compile pyproject.toml --group test --universal --python-version 3.11 --resolution lowest-direct \
		--custom-compile-command "make lock" --output-file requirements-lowest.lock

.venv/installed: requirements.lock pyproject.toml hatch_build.py | $(UV)
	test -x $(BIN)/python || $(UV) venv --python ">=3.11,<3.14" .venv
	VIRTUAL_ENV=.venv $(UV) pip sync requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --no-deps --editable .
	touch $@

# TensorFlow 2.18 ends with Python 3.12.
.venv-lowest/installed: requirements-lowest.lock pyproject.toml hatch_build.py | $(UV) frontend
	test -x .venv-lowest/bin/python || $(UV) venv --python ">=3.11,<3.13" .venv-lowest
	VIRTUAL_ENV=.venv-lowest $(UV) pip sync requirements-lowest.lock
	VIRTUAL_ENV=.venv-lowest $(UV) pip install --no-deps --editable .
	touch $@

.venv-3.%/installed: requirements.lock pyproject.toml hatch_build.py | $(UV) frontend
	test -x .venv-3.$*/bin/python || $(UV) venv --python 3.$* .venv-3.$* || \
		{ echo "There is no Python 3.$* on this machine, and uv could not download one. Install it, or put the folder" \
		"of a python3.$* first on PATH, and run make again." >&2; exit 1; }
	VIRTUAL_ENV=.venv-3.$* $(UV) pip sync requirements.lock
	VIRTUAL_ENV=.venv-3.$* $(UV) pip install --no-deps --editable .
	touch $@

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet uv

clean:
	rm -rf .venv .venv-lowest .venv-3.* .tools dist build js/node_modules tests/saved/node_modules filterviz_widget/static
