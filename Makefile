# `make help` lists what there is. Works with GNU make 3.81 and newer, on Linux and macOS.

VENV := .venv
PYTHON_HERE := $(VENV)/bin/python
PIP := $(PYTHON_HERE) -m pip install --quiet --disable-pip-version-check --require-hashes
NPM := sh scripts/npm.sh
LOCK := $(PYTHON_HERE) -m uv pip compile --quiet --universal --python-version 3.11.2 \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' $(UPGRADE)

# Files that a target leaves behind to say that its work is done.
CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
NODE_MODULES := node_modules/.installed
VENDOR := static/vendor/markdown.js

.PHONY: help run scale test check format messages lock audit sbom screenshots bench faults soak clean
.DEFAULT_GOAL := help

help:
	@echo 'make run           start the chat on http://127.0.0.1:8000 (PORT=… for another port)'
	@echo 'make scale         the same as many processes, on PostgreSQL and Redis of this machine'
	@echo 'make test          install what is needed and run every test'
	@echo 'make check         the quick part of it: lint, types, import contracts'
	@echo 'make format        let ruff put the Python code into shape'
	@echo 'make messages      collect the texts that people read into locale/, and compile the translations'
	@echo 'make bench         measure the product against simpler servers (QUICK=1: in two minutes)'
	@echo 'make bench SCALE=1 the product as several processes beside itself as one'
	@echo 'make bench PAGE=1  the page in Chromium: how it opens, and how it bears a long answer'
	@echo 'make faults        kill, stop and cut off everything while people ask (SEED=… replays)'
	@echo 'make soak          what takes minutes: idle, long outages, a thousand faults; most of two hours'
	@echo 'make screenshots   draw the pictures of docs/ from the running product'
	@echo 'make lock          make the lock files anew (UPGRADE=--upgrade for newer versions)'
	@echo 'make audit         ask an advisory service about the locked packages'
	@echo 'make sbom          list them as CycloneDX, in var/sbom/'
	@echo 'make clean         remove what make installed and built; var/ with your data stays'

run: $(RUNTIME) $(VENDOR)
	@exec $(PYTHON_HERE) scripts/run.py

scale: $(RUNTIME) $(VENDOR)
	@exec $(PYTHON_HERE) scripts/scale.py

test: $(DEV) $(VENDOR)
	@exec $(PYTHON_HERE) scripts/test.py

check: $(DEV) $(VENDOR)
	@exec $(PYTHON_HERE) scripts/test.py --quick

format: $(DEV)
	@$(PYTHON_HERE) -m ruff check --fix --quiet . || true
	@$(PYTHON_HERE) -m ruff format .

messages: $(DEV)
	@$(PYTHON_HERE) -m scripts.messages

screenshots: $(DEV) $(VENDOR)
	@$(PYTHON_HERE) scripts/screenshots.py

bench: $(DEV) $(VENDOR)
	@$(PYTHON_HERE) -m $(if $(PAGE),bench.page,bench) $(if $(N),--streams $(N)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SERVER),--server $(SERVER)) $(if $(QUICK),--quick) \
		$(if $(SCALE),--scale) $(ARGS)

faults: $(DEV)
	@$(PYTHON_HERE) -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SETUP),--setup $(SETUP)) $(ARGS)

soak: $(DEV)
	@$(PYTHON_HERE) -m tests.soak $(if $(SEED),--seed $(SEED)) $(ARGS)

audit: $(DEV)
	@$(PYTHON_HERE) -m scripts.audit

sbom: $(DEV)
	@$(PYTHON_HERE) -m scripts.sbom

lock: $(DEV)
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) requirements-node.in --output-file requirements-node.txt
	$(NPM) install --package-lock-only --ignore-scripts

clean:
	rm -rf $(VENV) node_modules static/vendor staticfiles
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- what has to be installed and built first ---------------------------------------------------

$(CREATED):
	@if ! $(PYTHON_HERE) -m pip --version >/dev/null 2>&1; then \
		python=$$(sh scripts/find-python.sh) || exit 1; \
		echo "Making a virtual environment in $(VENV) with $$($$python --version) …"; \
		$$python -m venv --clear $(VENV) || exit 1; \
	fi
	@touch $@

$(RUNTIME): requirements.txt $(CREATED)
	@echo 'Installing the Python packages (once, about half a minute) …'
	@$(PIP) --requirement requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(CREATED)
	@echo 'Installing the Python packages with those for tests (once, about a minute) …'
	@$(PIP) --requirement requirements-dev.txt
	@touch $(RUNTIME) $@

$(NODE_MODULES): package-lock.json $(CREATED)
	@echo 'Installing the front-end libraries (once) …'
	@$(NPM) ci --silent --no-audit --no-fund
	@touch $@

$(VENDOR): $(NODE_MODULES) esbuild.mjs
	@echo 'Building the front-end libraries into static/vendor/ …'
	@$(NPM) run --silent build
	@touch $@
