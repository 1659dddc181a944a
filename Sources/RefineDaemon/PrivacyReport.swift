import BusTransport
import RefineBus
import WorkerProtocol

/// What keeps photos on this machine, as it was found when it was tried.
public struct PrivacyReport: Sendable, Equatable {
    /// Each guard by name, and whether it holds.
    public var guards: [String: Bool]
    /// What the kernel enforces of refine-worker's closed file system; nil where it could not be asked.
    public var landlock: LandlockReport?

    public init(guards: [String: Bool], landlock: LandlockReport? = nil) {
        self.guards = guards
        self.landlock = landlock
    }

    /// The property `Landlock`.
    var landlockValue: BusValue {
        guard let landlock else { return .options([:]) }
        return .options([
            "abi": UInt32(clamping: landlock.abi).busValue, "denied": landlock.denied.busValue,
            "every-thread": landlock.bindsEveryThread.busValue,
        ])
    }
}
