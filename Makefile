# make demo and make test are the two to remember.
SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/.*static let current = "\(.*\)"/\1/p' Sources/RefineBus/ProductVersion.swift)

# What is installed carries the Swift runtime inside it, so that it runs where no toolchain is. It has a folder of its own,
# because a build with another runtime starts from nothing. All that the programs take from libraries is bound at the start
# and read-only from then on.
STATIC_FLAGS := --static-swift-stdlib -Xlinker -z -Xlinker now
STATIC := .build/static
PROGRAMS := $(STATIC)/release

# Where a sanitizer's builds are, which sanitizer, and what runs under it.
SANITIZER ?= thread
FILTER ?= BusTests|WorkerTests|LibraryTests|SurroundingsTests

.PHONY: all build test test-sanitized test-installed demo static install install-lab uninstall deb docs release-check format format-check clean dependencies

all: build

dependencies:
	@scripts/dependencies

build: dependencies
	@scripts/in-own-tmp $(SWIFT) build -c release

# Release, because some tests train and fill for real; one after the other, because hundreds of buses, daemons and trainings
# at once starve each other on a small machine, and Foundation's Process reads beyond its buffer where a thousand files are
# open.
test:
	@scripts/dependencies --test
	@scripts/in-own-tmp $(SWIFT) build -c release --build-tests
	@scripts/in-own-tmp $(SWIFT) test -c release --skip-build --no-parallel

# SANITIZER=thread or address. CONTRIBUTING.md says what is different then.
test-sanitized:
	@scripts/dependencies --test
	@scripts/in-own-tmp $(SWIFT) build -c release --build-tests --sanitize=$(SANITIZER) --scratch-path .build/$(SANITIZER)
	@SANITIZER=$(SANITIZER) scripts/in-own-tmp $(SWIFT) test -c release --skip-build --sanitize=$(SANITIZER) \
	    --scratch-path .build/$(SANITIZER) --no-parallel --filter '$(FILTER)'

demo: build
	@scripts/demo

# For sudo make install after make static: what a user has built is not built again by root.
static:
	@if [ "$$(id -u)" -eq 0 ] && [ -x $(PROGRAMS)/refined ] && [ "$$(stat -c %u $(PROGRAMS)/refined)" -ne 0 ]; then \
	    echo "Taking the programs as they were built by $$(stat -c %U $(PROGRAMS)/refined)."; \
	else \
	    scripts/dependencies && $(SWIFT) build -c release $(STATIC_FLAGS) --scratch-path $(STATIC); \
	fi

install: static
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install $(PROGRAMS)

# Also the programs that train and measure models: refine-distill and refine-bench.
install-lab: static
	@LAB=1 PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install $(PROGRAMS)

uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/uninstall

# The package in a real systemd (Tests/Installed). Where it cannot run, that is said and no error, unless a release asks.
test-installed: static
	@Tests/Installed/run $(PROGRAMS) $(VERSION) || { code=$$?; \
	    [ $$code -eq 77 ] && [ -z "$(REQUIRE_INSTALLED)" ] || exit $$code; }

deb: static
	@scripts/make-deb $(PROGRAMS) $(VERSION)

# The public API of all modules, as pages in .build/docs; docc comes with the toolchain.
docs: dependencies
	@SWIFT='$(SWIFT)' scripts/make-docs

# What a release must pass: all that .ci/run does with nothing skipped, the API's pages and packages without warnings.
release-check:
	REQUIRE_INSTALLED=1 .ci/run
	STRICT=1 $(MAKE) docs
	$(MAKE) deb
	lintian --fail-on error,warning .build/deb/*.deb

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

format-check:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build
