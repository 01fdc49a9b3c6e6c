# Everything this project does, as one command each. A target sets up what it needs in .venv/.
.DEFAULT_GOAL := help
.PHONY: help demo dist orchestration test test-slow spark azurite newest lint format generated handbook docs lock bench clean

PYTHON ?= python3
BIN := .venv/bin
# One more than the cores that the suite is made for: tests wait for programs and disks, too.
WORKERS ?= 3
# Runs a program and says at least every ten seconds what it does.
SAY := $(PYTHON) requirements/say.py
INSTALL := $(BIN)/uv pip install --python .venv
# Hundreds of programs start in the tests: each would compile every module anew, and pytest would
# rewrite every test, where it may not keep what it made.
export PYTHONDONTWRITEBYTECODE :=
COMPILE := $(BIN)/python -m compileall -q src tests
# Temporary files in memory; where TMPDIR names a place, they are there, and stay.
SCRATCH := $(BIN)/python tests/tools/scratch.py
REMOTES := s3 gs azure ssh webdav
HANDBOOK := -b html -d build/handbook/doctrees docs build/handbook/html
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	-c requirements/overrides.in

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

demo: .venv/run.stamp  ## Play the whole story in build/demo: pull requests, releases, a blocked one, a roll-back
	@$(BIN)/python -m demo.story

dist: build/publish/stamp  ## Build the wheel and the sdist of datarelease itself, and check them (dist/, build/sbom/)
	@build/publish/bin/python publish/steps.py build dist
	build/publish/bin/twine check --strict dist/*
	@mkdir -p build/sbom
	@PYTHONWARNINGS=ignore build/publish/bin/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --mc-type library \
		--output-reproducible --output-format JSON --output-file build/sbom/datarelease.cdx.json

orchestration: .venv/dev.stamp  ## Run broker, S3, Dagster and a producer of events until Ctrl-C (build/orchestration)
	@$(BIN)/python orchestration/stack.py $(ARGS)

test: .venv/dev.stamp  ## Run the tests (under eight minutes on two cores)
	@$(COMPILE)
	$(SCRATCH) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: .venv/dev.stamp build/spark/stamp build/azurite/stamp  ## Run the slow tests, and property tests with many examples
	@$(COMPILE)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'slow or hypothesis' \
		--hypothesis-profile thorough --timeout 1800 $(ARGS)

spark: build/spark/stamp  ## Install Spark with its JVM part for the slow tests (0.8 GB; needs Java 17)

build/spark/stamp: .venv/uv.stamp requirements/spark.txt
	@$(SAY) "Setting up build/spark: a virtual environment" $(PYTHON) -m venv --clear build/spark
	@$(SAY) "Installing Spark with its JVM part (0.8 GB)" $(BIN)/uv pip install --python build/spark --require-hashes -r requirements/spark.txt
	@touch $@

azurite: build/azurite/stamp  ## Install Azurite for the slow tests (0.4 GB; needs Node.js 20)

build/azurite/stamp: requirements/azurite/package-lock.json
	@mkdir -p build/azurite
	@cp requirements/azurite/package.json requirements/azurite/package-lock.json build/azurite/
	@$(SAY) "Installing Azurite (0.4 GB)" npm ci --prefix build/azurite --no-fund --no-audit --no-update-notifier --loglevel=error
	@touch $@

newest: .venv/uv.stamp  ## Run the tests with the newest release of everything, in build/newest
	@$(SAY) "Setting up build/newest: a virtual environment" $(PYTHON) -m venv --clear build/newest
	@$(SAY) "Installing the newest release of everything" $(BIN)/uv pip install --upgrade --python build/newest --overrides requirements/newest.in -e '.[dev]'
	build/newest/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/dev.stamp  ## Check style, types, layers, workflows and spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet .github action.yml action
	$(BIN)/actionlint
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/llms.py --check
	$(BIN)/codespell $$(git ls-files)

format: .venv/dev.stamp  ## Put the code into its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

generated: .venv/dev.stamp  ## Write the parts of the documentation that repeat what code says
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/llms.py

handbook: .venv/dev.stamp  ## Build the handbook as a site in build/handbook/html
	@$(SAY) "Building the handbook in build/handbook/html (about a minute)" $(BIN)/python -m sphinx --fail-on-warning --quiet $(HANDBOOK)

docs: generated  ## Build the handbook, serve it until Ctrl-C and build it again at each change
	-@$(SAY) "Building the handbook (about a minute, the first time)" $(BIN)/python -m sphinx --quiet $(HANDBOOK)
	$(BIN)/sphinx-autobuild --port 0 --watch CONTRIBUTING.md --quiet $(HANDBOOK)

bench: .venv/dev.stamp  ## Measure against peers (half an hour); the table goes to docs/benchmarks.md
	$(BIN)/python benchmarks/run.py $(ARGS)

lock: .venv/uv.stamp  ## Resolve the dependencies anew: requirements/*.txt, hashes without addresses
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/build.in --extra release $(REMOTES:%=--extra %) --extra github -o requirements/run.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/build.in requirements/publish.in --extra dev -o requirements/dev.txt
	$(BIN)/uv pip compile $(LOCK) requirements/publish.in requirements/build.in -c requirements/dev.txt -o requirements/publish.txt
	$(BIN)/uv pip compile $(LOCK) requirements/bench.in -o requirements/bench.txt
	$(BIN)/uv pip compile $(LOCK) requirements/spark.in -o requirements/spark.txt
	npm install --prefix requirements/azurite --package-lock-only --omit-lockfile-registry-resolved --no-fund --no-audit

clean:  ## Remove what the targets made
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/uv.stamp: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than 3.11: name another with make PYTHON=python3.11"; exit 2; }
	@$(SAY) "Setting up .venv (once; about a minute in all): a virtual environment" $(PYTHON) -m venv .venv
	@$(SAY) "Installing uv, which installs the rest" $(BIN)/python -m pip install --quiet \
		--disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/run.stamp: .venv/uv.stamp requirements/run.txt pyproject.toml
	@$(SAY) "Installing the packages that datarelease needs" $(INSTALL) --compile-bytecode --require-hashes -r requirements/run.txt
	@$(SAY) "Installing datarelease itself" $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/uv.stamp requirements/dev.txt pyproject.toml
	@$(SAY) "Installing the packages of the tests" $(INSTALL) --compile-bytecode --require-hashes -r requirements/dev.txt
	@$(SAY) "Installing datarelease itself" $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

build/publish/stamp: .venv/uv.stamp requirements/publish.txt
	@$(SAY) "Setting up build/publish: a virtual environment" $(PYTHON) -m venv --clear build/publish
	@$(SAY) "Installing what builds a release" $(BIN)/uv pip install --python build/publish --require-hashes -r requirements/publish.txt
	@touch $@
