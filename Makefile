# What can be done here; `make` alone says it. Only `demo` has to work with nothing but Rust and a C compiler.

# One selection of crates and features for every build but the demo's: cargo then compiles each crate once for all of them.
# `fault` compiles the named failure points in that tests stop our processes at.
SELECTION = --workspace --features throughline/fault

.DEFAULT_GOAL := help
.PHONY: help demo build test lint tools bench bench-short mutants soak

help: ## Says what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Builds, starts every service in one process, seeds invented lives, and prints where to look
	cargo run --profile demo --package throughline -- demo $(ARGS)

build: ## Builds everything that tests run
	cargo build $(SELECTION) --all-targets

test: tools build ## Runs every test, and says at the end what ran
	tools/test cargo test $(SELECTION) --no-fail-fast

lint: tools ## Checks format, clippy, protos and the rules of the repository
	cargo fmt --all --check
	cargo clippy $(SELECTION) --all-targets -- -D warnings
	.tools/buf lint proto
	cargo test $(SELECTION) --quiet --test repository_rules

bench: tools ## Measures the command path and the way to the timeline beside what the machine does without them; ONLY="d e" for parts
	cargo build --release --package throughline
	THROUGHLINE_BIN=$(CURDIR)/target/release/throughline cargo bench --package tests --bench load -- $(ONLY)

bench-short: tools ## Runs every bench for seconds and unoptimised: it measures nothing, and shows that they still do what they say
	cargo build $(SELECTION)
	THROUGHLINE_BENCH_SHORT=1 THROUGHLINE_BIN=$(CURDIR)/target/debug/throughline cargo bench $(SELECTION) --profile dev --bench load

mutants: tools ## Takes each protection out in turn, and fails where no test notices
	tools/mutants $(ONLY)

soak: tools ## Runs the fault tests in their long form: 50 deaths, outages of a minute
	cargo build $(SELECTION)
	THROUGHLINE_KILLS=50 THROUGHLINE_OUTAGE_SECONDS=60 THROUGHLINE_CLIENTS=5 THROUGHLINE_REFERRALS=10000 cargo test $(SELECTION) --test faults -- --nocapture

tools: ## Fetches what tests and lints need: PostgreSQL, NATS, Chromium, buf
	tools/fetch
