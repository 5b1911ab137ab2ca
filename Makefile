# `make` prints this menu. Needs Python ≥ 3.11 and a package index; no Docker, no root, no server.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# everything that the menu shows
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --no-sync
ORDERS ?=
RATE ?=
INPUT ?=
CREDIT_LIMIT ?=
KILLS ?= 10
FUZZ_EXAMPLES ?= 200
EXAMPLES ?= 1000
PEERS ?=
NAME ?=
ARGS ?=
AGAINST ?= main
DEPLOYED ?=
# side by side where everything is tested; one after another where somebody chose
WORKERS ?= $(if $(ARGS),0,auto)
SERVICES := $(patsubst services/%/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
# those that declare streams, consumers or channels
MESSAGING := $(foreach service,$(SERVICES),$(if $(wildcard services/$(service)/src/*/messaging/topology.py),$(service)))
CONSUMERS ?=
SERVICE ?=
VERSION ?=
ENVIRONMENT ?=
IMAGE_PREFIX ?= longship
IMAGE_TAG ?= 0.1.0
IMAGE_BUILD ?= docker build --tag
IMAGE_LOAD ?= kind load docker-image
CHART_REGISTRY ?=
NAMESPACE ?=
RELEASE ?=
export ORDERS RATE INPUT CREDIT_LIMIT PEERS NAMESPACE RELEASE IMAGE_TAG

help: ## Print this menu
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(if $(filter .uv/bin/uv,$(UV)),.uv/bin/uv):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which one with 'make PYTHON=…'" >&2; exit 1; }
	@echo "Fetching uv into .uv …" >&2
	@$(PYTHON) -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv

install: $(filter .uv/bin/uv,$(UV)) ## Install everything into .venv, as locked
	@$(UV) sync --locked --all-packages --quiet --python '>=3.11'

demo: install ## Start everything, carry orders through their sagas, check the sums (ORDERS, RATE, INPUT, ARGS=--json)
	@$(RUN) devkit demo $(ARGS)

run: install ## Keep everything running until Ctrl-C; its data stay in .run (ARGS=--json)
	@$(RUN) devkit run $(ARGS)

chaos: install ## Kill processes while orders run, then look for what was lost or done twice (KILLS, ARGS=--json)
	@$(RUN) devkit chaos --kills $(KILLS) $(ARGS)

bench: install ## Measure relay and sagas; PEERS=1 measures other systems beside them (ARGS=--json)
	@$(RUN) devkit bench $(ARGS)

test: install ## Run all tests, on the real NATS and PostgreSQL (ARGS to pytest, WORKERS=auto side by side)
	@$(RUN) pytest -n $(WORKERS) --dist loadfile $(ARGS)

new-service: install ## Make a service from the template: NAME=loyalty-service (ARGS=--defaults asks nothing)
	@test -n "$(NAME)" || { echo "Say how it is called: NAME=loyalty-service" >&2; exit 1; }
	@UV=$(UV) $(RUN) devkit new-service $(NAME) $(ARGS)

update-service: install ## Bring into a service of the template what became of the template since (NAME)
	@test -f services/$(NAME)/.copier-answers.yml || { echo "Say which one, made by new-service: NAME=…" >&2; exit 1; }
	@$(RUN) copier update --trust --skip-answered --vcs-ref $$(git rev-parse HEAD) --answers-file services/$(NAME)/.copier-answers.yml $(ARGS)

template-test: install ## Make differently answered services in copies of the repository, and run all that they have to pass
	@UV=$(UV) TEMPLATES=all $(RUN) pytest -q tests/new_service $(ARGS)

goldens: install ## Write anew the charts' messaging blocks, and what charts render to
	@for service in $(MESSAGING); do \
		values=charts/$$service/values.yaml && head="$$(sed '/^messaging:/,$$d' $$values)" && \
		block="$$($(RUN) chassis describe $${service//-/_} --format values)" && \
		printf '%s\n\n%s\n' "$${head%$$'\n'}" "$$block" | sed '/^# Generated/{n;/^$$/d}' >$$values.new && \
		mv $$values.new $$values || exit; \
	done
	@GOLDENS=write $(RUN) pytest -q tests/charts/test_goldens.py $(ARGS)

images: ## Build the services' images (IMAGE_TAG; IMAGE_BUILD, a command that takes tag, folder and docker's options)
	@for service in $(SERVICES); do \
		$(IMAGE_BUILD) $(IMAGE_PREFIX)/$$service:$(IMAGE_TAG) . --file services/Dockerfile --build-arg SERVICE=$$service \
			--build-arg VERSION=$(IMAGE_TAG) --build-arg REVISION=$$(git rev-parse HEAD) || exit; \
	done

images-load: ## Copy them into a cluster (IMAGE_LOAD, such as 'minikube image load')
	@for service in $(SERVICES); do $(IMAGE_LOAD) $(IMAGE_PREFIX)/$$service:$(IMAGE_TAG) || exit; done

images-publish: ## Build and push images for two platforms, with bill of materials and provenance (IMAGE_PREFIX)
	@$(MAKE) --no-print-directory images IMAGE_BUILD='docker buildx build --push --platform linux/amd64,linux/arm64 \
		--sbom=true --provenance=mode=max --tag'

images-sign: ## Sign what was pushed, by its digest (needs cosign)
	@for service in $(SERVICES); do \
		image=$(IMAGE_PREFIX)/$$service && \
		digest=$$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' $$image:$(IMAGE_TAG)) && \
		cosign sign --yes $$image@$$digest || exit; \
	done

charts-publish: ## Package the charts as version IMAGE_TAG, push them as OCI artifacts and sign them (CHART_REGISTRY)
	@test -n "$(CHART_REGISTRY)" || { echo "Say where to push to: CHART_REGISTRY=registry.example/charts" >&2; exit 1; }
	@rm -rf dist/charts && mkdir -p dist/charts
	@for chart in demo $(SERVICES); do \
		helm package charts/$$chart --version $(IMAGE_TAG) --app-version $(IMAGE_TAG) --destination dist/charts && \
		digest=$$(helm push dist/charts/$$chart-$(IMAGE_TAG).tgz oci://$(CHART_REGISTRY) 2>&1 | sed -n 's/^Digest: //p') && \
		test -n "$$digest" && cosign sign --yes $(CHART_REGISTRY)/$$chart@$$digest || exit; \
	done

e2e: install images images-load ## Install on the cluster of KUBECONFIG, disturb it under load, remove it (NAMESPACE, RELEASE, ARGS='--json --only scaling')
	@$(RUN) devkit e2e $(ARGS)

sbom: install ## Write a bill of materials for each service from the lock into dist/ (CycloneDX)
	@mkdir -p dist
	@for service in $(SERVICES); do \
		$(UV) export --quiet --frozen --no-dev --package $$service --format cyclonedx1.5 \
			--output-file dist/$$service.cdx.json >/dev/null || exit; \
		echo dist/$$service.cdx.json; \
	done

docs: install ## Build the documentation into dist/docs; a link that leads nowhere is an error
	@$(RUN) sphinx-build -q -W --keep-going -b html docs dist/docs
	@echo dist/docs/index.html

release-dry-run: install ## Make and try everything that a release publishes, as version IMAGE_TAG; publish nothing
	@UV=$(UV) $(RUN) devkit release-dry-run $(ARGS)

fuzz: install ## Try many requests against every service's OpenAPI document (FUZZ_EXAMPLES of each kind for an operation)
	@FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(RUN) pytest -q tests/fuzz $(ARGS)

crash-test: install ## Run our flows with everything going wrong, several faults at once (EXAMPLES of each scenario)
	@CRASH_EXAMPLES=$(EXAMPLES) $(RUN) pytest -q tests/crashes $(ARGS)

contracts: install ## Write each service's AsyncAPI, released messages and sagas, and the gateway's OpenAPI; stops where one would break
	@for service in $(MESSAGING); do \
		$(RUN) chassis contracts $${service//-/_} services/$$service/contracts || exit 1; \
	done
	@$(RUN) devkit pages

gate: install ## Compare the contracts with branch AGAINST (main), and with the versions of the environments in DEPLOYED
	@$(RUN) devkit gate --against $(AGAINST) $(if $(DEPLOYED),--deployed $(DEPLOYED)) $(ARGS)

pacts: install ## Write what consumers' tests need of others into their providers' contracts/consumers (CONSUMERS, if not all)
	@$(RUN) devkit contracts write $(CONSUMERS)

contract-test: install ## Run all contract tests and report who was verified with whom, in dist/contracts (VERSION, ARGS=--json)
	@VERSION=$(VERSION) $(RUN) devkit contracts test $(ARGS)

can-i-deploy: install ## Say from the matrix whether a version may be deployed (SERVICE, VERSION, ENVIRONMENT, ARGS=--json)
	@SERVICE=$(SERVICE) VERSION=$(VERSION) ENVIRONMENT=$(ENVIRONMENT) $(RUN) devkit contracts can-i-deploy $(ARGS)

lint: install ## Look for mistakes and broken boundaries
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) lint-imports

format: install ## Format the code
	@$(RUN) ruff check --fix --quiet || true
	@$(RUN) ruff format

typecheck: install ## Check types, strictly
	@MYPYPATH=$$(echo libs/*/src services/*/src | tr ' ' :) $(RUN) mypy libs/*/src services/*/src

check: lint typecheck ## Everything that runs nothing

check-charts: ## Lint, render and package the charts with the helm of the PATH
	@for values in charts/*/ci/*-values.yaml; do \
		chart=$$(dirname $$(dirname $$values)) && \
		helm lint --strict --quiet --kube-version 1.34 --values $$values $$chart && \
		helm template demo $$chart --values $$values --kube-version 1.34 >/dev/null && \
		helm package $$chart --destination dist/charts >/dev/null || exit; \
	done

check-workflows: install ## Look for mistakes and weaknesses in .github (and by actionlint, where it is on the PATH)
	@$(UV) tool run --quiet zizmor@1.32.0 --offline --persona pedantic --min-severity low .github
	@if command -v actionlint >/dev/null; then actionlint; fi
