# `make demo` and `make test` set up what they need on a fresh machine. `make help` lists all verbs;
# CONTRIBUTING.md says which one to use when.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SEEDS  ?= 10000
CRASHES ?= $(shell echo $$(( $(SEEDS) / 5 )))
KILLS  ?= 500
TERMS  ?= 200
FORKS  ?= 200
DURATION ?= 45

# NATIVE=0 runs a verb without the native core, NATIVE=1 nothing without it (docs/explanation/native.md).
ifdef NATIVE
export AIOCOLLECT_NATIVE := $(NATIVE)
endif

.PHONY: help demo native quick check test coverage hooks lint simulate azurite chaos docs pages faceoff loadtest bench scale crosscheck inference ui-test storyboard screenshots vendor ray spark readers evidently dist sbom zoo proof contract million floats sanitize fuzz hostile golden golden-release matrix client audit lock clean

help: ## Show these verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The environment itself, with nothing in it.
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "aiocollect needs Python 3.11 or newer: install it, or set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -f $@; exit 1; }

# The core dependencies alone: what the demo needs, in seconds.
$(VENV)/core: requirements.txt | $(VENV)/pyvenv.cfg
	$(INSTALL) --require-hashes -r requirements.txt
	@touch $@

$(VENV)/ready: $(VENV)/core requirements-dev.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements-dev.txt
	@# Without the native core: that is a target of its own, which says what it misses.
	AIOCOLLECT_NATIVE=0 $(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

testkit/azurite/node_modules/ready: testkit/azurite/package-lock.json
	@command -v npm >/dev/null || { echo "the Azurite emulator needs node 20 and npm; install them, or run 'make check'"; exit 1; }
	cd testkit/azurite && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: ## See it: a page of servers under load that fail and lose no row (DURATION=45 STORE=azurite)
	@# Beside one another: who comes for the first time waits for both.
	@$(MAKE) --no-print-directory -j2 $(VENV)/core native
ifeq ($(STORE),azurite)
	@$(MAKE) --no-print-directory testkit/azurite/node_modules/ready
	$(BIN)/python -m testkit.demo --seconds $(DURATION)
else
	$(BIN)/python -m aiocollect.cli demo --seconds $(DURATION)
endif

native: | $(VENV)/pyvenv.cfg ## The native core, built in place where it is not yet; says what is missing
	@$(BIN)/python tools/build_native.py

# What needs no process, no emulator and no clock of its own: beside one another.
FAST := tests/unit tests/behaviour tests/house tests/property tests/compat tests/golden tests/service tests/native

# What runs on both cores: the fast tests of the rooms that the native one stands in for.
TWICE := $(addprefix tests/unit/,core delivery encoders engine layouts spool) tests/behaviour \
	$(addprefix tests/property/test_,csv_roundtrip.py encoders.py)

test: lint $(VENV)/ready testkit/azurite/node_modules/ready .venv-inference/ready native ## Before sending a change: lint, types, all tests, the wheel (13 minutes)
	$(BIN)/python -m pytest -q -n 2 $(FAST)
	$(BIN)/python -m pytest -q docs
	@# Once more what the native core stands in for, in Python; where there is none it has just run.
	! ls aiocollect/_native/core.*.so >/dev/null 2>&1 || \
		AIOCOLLECT_NATIVE=0 $(BIN)/python -m pytest -q -n 2 -m "not slow" $(TWICE)
	$(BIN)/python -m pytest -q --ignore=tests/contract --ignore=tests/ray --ignore=tests/spark --ignore=tests/evidently $(addprefix --ignore=,$(FAST))
	$(BIN)/python -m tools.wheel

# The heart, in virtual time: no process, no emulator, nothing that is marked slow; without what is
# about values and reading, whose tests import pandas, and without plugins that it has no use for.
FIRST := $(addprefix tests/unit/,core delivery encoders engine layouts spool) \
	$(filter-out $(addprefix tests/behaviour/test_,canary% collect_rows% emissions% reading% redaction% row_index%), \
	$(wildcard tests/behaviour/test_*.py)) tests/house/test_layers.py

quick: $(VENV)/ready native ## First of all: the core, the layers, delivery in virtual time (under 15 seconds)
	$(BIN)/python -m pytest -q -p no:hypothesispytest -p no:anyio --quick $(FIRST)

check: lint native ## While changing: lint, types, all fast tests; no emulator, no node (3 minutes)
	$(BIN)/python -m pytest -q -n 2 $(FAST)
	$(BIN)/python -m pytest -q docs

coverage: $(VENV)/ready native ## Which lines the tests without the emulator run: a figure, no gate (10 minutes)
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -q $(FAST) tests/gateway tests/integrations tests/demo
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

hooks: $(VENV)/ready ## Have git run ruff before each commit (pre-commit; optional)
	$(BIN)/pre-commit install

lint: $(VENV)/ready ## ruff and mypy --strict (a minute, then seconds)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

simulate: $(VENV)/ready native ## Simulated lives with faults, and machines that crash, on all cores (SEEDS=10000)
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)
	$(BIN)/python -m tests.simulation.crashes --seeds $(CRASHES)
	$(BIN)/python -m tests.simulation.verified 0 $$(( $(SEEDS) / 10 ))
	$(BIN)/python -m tests.simulation.followed --seeds $(CRASHES)
	$(BIN)/python -m tests.simulation.compactions --lives $$(( $(SEEDS) / 10 ))

