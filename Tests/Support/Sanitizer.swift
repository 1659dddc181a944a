import Foundation

/// Whether the tests are built with a sanitizer, as `make test-sanitized` says.
public let isSanitized = ProcessInfo.processInfo.environment["SANITIZER"] != nil

/// ThreadSanitizer maps a file of its own behind the program's constants; what limits files ends it.
public let isThreadSanitized = ProcessInfo.processInfo.environment["SANITIZER"] == "thread"
