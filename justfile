# The verbs of this repository; the parts of CI are defined once, in .ci/run.

# The pinned tools of `.ci/run install`, before those of the system.
tools := env("CARGO_TARGET_DIR", justfile_directory() / "target") / "tools"
export PATH := tools / "bin:" + tools / "python/bin:" + tools / "npm/node_modules/.bin:" + env("PATH")
export PYTHONPATH := justfile_directory() / "tests/harness:" + justfile_directory() / "tests/verifier:" + tools / "python"

# What there is.
default:
    @just --list --unsorted

# Everything in one process: the first thing to try.
dev *ARGS:
    cargo run --release -- {{ARGS}}

# All binaries and tests, development profile.
build:
    cargo build --workspace --all-targets

# Below a minute on a warm tree: format, types, laws, and what ruff finds. It is the pre-commit hook too.
check:
    .githooks/pre-commit

# Run `just check` before each commit of this clone.
hooks:
    git config core.hooksPath .githooks

# Format the code, the protos and the Python.
fmt:
    cargo fmt --all
    buf format -w proto
    ruff format

# Mend what tools can mend by themselves, then format.
fix: && fmt
    cargo clippy --fix --workspace --all-targets --allow-dirty --allow-staged
    ruff check --fix

# What CI says about code, protos, Python, scripts, words and dependencies.
lint:
    .ci/run fmt ruff mypy shellcheck typos buf deny clippy

# The documentation of all crates, private items too.
doc *ARGS:
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --document-private-items {{ARGS}}

# All tests of the workspace; they start a broker, or use BLOCKLOG_TEST_KAFKA.
test *ARGS:
    cargo test --workspace {{ARGS}}

# What is deployed, held against schemas and the binaries' own words.
deploy: build
    .ci/run deploy

# The first minute of a new user, in a fresh copy.
first-minute:
    .ci/run first_minute

# The verifier in Python: its own tests, then beside the product's on golden files, or on exports and proof files.
verifier *FILES: build
    python3 -m unittest discover tests/verifier
    tests/verifier/agree.py {{FILES}}

# A million changed proof files, none of which verifies: minutes.
million:
    cargo test -p cli --lib -- --ignored --nocapture none_of_a_million_changes_verifies

# Scenarios on real processes and a real broker, by name: just e2e article races.
e2e *NAMES: build
    tests/e2e/run {{NAMES}}

# The scenarios in which processes are killed.
kills: build
    tests/e2e/run kills dev_kill journal_kill eight

# Three brokers that are stopped, frozen and killed under load, and an independent reader of every promise: twelve minutes.
reliability: build
    tests/e2e/run pipelined brokers_away reliability

# The golden session in full: 100 000 records, every figure of every RPC recounted: minutes, ten of them on busy cores.
golden RECORDS="100000": build
    GOLDEN_RECORDS={{RECORDS}} tests/e2e/run golden

# Ratios against a baseline of the same run.
bench *ARGS:
    cargo build --release --locked -p bench -p ingest -p ledger
    "${CARGO_TARGET_DIR:-target}/release/bench" {{ARGS}}

# A real broker in the background: up, down, env.
kafka VERB="up":
    tests/harness/kafka.py {{VERB}}

# What CI runs, or only some of its parts.
ci *PARTS:
    .ci/run {{PARTS}}
