/// What a worker found when it tried its own sandbox.
public struct SandboxReport: Codable, Equatable, Sendable {
    /// Each guard by name, and whether it holds.
    public var guards: [String: Bool]
    public var landlock: LandlockReport

    public init(guards: [String: Bool], landlock: LandlockReport) {
        self.guards = guards
        self.landlock = landlock
    }
}

/// What the kernel's Landlock really enforces, which depends on its age.
public struct LandlockReport: Codable, Equatable, Sendable {
    /// The kernel's Landlock ABI; 0 where it has none, and nothing is enforced.
    public var abi: Int
    /// Codes of what is denied everywhere but where a rule allows it, such as `read-file` (ABI 1), `truncate` (ABI 3),
    /// `connect-tcp` (ABI 4), `abstract-unix-socket` (ABI 6). In the order of the kernel's bits.
    public var denied: [String]
    /// Whether it binds all threads of the process (ABI 8), or the calling one and those that it starts later.
    public var bindsEveryThread: Bool

    public init(abi: Int = 0, denied: [String] = [], bindsEveryThread: Bool = false) {
        self.abi = abi
        self.denied = denied
        self.bindsEveryThread = bindsEveryThread
    }

    /// From the kernel's bits (linux/landlock.h).
    public init(abi: Int, filesystem: UInt64, network: UInt64, scoped: UInt64, bindsEveryThread: Bool) {
        func names(_ bits: UInt64, _ names: [String]) -> [String] {
            names.enumerated().filter { bits & 1 << UInt64($0.offset) != 0 }.map(\.element)
        }
        self.init(
            abi: abi,
            denied: names(filesystem, Self.filesystemNames) + names(network, ["bind-tcp", "connect-tcp"])
                + names(scoped, ["abstract-unix-socket", "signal"]), bindsEveryThread: bindsEveryThread)
    }

    private static let filesystemNames = [
        "execute", "write-file", "read-file", "read-dir", "remove-dir", "remove-file", "make-char", "make-dir",
        "make-reg", "make-sock", "make-fifo", "make-block", "make-sym", "refer", "truncate", "ioctl-dev",
    ]
}
