# `make help` lists the targets. `make demo` and `make test` need a Docker
# engine: scripts/engine finds one, or installs and starts Debian's.

GO            ?= go
GOLANGCI      := v2.15.0
LINT          := .cache/bin/golangci-lint-$(GOLANGCI)
BUILD_FLAGS   := $(shell scripts/build-flags)
VERSION       ?= $(shell scripts/version)
LDFLAGS       := $(shell scripts/link-flags '$(VERSION)')
# vet and the linter compile with the flags of a release, so that most of 800
# packages are compiled once for all three. The linter cannot use the modfile.
SAME_FLAGS    := CGO_ENABLED=0 GOFLAGS="$(filter-out -modfile=%,$(BUILD_FLAGS))"
FUZZTIME      ?= 10s

.DEFAULT_GOAL := help
.PHONY: help build shop demo module test test-quick check format vet lint bench chaos fuzz gen unchanged snapshot clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: bin/dce ## build bin/dce

bin/dce: FORCE
	@scripts/slim
	@CGO_ENABLED=0 $(GO) build $(BUILD_FLAGS) -ldflags '$(LDFLAGS)' -o $@ ./cmd/dce

shop: ## build the programs of examples/shop
	@$(MAKE) --no-print-directory -C examples/shop

demo: ## see a pod rendered, run, broken, deployed and rolled back, on this machine
	@scripts/engine
	@[ -e bin/dce ] || echo "building dce: some minutes the first time"
	@$(MAKE) --no-print-directory build
	@examples/shop/demo.sh

module: ## build the agents' hook where Mesos' headers are (MESOS_ROOT), test the rest of it
	@scripts/module

test: ## run all tests, with a Docker engine and the race detector
	@scripts/engine
	@scripts/slim
	@scripts/test

test-quick: ## run the tests that need no engine
	@$(GO) test ./...

check: format vet lint test unchanged ## everything that CI runs

format: $(LINT) ## check that the code is formatted (fix: make fmt)
	@$(LINT) fmt --diff

fmt: $(LINT) ## format the code
	@$(LINT) fmt

vet:
	@$(SAME_FLAGS) $(GO) vet ./...

lint: $(LINT) ## run the linters
	@$(SAME_FLAGS) $(LINT) run ./...

# The exact version is part of the name, so a new one is installed when it
# changes. Two minutes the first time.
$(LINT):
	@mkdir -p .cache/bin
	@echo "installing golangci-lint $(GOLANGCI)"
	@GOBIN=$(CURDIR)/.cache/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@mv .cache/bin/golangci-lint $@

bench: ## measure against docker compose and raw API calls, write docs/benchmarks.md
	@scripts/engine
	@scripts/bench

chaos: ## run the long tests too: everything that can go wrong on an agent, figures into docs/reliability.md
	@scripts/engine
	@DCE_CHAOS=1 DCE_CHAOS_PAGE=$(CURDIR)/docs/reliability.md DCE_TEST_ENGINE=1 $(GO) test -count=1 -timeout 70m ./cmd/dce

fuzz: ## run every fuzz target for FUZZTIME (10s) each
	@scripts/fuzz $(FUZZTIME)

gen: build ## write the generated files: completions, schema, docs/reference
	@scripts/gen .

unchanged: build
	@scripts/unchanged

snapshot: ## build every released binary for this commit into dist/
	@scripts/snapshot '$(VERSION)'

clean: ## remove what the targets above made
	@rm -rf bin dist man examples/shop/bin