azurite: $(VENV)/ready testkit/azurite/node_modules/ready native ## Only the tests against the emulator (READS=25 of a growing blob)
	$(BIN)/python -m pytest -q tests/azurite

chaos: $(VENV)/ready testkit/azurite/node_modules/ready native ## Real processes killed, stopped, forked and starved (KILLS=500 TERMS=200 FORKS=200)
	$(BIN)/python -m tests.chaos --kills $(KILLS) --terms $(TERMS) --forks $(FORKS) --spool

# What pins others has an environment of its own; its mark is the target, its lock the prerequisite.
$(VENV)/docs: docs/requirements.txt $(VENV)/ready
	$(INSTALL) --require-hashes -r docs/requirements.txt
	@touch $@

docs: $(VENV)/docs native ## The site, in build/site; each warning is an error (20 seconds)
	rm -rf build/site
	$(BIN)/sphinx-build --quiet --fail-on-warning --nitpicky --keep-going -c docs . build/site
	@echo "the site: build/site/index.html"

pages: $(VENV)/ready ## Write the pages again that are made of the code: api, cli, errors, options, values
	for name in api cli errors options values; do $(BIN)/python docs/reference/$$name.py || exit 1; done

# The locks name everything: with --no-deps pip need not look for what it would choose itself, and
# fail where that has no hash.
define ENVIRONMENT
$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
endef

FACEOFF := loadtest/faceoff/.venv
$(FACEOFF)/ready: loadtest/faceoff/requirements.txt
	$(ENVIRONMENT)

faceoff: $(VENV)/ready testkit/azurite/node_modules/ready $(FACEOFF)/ready native ## aiocollect and three others under the same faults, judged by one oracle (6 minutes)
	$(BIN)/python -m loadtest.faceoff $(if $(WRITE),--write)

loadtest: $(VENV)/ready testkit/azurite/node_modules/ready $(FACEOFF)/ready native ## What collecting costs a server, beside others (15 minutes; QUICK=1: three; WRITE=1: into the page)
	$(BIN)/python -m loadtest $(if $(QUICK),--quick) $(if $(WRITE),--write)

bench: $(VENV)/ready testkit/azurite/node_modules/ready $(FACEOFF)/ready native ## What a row costs, written and read, as ratios within one run (BASE=revision: written alone)
	$(BIN)/python -m loadtest.rows $(if $(BASE),--base $(BASE))
	$(if $(BASE),,$(BIN)/python -m loadtest.reading)

scale: $(VENV)/ready native ## Fleets of up to 10,000 writers in virtual time: the record, tables and pictures of scale.md (3 minutes; QUICK=1: half a minute)
	$(BIN)/python -m loadtest.fleets $(if $(QUICK),--quick)

