# make demo and make test are the two to remember.
SWIFT ?= swift

.PHONY: all build test demo format format-check clean dependencies

all: build

dependencies:
	@scripts/dependencies

build: dependencies
	$(SWIFT) build -c release

# Release, because some tests train and fill for real.
test:
	@scripts/dependencies --test
	$(SWIFT) build -c release
	$(SWIFT) test -c release

demo: build
	@scripts/demo

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

format-check:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build
