# The two commands of the README are `make demo` and `make test`. Everything else is for contributors.

SWIFT ?= swift
TOOL = .build/release/uring-buffers

.PHONY: demo test tool prepare lint examples coexistence fuzz sanitize screenshots metrics bench-micro bench-echo bench-proxy bench-spares bench-elastic bench-misbehaviour model-check ci

demo: tool
	@$(TOOL) demo

test: prepare
	$(SWIFT) test

# The tool, optimised: .build/release/uring-buffers
tool: prepare
	@$(SWIFT) build -c release --product uring-buffers

# Checks the machine, and installs liburing-dev when it is missing and that is allowed.
prepare:
	@Scripts/prepare

lint:
	@Scripts/lint

examples: prepare
	@Scripts/examples

# A program that uses this package together with swift-system.
coexistence: prepare
	@Scripts/coexistence

fuzz: prepare
	@Fuzz/run

# The tests of handles, groups and queues under the thread and the address sanitizer.
sanitize: prepare
	@Scripts/sanitize

# Pictures of the live page in each state for docs/images: a quarter of an hour, with chromium-headless-shell.
screenshots: tool
	@Scripts/screenshots

# The tests of UringBuffersMetrics, which needs the trait SwiftMetrics.
metrics: prepare
	@Scripts/metrics

# The return stack against its model, with the model checker spin.
model-check:
	@Scripts/model-check

bench-micro: prepare
	@Benchmarks/micro

bench-echo: tool
	@Benchmarks/echo

bench-proxy: tool
	@Benchmarks/proxy

bench-spares: prepare
	@Benchmarks/spares

bench-elastic: prepare
	@Benchmarks/elastic

# Zig's BufferGroup in ordinary use. Needs python3 with pip; fetches the compiler from PyPI.
bench-misbehaviour:
	@Benchmarks/misbehaviour

ci:
	@.ci/run
