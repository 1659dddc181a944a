import BusTransport
import Foundation
import Logging
import Personalization
import RefineBus
import RefineDaemon
import TestSupport

/// The real TuningService, served over a private bus, with a fake tuner, clocks that stand still and sources that say
/// what the test says.
struct TuningDesk {
    let service: TuningService
    let tuner: FakeTuner
    let library: FakeLibrary
    let clock: TuningClock
    /// Told of at once.
    let told: FakeSource
    /// Asked only when all that is told is right.
    let measured: FakeSource
    let bus: PrivateBus
    let tuning: PersonalizationProxy
    private let daemon: BusConnection

    /// 2026-11-24 22:00 UTC, a Tuesday.
    static let night = 1_795_557_600.0

    static func with(
        _ policy: TuningPolicy = .init(), at wall: Double = night, zone: String = "UTC", library: FakeLibrary = .init(),
        tuner: FakeTuner = .init(), _ body: (TuningDesk) async throws -> Void
    ) async throws {
        try await PrivateBus.with { bus in
            let clock = TuningClock(wall: wall)
            let told = FakeSource([.idle, .power, .charge, .powerProfile, .inhibitors])
            let measured = FakeSource([.load, .memory, .temperature, .disk])
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = TimeZone(identifier: zone) ?? .gmt
            let service = TuningService(
                policy: policy, library: library, tuner: tuner, archive: tuner, time: clock.source,
                calendar: { [calendar] in calendar }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                sources: { _ in [[told], [measured], [FakeSource([.privacy])]] })
            service.note(.model(isReady: true))
            let daemon = try await bus.connect()
            try await serve(service, on: daemon)
            let running = Task { await service.run(on: daemon) }
            let desk = TuningDesk(
                service: service, tuner: tuner, library: library, clock: clock, told: told, measured: measured,
                bus: bus,
                tuning: PersonalizationProxy(try await bus.connect()), daemon: daemon)
            do {
                try await body(desk)
                running.cancel()
                await running.value
            } catch {
                running.cancel()
                throw error
            }
        }
    }

    /// The part of the daemon's desk that these tests need.
    private static func serve(_ service: TuningService, on daemon: BusConnection) async throws {
        let (calls, sink) = AsyncStream.makeStream(of: IncomingCall.self)
        try await daemon.serve(below: RefineNames.root) { sink.yield($0) }
        try await daemon.own(RefineNames.bus)
        Task {
            for await call in calls {
                Task {
                    do {
                        if call.message.member == "Get", let name: String = call.message.body.last?.content() {
                            call.reply([.variant(await service.property(name) ?? .string(""))])
                        } else if call.message.member == "GetAll" {
                            var values: [String: BusValue] = [:]
                            for property in service.interface.properties {
                                values[property.name] = await service.property(property.name)
                            }
                            call.reply([.options(values)])
                        } else {
                            call.reply(
                                try await service.call(
                                    call.message.member, call.message.body, from: call.message.sender ?? ""))
                        }
                    } catch let error as RefineError {
                        call.fail(error.name, error.message)
                    } catch {
                        call.fail(BusErrorName.failed, "\(error)")
                    }
                }
            }
        }
    }

    func state() async throws -> String {
        try await tuning.announced()["State"]?.content() ?? ""
    }

    func reasons() async throws -> [String] {
        try await tuning.announced()["Reason"]?.content() ?? []
    }

    /// Waits for a state, and for what was told to the tuner until then.
    func wait(for state: String, told: [String]? = nil) async throws {
        try await eventually("the state \(state), told \(tuner.told)") {
            try await self.state() == state && (told == nil || tuner.told == told)
        }
    }

    func wait(forReasons reasons: [String]) async throws {
        try await eventually("the reasons \(reasons)") { try await self.reasons() == reasons }
    }

    /// Waits for the next look and lets the time of it come.
    func advance(toLookAfter seconds: Double) async throws {
        try await eventually(clock, seconds)
        clock.advance(by: seconds)
    }
}
