import ArgumentParser
import BusTransport
import CSandbox
import RefineBus

/// `refinectl privacy`
struct PrivacyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privacy",
        abstract: "Try the guards that keep photos on this machine, in every program, and show which hold.",
        discussion: """
            For people and for programs:

              refinectl privacy
              refinectl privacy --json

            refined, a new refine-worker, a new refine-tuner and refinectl itself try what each guard forbids. Does not start refined. Ends \
            with 71 where a guard does not hold; a kernel without Landlock is told, and no error.
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let json = json
        try await Session.with { bus in
            let manager = ManagerProxy(bus)
            // At the same time, so that the guards are tried once for both.
            async let guards = manager.property("Privacy", autoStart: false)
            async let landlock = manager.property("Landlock", autoStart: false)
            let report = Report(try await guards.content() ?? [:], try await landlock.options ?? [:])
            Terminal.print(json ? report.object.text : report.words)
            guard report.open.isEmpty else {
                throw Failure(
                    Failure.Code.osError, "not guarded: \(report.open.joined(separator: ", "))",
                    hint: "the kernel, or what refined was started by, refused it; see: journalctl --user -u refined")
            }
        }
    }

    /// The guards of each program.
    private struct Report {
        var programs: [(name: String, guards: [String: Bool])]
        var landlock: [String: BusValue]

        /// - Parameters:
        ///   - all: The property Privacy.
        ///   - landlock: The property Landlock.
        init(_ all: [String: Bool], _ landlock: [String: BusValue]) {
            let children = [("worker-", "refine-worker"), ("tuner-", "refine-tuner")]
            programs = [("refined", all.filter { guarded in !children.contains { guarded.key.hasPrefix($0.0) } })]
            for (prefix, name) in children {
                let own = all.filter { $0.key.hasPrefix(prefix) }
                // A daemon without a data folder has no tuner.
                guard !own.isEmpty else { continue }
                programs.append(
                    (
                        name,
                        Dictionary(
                            uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
                    ))
            }
            programs.append(("refinectl", Self.ownGuards()))
            self.landlock = landlock
        }

        private static func ownGuards() -> [String: Bool] {
            [
                "no-core-dumps": refine_sandbox_no_core_dumps_check() == 1,
                "unix-sockets-only": refine_sandbox_unix_sockets_only_check() == 1,
                "no-io-uring": refine_sandbox_no_io_uring_check() == 1,
                "native-syscalls-only": refine_sandbox_native_syscalls_only_check() == 1,
                "no-new-privileges": refine_sandbox_no_new_privileges_check() == 1,
            ]
        }

        /// The guards that must hold and do not. Landlock is a second wall behind the system call filter.
        var open: [String] {
            programs.flatMap { program in
                program.guards.filter { !$0.value && $0.key != "landlock" }.keys.sorted().map {
                    "\($0) of \(program.name)"
                }
            }
        }

        private var abi: UInt32 { landlock["abi"]?.content() ?? 0 }
        private var denied: [String] { landlock["denied"]?.content() ?? [] }

        var object: JSON {
            .object(
                programs.map { program in
                    (program.name, .object(program.guards.sorted { $0.key < $1.key }.map { ($0.key, .bool($0.value)) }))
                } + [
                    (
                        "landlock",
                        .object([
                            ("abi", .integer(UInt64(abi))), ("denied", .strings(denied)),
                            ("every_thread", .bool(landlock["every-thread"]?.content() ?? false)),
                        ])
                    )
                ])
        }

        var words: String {
            let width = programs.flatMap { $0.guards.keys }.map(\.count).max() ?? 0
            var lines: [String] = []
            for program in programs {
                lines.append(program.name)
                for (name, holds) in program.guards.sorted(by: { $0.key < $1.key }) {
                    let padding = String(repeating: " ", count: width - name.count)
                    let head = "  \(name)\(padding)  \(holds ? "holds" : "OPEN ")"
                    lines.append(Self.meanings[name].map { Paragraph.hanging(head + "  ", $0) } ?? head)
                }
            }
            lines.append(
                abi == 0
                    ? "Landlock: this kernel has none; refine-worker's files are closed by its system call filter alone"
                    : "Landlock: ABI \(abi), denies refine-worker\n"
                        + Paragraph.hanging(
                            "  ", denied.joined(separator: ", "), within: Terminal.outputSize?.columns ?? 80))
            return lines.joined(separator: "\n")
        }

        /// What a guard is good for.
        private static let meanings = [
            "no-core-dumps": "a crash writes no memory to disc, other programs cannot read it",
            "unix-sockets-only": "no network: sockets to local programs only",
            "no-io-uring": "no system calls past the filter",
            "native-syscalls-only": "no system calls of other tables, which the filter does not read",
            "no-new-privileges": "nothing that it starts gets more rights",
            "no-sockets": "no sockets at all",
            "no-exec": "starts no other program",
            "started": "it could be started, and answered",
            "no-open": "opens no file but the ones it is given",
            "no-executable-memory": "runs no code but its own",
            "limits": "memory, time and files are bounded",
            "landlock": "the kernel closes the file system as well",
        ]
    }
}
