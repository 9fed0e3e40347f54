# One target per intention. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup site serve watch addresses links bundle notebooks pictures built test verify audit check update golden mutants import record freshness measured diagrams census scan bench compare
.PHONY: lint types lock dist clean
MAKEFLAGS += --no-print-directory

MAJORS := 2 3
MAIN := .venv/mlflow-3/bin
EVIDENCE := build/evidence
EX ?=
LANE ?=
FROM ?=
SCREENS ?=
UPDATE ?=
MERMAID := 11.17.2
COMPARE := build/compare
PART ?=
TIMES ?= 3

# Compiled modules are kept: importing MLflow without them takes three times as long.
unexport PYTHONDONTWRITEBYTECODE
export NO_MKDOCS_2_WARNING := 1

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## Make both environments, one per MLflow major
	@$(MAKE) -j2 $(MAJORS:%=setup-%)
setup-%:
	@scripts/bootstrap.sh mlflow-$*

verify: setup ## Replay every example in every lane
	@mkdir -p $(EVIDENCE)
	@$(MAKE) -j2 $(MAJORS:%=verify-%)
verify-%:
	@.venv/mlflow-$*/bin/verified-docs verify --evidence $(EVIDENCE)/mlflow-$*.json

audit: verify ## Replay everything again with plain vcrpy, and compare with the evidence
	@$(MAKE) -j2 $(MAJORS:%=audit-%)
audit-%:
	@.venv/mlflow-$*/bin/python scripts/audit.py $(EVIDENCE)/mlflow-$*.json

site: verify ## Verify, then build the site into site/
	@$(MAIN)/verified-docs publish $(MAJORS:%=$(EVIDENCE)/mlflow-%.json)
	@$(MAIN)/mkdocs build --strict
	@$(MAIN)/verified-docs scan
	@echo "site/index.html is ready; look at it with: make serve"

serve: site ## Build the site and show it on http://127.0.0.1:8000
	@$(MAIN)/python -m http.server --bind 127.0.0.1 --directory site 8000

watch: setup ## Show the site, and verify and build it again whenever a file is saved
	@$(MAIN)/verified-docs watch

bundle: verify ## Build the site for reading without a network, as one zip archive
	@$(MAIN)/verified-docs publish $(MAJORS:%=$(EVIDENCE)/mlflow-%.json)
	@$(MAIN)/verified-docs bundle

notebooks: setup ## Execute the notebooks in every lane [UPDATE=1]
	@for major in $(MAJORS); do .venv/mlflow-$$major/bin/verified-docs notebooks $(if $(UPDATE),--update) || exit 1; done

pictures: site ## Take the README's pictures again, from the site as it was built
	@$(MAIN)/python scripts/pictures.py

built: setup ## Check that site/ is what the evidence gives now
	@$(MAIN)/verified-docs built $(MAJORS:%=$(EVIDENCE)/mlflow-%.json) --site site

addresses: site ## Check that every address ever published leads somewhere [UPDATE=1]
	@$(MAIN)/verified-docs addresses $(if $(UPDATE),--update)

links: site ## Ask every address outside that the site leads to
	@$(MAIN)/verified-docs links --json build/links.json --markdown build/links.md

mutants: site ## Break the project on purpose and count what no check sees [UPDATE=1]
	@$(MAIN)/verified-docs mutants --json build/mutants.json $(if $(UPDATE),--update)

test: setup ## Run everything: lint, types, all lanes, the audit, the site
	@$(MAKE) lint types
	@mkdir -p $(EVIDENCE)
	@$(MAKE) -j2 $(MAJORS:%=test-%)
	@$(MAIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --ignore=tests/test_examples.py
test-%:
	@.venv/mlflow-$*/bin/pytest -q tests/test_examples.py --evidence $(EVIDENCE)/mlflow-$*.json
	@$(MAKE) audit-$*

check: setup ## Verify one example: make check EX=tracking/log_first_run
	@$(MAKE) -j2 $(MAJORS:%=check-%)
check-%:
	@.venv/mlflow-$*/bin/verified-docs verify $(EX)

update: setup ## Rewrite an example's expected output: make update EX=tracking/log_first_run
	@for major in $(MAJORS); do .venv/mlflow-$$major/bin/verified-docs verify --update $(EX) || exit 1; done

golden: setup ## Rewrite the golden files of messages; read the difference
	@$(MAIN)/pytest -q tests/test_golden_messages.py --golden-update

import: setup ## Import raw recordings: make import FROM=folder [EX=area/name]
	@$(MAIN)/verified-docs import $(FROM) $(if $(EX),--only $(EX))

record: setup ## Record against your GitLab: make record [EX=area/name] [LANE=gitlab-19.3/mlflow-3]
	@$(MAIN)/verified-docs record $(EX) $(if $(LANE),--lane $(LANE))

freshness: setup ## Say how old the recordings are, and fail if one is older than promised
	@$(MAIN)/verified-docs freshness --badge build/freshness.json

measured: setup ## Import measured data: make measured FROM=folder [SCREENS=folder]
	@$(MAIN)/python -m handbook import $(FROM) $(if $(SCREENS),--screens $(SCREENS))

diagrams: setup ## Draw the diagrams anew; needs npm and Chromium
	@mkdir -p build/mermaid
	@cd build/mermaid && npm pack --silent mermaid@$(MERMAID) && tar xzf mermaid-$(MERMAID).tgz package/dist/mermaid.min.js
	@$(MAIN)/python -m handbook diagrams build/mermaid/package/dist/mermaid.min.js

census: setup ## Count every code fence of the pages
	@$(MAIN)/verified-docs census

scan: setup ## Look for secrets in what git tracks and in what was built
	@$(MAIN)/verified-docs scan

bench: verify ## Measure verification and site beside what they are compared with [PART=name] [TIMES=3]
	@$(MAIN)/python scripts/bench.py $(if $(PART),--only $(PART)) --times $(TIMES)

compare: setup ## Run the examples under other tools, and plant faults [TIMES=3]
	@test -x $(COMPARE)/bin/python || $(MAIN)/python -m venv --without-pip $(COMPARE)
	@$(MAIN)/python -c 'import pathlib, sysconfig; print(sysconfig.get_path("purelib"), pathlib.Path("src").resolve(), sep="\n")' \
	  > $$($(COMPARE)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mlflow-3.pth
	@$(MAIN)/python -m uv pip install --quiet --python $(COMPARE)/bin/python --require-hashes --no-deps -r requirements/compare.txt
	@$(COMPARE)/bin/python scripts/compare.py --times $(TIMES)

lint: setup
	@$(MAIN)/ruff check --quiet .
	@$(MAIN)/ruff format --quiet --check src tests
	@$(MAIN)/verified-docs scan

types: setup
	@$(MAIN)/mypy --no-error-summary

lock: setup ## Pin the newest allowed dependencies, with hashes
	@for name in uv $(MAJORS:%=mlflow-%); do \
	  $(MAIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done
	@$(MAIN)/python -m uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes --no-deps \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  requirements/compare.in --output-file requirements/compare.txt

dist: bundle ## Build what a release has into dist/: wheel, source archive, the site, and their sums
	@$(MAIN)/python scripts/dist.py build/*.zip

clean: ## Remove what was built, keep the environments
	rm -rf build dist site .mypy_cache .ruff_cache .hypothesis