crosscheck: $(VENV)/ready ## The load generator against wrk, which must be installed
	$(BIN)/python -m loadtest.endpoint.crosscheck $(if $(WRITE),--write)

.venv-inference/ready: tests/servers/inference_server/requirements.txt
	$(ENVIRONMENT)

testkit/browser/node_modules/ready: testkit/browser/package-lock.json
	@command -v npm >/dev/null || { echo "the browser tests need node 20 and npm; install them"; exit 1; }
	cd testkit/browser && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Debian's chromium, installed where you are root.
define CHROMIUM
	@test -x /usr/bin/chromium || test "$$(id -u)" != 0 || apt-get install -y -qq --no-install-recommends chromium
	@test -x /usr/bin/chromium || { echo "chromium is missing; on Debian: sudo apt install chromium"; exit 1; }
endef

ui-test: $(VENV)/ready testkit/browser/node_modules/ready ## The page in a real browser: Debian's chromium, installed where you are root
	$(CHROMIUM)
	$(BIN)/python -m pytest -q tests/page

storyboard: $(VENV)/ready testkit/browser/node_modules/ready testkit/azurite/node_modules/ready native ## The first five minutes of a newcomer, against the clock, in a real browser (2 minutes)
	$(CHROMIUM)
	$(BIN)/python -m testkit.storyboard $(if $(SHOTS),--shots $(SHOTS))

screenshots: $(VENV)/ready testkit/browser/node_modules/ready native ## The pictures of the pages in docs/images: a demo in the middle of an outage (90 s)
	$(CHROMIUM)
	$(BIN)/python -m tools.screenshots

vendor: $(VENV)/ready ## Put what the page is served with into the package, by the lock of tools/vendor
	$(BIN)/python tools/vendor.py

.venv-evidently/ready: tests/evidently/requirements.txt
	$(ENVIRONMENT)

evidently: $(VENV)/ready .venv-evidently/ready ## Evidently's opinion on drift, and the example that asks it (700 MB to install)
	$(BIN)/python -m pytest -q tests/evidently

inference: $(VENV)/ready .venv-inference/ready native ## The scoring file of the documentation under Azure ML's own server
	$(BIN)/python -m pytest -q tests/servers

.venv-ray/ready: tests/ray/requirements.txt
	$(ENVIRONMENT)

MIB ?= 24
ray: $(VENV)/ready .venv-ray/ready native ## Ray Serve: two replicas, one file; Ray Data: a day read by two workers (MIB=24; 2048: 2 GB)
	AIOCOLLECT_RAY_MIB=$(MIB) $(BIN)/python -m pytest -q -s tests/ray

.venv-spark/ready: tests/spark/requirements.txt
	$(ENVIRONMENT)

spark: $(VENV)/ready .venv-spark/ready ## Spark 4, which needs Java 17: a day read by two workers (400 MB to install)
	$(BIN)/python -m pytest -q tests/spark

.venv-readers/ready: tests/readers/requirements.txt
	$(ENVIRONMENT)

readers: $(VENV)/ready .venv-readers/ready testkit/azurite/node_modules/ready native ## What pandas, polars, pyarrow, duckdb and Spark read: docs/reference/readers.md (after make spark)
	$(BIN)/python -m tests.readers

zoo: $(VENV)/ready testkit/azurite/node_modules/ready native ## Bugs put into copies of the package: the suites must catch each
	$(BIN)/python -m tests.zoo

MINUTES ?= 20
proof: $(VENV)/ready testkit/azurite/node_modules/ready native ## The long proofs: what is missing of them for this code; adds up over runs (MINUTES=20)
	$(BIN)/python -m tests.proof --minutes $(MINUTES) $(if $(JOBS),--jobs $(JOBS))

contract: $(VENV)/ready ## The contract tests against your own account (docs/explanation/real-account.md)
	$(BIN)/python -m pytest -q -m contract tests/contract

ROWS ?= 1000000
million: $(VENV)/ready native ## A million adversarial rows, written and read back (ROWS=1000000)
	$(BIN)/python -m tests.property.million --rows $(ROWS)

