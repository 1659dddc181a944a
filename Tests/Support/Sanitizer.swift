import Foundation

/// Whether the tests are built with a sanitizer, as `make test-sanitized` says.
public let isSanitized = ProcessInfo.processInfo.environment["SANITIZER"] != nil
