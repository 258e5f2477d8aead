# The two commands: `make serve` opens the map, `make test` runs every test. Both set up what they
# need in .venv first; uv is used where it is installed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(if $(shell command -v uv),VIRTUAL_ENV=$(VENV) uv pip install,$(BIN)/pip install)

.PHONY: serve test coverage check format browser docs bench messages clean

serve: $(VENV)/serve.stamp
	$(BIN)/geoapp serve $(ARGS)

test: $(VENV)/develop.stamp browser
	$(BIN)/pytest -n auto --dist loadfile $(ARGS)

# How much of the core the tests reach; below 95 % is an error.
coverage: $(VENV)/develop.stamp
	$(BIN)/pytest tests/core tests/store tests/test_text.py \
		--cov=geoapp.core --cov-branch --cov-report=term:skip-covered --cov-fail-under=95

check: $(VENV)/develop.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/develop.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Chromium: the one that is there, else Debian's where apt works, else Playwright's own.
browser: $(VENV)/develop.stamp
	@command -v chromium >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; } \
	|| $(BIN)/playwright install --with-deps chromium \
	|| $(BIN)/playwright install chromium

# Pictures of the user guide, taken from the running app.
docs: $(VENV)/develop.stamp browser
	$(BIN)/python docs/pictures.py

# Ours beside the peers, in one run; the page docs/benchmarks.md is written by it. Takes an hour.
bench: $(VENV)/develop.stamp browser
	$(INSTALL) --quiet -c constraints.txt -e ".[cluster]" --group bench
	$(BIN)/python -m benchmarks $(ARGS)

# Brings new texts into the catalogues; translate what is empty in them afterwards.
messages: $(VENV)/develop.stamp
	$(BIN)/pybabel -q extract -k mark -k Problem:2 -k warning:2 -k refusal:2 \
		--ignore-dirs "cli functional .* _*" --add-location=file --sort-by-file --width=99 \
		-o $(VENV)/geoapp.pot geoapp
	for language in pl cs; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --width=99 \
			--ignore-pot-creation-date -i $(VENV)/geoapp.pot -l $$language \
			-o geoapp/locale/$$language.po; \
	done

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/serve.stamp: pyproject.toml constraints.txt | $(VENV)/pip.stamp
	$(INSTALL) --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/develop.stamp: pyproject.toml constraints.txt | $(VENV)/pip.stamp
	$(INSTALL) --quiet -c constraints.txt -e . --group test --group check
	@touch $@ $(VENV)/serve.stamp

# pip knows dependency groups since 25.1; the one that comes with Python 3.11 does not
$(VENV)/pip.stamp:
	$(if $(shell command -v uv),uv venv --quiet --allow-existing $(VENV),$(PYTHON) -m venv $(VENV))
	$(if $(shell command -v uv),,$(BIN)/pip install --quiet --upgrade "pip>=25.1")
	@touch $@
