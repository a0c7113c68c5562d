.DEFAULT_GOAL := help
.PHONY: help run examples test lint python node portal screenshots test-integrations bench generate fuzz audit clean

help: ## List the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the server on SQLite with a demonstration organisation
	@scripts/run.sh

examples: ## Decide the recorded requests in examples/ and show why
	@scripts/examples.sh

test: ## Everything CI runs: format, lints, tests, vectors, docs, wasm
	@scripts/test.sh

lint: ## Format and lints only
	@scripts/lint.sh

python: ## Build the Python wheel and prove it in a fresh environment
	@scripts/python.sh

node: ## Build both JavaScript packages and prove them in Node and Chromium
	@scripts/wasm.sh
	@scripts/node.sh

portal: ## Build the governance portal, and open every page of it in Chromium
	@scripts/portal.sh
	@scripts/portal-test.sh

screenshots: ## Pictures of every page of the portal, light and dark, wide and on a phone (target/portal-shots)
	@scripts/portal.sh
	@scripts/portal-test.sh --pictures

test-integrations: ## The integrations against the real frameworks (after `make python node`)
	@scripts/test-integrations.sh
	@scripts/test-integrations-node.sh

bench: ## Measure beside the named rivals; writes benches/RESULTS.md
	@scripts/bench.sh

generate: ## Write every generated file
	@scripts/generate.sh

fuzz: ## Run each fuzz target for 60 seconds (needs the nightly toolchain)
	@scripts/fuzz.sh

audit: ## Licences, sources and bans of every dependency (installs cargo-deny)
	@scripts/audit.sh

clean: ## Remove what was built
	cargo clean