NAMES ?= 1000000
sanitize: $(VENV)/ready ## The suites of the core on a native core that watches addresses and overflows
	$(BIN)/python -m tests.native.sanitize $(SUITES)

SECONDS ?= 60
fuzz: $(VENV)/ready native ## Any cells and calls: the native core against the Python way (SECONDS=60)
	$(BIN)/python -m tests.native.fuzz --seconds $(SECONDS)

FLOATS ?= 100000000
floats: $(VENV)/ready ## Texts of the native core's floats against repr() and orjson, on all cores (FLOATS=100000000)
	$(BIN)/python -m tests.native.floats --count $(FLOATS)

hostile: $(VENV)/ready native ## A million hostile names as paths (NAMES=1000000)
	$(BIN)/python -m tests.property.hostile_names --names $(NAMES)

dist: $(VENV)/ready ## The source distribution and the pure wheel, in dist/
	rm -rf dist
	AIOCOLLECT_NATIVE=0 $(BIN)/python -m hatchling build

.venv-sbom/ready: tools/sbom/requirements.txt
	$(ENVIRONMENT)

sbom: .venv-sbom/ready ## What a release depends on, as CycloneDX has it, in build/sbom.json
	mkdir -p build
	.venv-sbom/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON -o build/sbom.json

audit: $(VENV)/core ## Known vulnerabilities of the locked dependencies (asks PyPI)
	$(BIN)/python -m tools.audit

golden: $(VENV)/ready ## Write the old collectors' golden files again, from the originals (PyPI)
	$(BIN)/python -m tests.compat.make_golden

golden-release: $(VENV)/ready native ## The files of this release that later ones must read, in tests/golden
	$(BIN)/python -m tests.golden.make

matrix: $(VENV)/ready ## The suites on each Python, on both cores, with the oldest and newest dependencies (an hour)
	$(BIN)/python -m tools.matrix $(MATRIX)

client: $(VENV)/ready native ## The unmodified azureml-ai-monitoring and CloudEvents' SDK, posting to a running gateway (PyPI)
	$(BIN)/python -m tests.gateway.original_client
	$(BIN)/python -m tests.peers.original_client

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header pyproject.toml

OTHER := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

lock: $(VENV)/ready ## Write all lock files again
	$(BIN)/$(LOCK) -o requirements.txt
	$(BIN)/$(LOCK) --group dev -o requirements-dev.txt
	$(BIN)/uv $(OTHER) --group docs -c requirements-dev.txt -o docs/requirements.txt
	cd loadtest/faceoff && ../../$(BIN)/uv $(OTHER) requirements.in -o requirements.txt
	cd tests/servers/inference_server && ../../../$(BIN)/uv $(OTHER) requirements.in \
		../../../pyproject.toml -c ../../../requirements.txt -o requirements.txt
	cd tests/ray && ../../$(BIN)/uv $(OTHER) requirements.in \
		../../pyproject.toml -c ../../requirements.txt -o requirements.txt
	cd tests/spark && ../../$(BIN)/uv $(OTHER) requirements.in \
		../../pyproject.toml -c ../../requirements.txt -o requirements.txt
	cd tests/readers && ../../$(BIN)/uv $(OTHER) requirements.in -o requirements.txt
	mkdir -p build
	$(BIN)/uv pip compile --quiet --python-version 3.11 --resolution lowest-direct --no-deps --no-header \
		--no-annotate --no-emit-index-url --extra read --group frames pyproject.toml -o build/oldest.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra read --group dev pyproject.toml -c build/oldest.txt -o tools/matrix/oldest.txt
	cd tools/sbom && ../../$(BIN)/uv $(OTHER) requirements.in -o requirements.txt
	cd tests/evidently && ../../$(BIN)/uv $(OTHER) requirements.in \
		../../pyproject.toml -c ../../requirements.txt -o requirements.txt

clean: ## Remove everything that was built or installed
	rm -rf $(VENV) .venv-audit .venv-sbom .venv-inference .venv-ray .venv-spark .venv-readers .venv-evidently $(FACEOFF) testkit/azurite/node_modules build dist demo-data .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache
