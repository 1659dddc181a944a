import Foundation

/// A condition that did not come true in time.
package struct Overdue: Error, CustomStringConvertible {
    package let what: String

    package init(what: String) { self.what = what }

    package var description: String { "waited too long for \(what)" }
}

/// Generous: tests that train hold both threads of a small machine for minutes, and only a failure waits so long.
package let waitingLimit = Duration.seconds(300)

/// Polls until `condition` gives a value.
package func eventually<T>(
    _ what: String, within limit: Duration = waitingLimit, _ condition: () async throws -> T?
) async throws -> T {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try await condition() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw Overdue(what: what)
}

/// Polls until `condition` is true.
package func eventually(
    _ what: String, within limit: Duration = waitingLimit, _ condition: () async throws -> Bool
) async throws {
    let _: Bool = try await eventually(what, within: limit) { try await condition() ? true : nil }
}

/// The first element that `stream` gives in time.
package func next<T: Sendable>(_ what: String, of stream: AsyncStream<T>, within limit: Duration = waitingLimit)
    async throws
    -> T
{
    try await withThrowingTaskGroup(of: T?.self) { group in
        group.addTask {
            for await element in stream { return element }
            return nil
        }
        group.addTask {
            try await Task.sleep(for: limit)
            throw Overdue(what: what)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let element = first else { throw Overdue(what: what) }
        return element
    }
}

/// How many descriptors of memory files of this name the process has open. Other tests run beside this one, so the count
/// of all descriptors says nothing.
package func openMemoryFiles(named name: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        return target?.hasPrefix("/memfd:\(name) ") ?? false
    }
}
