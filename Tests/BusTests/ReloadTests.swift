import Foundation
import Logging
import RefineBus
import RefineDaemon
import Synchronization
import TestSupport
import Testing

/// `Manager.Reload`: new settings while the daemon runs.
@Suite struct ReloadTests {
    /// What the next read gives.
    private final class Source: Sendable {
        let next = Mutex<Result<SettingsChange, RefineError>>(
            .success(SettingsChange(settings: .init(), changed: [], awaitingRestart: [])))
        let threshold = LogThreshold(.info)
    }

    private func withDaemon(_ gate: StepGate? = nil, _ body: (TestDaemon, Source) async throws -> Void) async throws {
        let source = Source()
        try await TestDaemon.with(
            gate: gate,
            settings: { try source.next.withLock { try $0.get() } }, threshold: source.threshold
        ) { try await body($0, source) }
    }

    @Test func newLimitsHoldAtOnceAndJobsThatWaitStay() async throws {
        let gate = StepGate()
        try await withDaemon(gate) { daemon, source in
            let first = try await daemon.inpaint(), second = try await daemon.inpaint()
            var settings = LiveSettings()
            settings.limits.queueLength = 2
            settings.logLevel = .error
            source.next.withLock {
                $0 = .success(
                    SettingsChange(
                        settings: settings, changed: ["jobs.queue-length", "daemon.log-level"],
                        awaitingRestart: ["daemon.model"]))
            }
            let told = try await daemon.manager.reload()
            #expect(told.changed == ["jobs.queue-length", "daemon.log-level"])
            #expect(told.restartNeeded == ["daemon.model"])
            #expect(source.threshold.level == .error)
            let refused = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint() }
            #expect(refused?.code == .busy && refused?.reason == "full")
            gate.open()
            #expect(try await first.end() == "")
            #expect(try await second.end() == "")
        }
    }

    @Test func wrongSettingsAreToldAndChangeNothing() async throws {
        try await withDaemon { daemon, source in
            let wrong = RefineError(
                .invalidArgument, "settings", "wrong", "refined.toml:3: there is no setting jobs.queue",
                remedy: "did you mean jobs.queue-length?")
            source.next.withLock { $0 = .failure(wrong) }
            let told = await #expect(throws: RefineError.self) { _ = try await daemon.manager.reload() }
            #expect(told == wrong)
            #expect(source.threshold.level == .info)
            let end = try await daemon.inpaint().end()
            #expect(end == "")
        }
    }

    @Test func aDaemonWithoutSettingsHasNothingToReadAgain() async throws {
        try await TestDaemon.with { daemon in
            let told = try await daemon.manager.reload()
            #expect(told.changed.isEmpty && told.restartNeeded.isEmpty)
        }
    }
}
