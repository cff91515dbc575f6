# imreg: the verbs a person types. CMake does the work in build/; `make help` lists the verbs.
# On Debian the missing packages are installed first (.ci/packages holds the list); elsewhere they are only named.

PREFIX ?= /usr/local
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
BUILD  ?= build
DESTDIR ?=
FUZZ_SECONDS ?= 60
export ROWS ?= 1M
export CTEST_OUTPUT_ON_FAILURE = 1
export DESTDIR

configure = cmake -S . -B $(1) -G Ninja --log-level=NOTICE -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(2) > $(1).log 2>&1 || { cat $(1).log; rm -f $(1).log; exit 1; }; rm -f $(1).log
# On a terminal ninja shows how far it is; elsewhere only what fails.
build = quiet=; [ -t 1 ] || quiet="-- --quiet"; cmake --build $(1) -j $(JOBS) $(2) $$quiet
comma := ,
fuzzers = $(basename $(notdir $(wildcard tests/fuzz/*_fuzz.cc)))
sources = $(shell find include src bin tests bench -name '*.h' -o -name '*.cc' 2>/dev/null | sort)

.PHONY: all demo test check-long bench bench-large fuzz lint format man install clean help deps-build deps-test deps-lint deps-bench deps-man deps-fuzz

all: deps-build  ## the programs, in build/bin
	@$(call configure,$(BUILD),$(if $(wildcard $(BUILD)/CMakeCache.txt),,-DIMREG_TESTS=OFF))
	@$(call build,$(BUILD),--target programs)

demo: all  ## simulate a night of a mosaic camera, register it, search it
	@bash share/demo.sh $(BUILD)/bin

test: deps-build deps-test  ## build everything and run all tests
	@$(call configure,$(BUILD),-DIMREG_TESTS=ON)
	@$(call build,$(BUILD))
	@ctest --test-dir $(BUILD) -j 2 --output-on-failure --no-tests=error

check-long: deps-build deps-test  ## the long forms of the tests, and all under the address, undefined and thread sanitizers
	@$(call configure,$(BUILD),-DIMREG_TESTS=ON)
	@$(call build,$(BUILD))
	@IMREG_LONG=1 ctest --test-dir $(BUILD) -j 2 --output-on-failure --no-tests=error --timeout 7200
	@for kind in asan tsan; do \
	  cmake --preset $$kind --log-level=NOTICE && cmake --build build-$$kind -j $(JOBS) && \
	  ctest --test-dir build-$$kind -j 2 --output-on-failure --no-tests=error || exit 1; done

bench: deps-build deps-bench  ## measure against the peers: ours, peer, ratio, goal
	@$(call configure,build-bench,-DIMREG_BENCH=ON -DIMREG_TESTS=OFF)
	@$(call build,build-bench)
	@bash bench/peers/get_duckdb.sh
	@python3 bench/run.py build-bench bench $(ONLY)
	@$(if $(ONLY),,/usr/bin/python3 bench/peers/star_fields.py build-bench/bin ../shared/data/fits/f)

bench-large:  ## the searches at 1 M, 10 M and (sparse) 100 M rows: needs 25 GB of disk, takes half an hour at first
	@$(MAKE) --no-print-directory bench ROWS=1M,10M,100M ONLY="$(or $(ONLY),search_bench programs_bench)"

fuzz: deps-build deps-test deps-fuzz  ## libFuzzer on every tests/fuzz target, FUZZ_SECONDS each (60)
	@$(call configure,build-fuzz,-DCMAKE_CXX_COMPILER=clang++-16 -DCMAKE_C_COMPILER=clang-16 -DIMREG_FUZZ=ON -DIMREG_SANITIZE=address$(comma)undefined$(comma)fuzzer-no-link)
	@$(call build,build-fuzz,--target $(fuzzers))
	@set -e; for target in $(fuzzers); do mkdir -p build-fuzz/corpus/$$target; \
	  more=; [ $$target != header_fuzz ] || more="$(wildcard ../shared/data/fits)"; \
	  build-fuzz/tests/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=25 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
	    -artifact_prefix=build-fuzz/ build-fuzz/corpus/$$target $$(ls -d tests/fuzz/corpus/$$target 2>/dev/null) $$more; done

lint: deps-build deps-test deps-lint  ## format, clang-tidy, house rules, man pages
	@clang-format-16 --dry-run -Werror $(sources)
	@$(call configure,$(BUILD),-DIMREG_TESTS=ON)
	@$(call build,$(BUILD))
	@python3 .ci/tidy.py $(BUILD)
	@set -e; for rule in tests/rules/*_test.py; do python3 $$rule . $(BUILD)/bin; done
	@echo "lint: clean"

format: deps-lint  ## rewrite the sources in the house's format
	@clang-format-16 -i $(sources)

man: all deps-man  ## man pages as text in build/man
	@mkdir -p $(BUILD)/man
	@set -e; for page in man/*.[1-8]; do built="$(BUILD)/$$page"; [ -f "$$built" ] || built="$$page"; mandoc -T utf8 -O width=100 "$$built" | col -b -x > "$(BUILD)/man/$$(basename "$$page").txt"; done
	@ls $(BUILD)/man/*.txt

install: all  ## into PREFIX (DESTDIR is obeyed)
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:  ## remove everything that was built
	rm -rf build build-*

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

deps-build deps-test deps-lint deps-bench deps-man deps-fuzz: deps-%:
	@bash .ci/packages $*
