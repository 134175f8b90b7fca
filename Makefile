# capas: short names for what is done often. CMake and Ninja do the work (CMakeLists.txt, CMakePresets.json).
# `make` and `make demo` install the packages they need when these are missing, and say so.

JOBS ?= $(shell nproc)
EPOCHS ?=
TESTS ?=
export CTEST_OUTPUT_ON_FAILURE = 1

# Sanitizers of older compilers fail where the addresses of a process are strewn very widely.
STEADY := $(shell setarch --addr-no-randomize true 2>/dev/null && echo setarch --addr-no-randomize)
CTEST = $(STEADY) ctest --parallel $(JOBS) --no-label-summary $(if $(TESTS),--tests-regex '$(TESTS)') --test-dir

build: ## the program build/capas and the library, for use
	@scripts/install-packages.sh build
	@test -f build/build.ninja || cmake --preset release -DCAPAS_BUILD_TESTS=OFF
	@cmake --build build --parallel $(JOBS)

demo: build ## trains a network on handwritten digits and shows it ten (EPOCHS=n for a shorter run)
	build/capas train cnn-simple --out runs/cnn-simple --fresh $(if $(EPOCHS),--set fit.epochs=$(EPOCHS))
	build/capas predict runs/cnn-simple/model.keras data/digits/*.png

test: ## all tests under the address and undefined-behaviour sanitizers (TESTS=regex for some)
	@scripts/install-packages.sh build test
	@test -f build-test/build.ninja || cmake --preset test
	@$(if $(TESTS),scripts/build-tests.sh build-test '$(TESTS)' $(JOBS),cmake --build build-test --parallel $(JOBS))
	@$(CTEST) build-test

test-threads: ## pool, training and concurrent predictions under the thread sanitizer
	@scripts/install-packages.sh build test
	@test -f build-threads/build.ninja || cmake --preset threads
	@cmake --build build-threads --target capas_tests --parallel $(JOBS)
	@$(CTEST) build-threads --no-tests=error

bench-peers: build ## capas against TensorFlow, JAX, PyTorch, ONNX Runtime, OpenVINO (15 minutes; see bench/README.md)
	@cmake --build build --target capas_benches --parallel $(JOBS)
	bench/peers/run.sh --out docs/peers.json --page docs/peers.md --picture docs/pictures/peers.svg \
	    --rounds $(or $(ROUNDS),3) --seconds $(or $(SECONDS),2) --minutes $(or $(MINUTES),15) $(if $(NETWORKS),--networks '$(NETWORKS)') \
	    $(if $(RESUME),--resume)

bench-scaling: build ## time and memory against batch, width, depth and image size
	@cmake --build build --target capas_benches --parallel $(JOBS)
	build/bench/scaling --seconds $(or $(SECONDS),1) --processor-time --json docs/scaling.json
	python3 -B bench/scaling.py docs/scaling.json docs/pictures/scaling.svg

interop: build ## our files in Keras itself (Python; fetches Keras)
	tests/interop/run.sh

strict: ## gcc, every warning an error
	@scripts/install-packages.sh build test
	@test -f build-strict/build.ninja || cmake --preset strict
	@cmake --build build-strict --parallel $(JOBS)

clang: ## clang, every warning an error
	@scripts/install-packages.sh build test develop
	@test -f build-clang/build.ninja || cmake --preset clang
	@cmake --build build-clang --parallel $(JOBS)

neon: ## the kernels compiled for 64-bit ARM, every warning an error
	@scripts/install-packages.sh build develop
	@test -f build-neon/build.ninja || cmake --preset neon
	@cmake --build --preset neon --parallel $(JOBS)

test-arm: ## the tests as programs for 64-bit ARM, run by qemu (TESTS=regex for some)
	@scripts/install-packages.sh build test arm
	@scripts/test-arm.sh $(if $(TESTS),'$(TESTS)')

format: ## lays the sources out with clang-format
	@scripts/install-packages.sh develop
	@scripts/format.sh

check-format: ## says which sources are not laid out so
	@scripts/install-packages.sh develop
	@scripts/format.sh --check

check-house: ## the direction of dependencies and the other rules of the house
	@scripts/check-house.sh

clean: ## removes what was built, and the runs
	rm -rf build build-test build-threads build-strict build-clang build-neon build-arm runs

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

# The pages of docs/reference, from the option tables.
reference: build
	build/capas reference docs/reference

.PHONY: build demo test reference test-threads bench-peers bench-scaling interop strict clang neon test-arm format check-format check-house clean help
