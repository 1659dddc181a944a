import Foundation
import TestSupport
import Testing

/// Each guard is tried by a program that puts it up (Tests/GuardProbe) and does by system calls of its own what the
/// guard forbids.
@Suite struct GuardTests {
    private func probe(_ arguments: String...) async throws -> [String: Int] {
        let end = try await Program.product("guard-probe", bus: nil).run(arguments)
        #expect(end.code == 0, "\(end.errors)")
        var values: [String: Int] = [:]
        for line in end.output.split(separator: "\n") {
            let parts = line.split(separator: "=")
            values[String(parts[0])] = Int(parts[1])
        }
        return values
    }

    private func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-guard-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder.path)
    }

    @Test func checksFailWhereNothingIsGuarded() async throws {
        let values = try await probe("none")
        for name in ["no-core-dumps", "no-new-privileges", "unix-sockets-only", "native-syscalls-only"] {
            #expect(values["check-\(name)"] == 0, "\(name)")
        }
        #expect(values["foreign-sockets"] == 1 && values["unix-sockets"] == 3)
        // A kernel may forbid io_uring by itself; then the check says so as well.
        #expect(values["check-no-io-uring"] == 1 - (values["io-uring"] ?? 0))
    }

    @Test func processGuardsHoldForOldThreadsAndForChildren() async throws {
        let values = try await probe("process")
        let expected = [
            "put-up": 1, "sockets-of-old-thread": 0, "check-no-core-dumps": 1, "check-no-new-privileges": 1,
            "check-unix-sockets-only": 1, "check-no-io-uring": 1, "check-native-syscalls-only": 1,
            "foreign-sockets": 0, "unix-sockets": 3, "io-uring": 0, "foreign-calls": 0,
            "inherited-foreign-sockets": 0, "inherited-io-uring": 0, "inherited-foreign-calls": 0,
        ]
        #expect(values == expected)
    }

    @Test(.enabled(if: !isSanitized, "Swift's crash handler waits for ever for a process that AddressSanitizer ended"))
    func processThatAbortsLeavesNoCore() async throws {
        try await withFolder { folder in
            let values = try await probe("core", folder)
            #expect(values["aborted-guarded"] == 1 && values["aborted-unguarded"] == 1)
            #expect(values["core-guarded"] == 0)
            // Where this system writes cores into the folder at all, the unguarded one is the only one.
            let cores = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(cores.count <= (values["core-unguarded"] ?? 0))
        }
    }

    @Test func landlockDeniesAllButTheRules() async throws {
        try await withFolder { folder in
            let values = try await probe("landlock", folder)
            guard let abi = values["abi"], abi > 0 else {
                // A kernel without Landlock: nothing is in force, and the checks do not claim that anything is.
                #expect(values["put-up"] == 1 && values["check-unreadable"] == 0 && values["check-unwritable"] == 0)
                return
            }
            let expected = [
                "put-up": 1, "abi": abi, "skipped-rules": 0, "inside-write": 1, "inside-read": 1, "outside-read": 0,
                "outside-write": 0, "outside-execute": 0, "check-unreadable": 1, "check-unwritable": 1,
            ]
            #expect(values == expected)
        }
    }

    @Test func nothingEscapesFromTheWorkersSandbox() async throws {
        let values = try await probe("worker")
        #expect(values == ["put-up": 1, "memory-file": 1, "escape-execute-errno": 1])
        // The probe itself can fail.
        let unguarded = try await probe("worker-without-guards")
        #expect(unguarded.keys.count { $0.hasPrefix("escape-") } > 12, "\(unguarded)")
    }
}
