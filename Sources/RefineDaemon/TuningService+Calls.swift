import BusTransport
import Foundation
import Glibc
import ImageLibrary
import Personalization
import RefineBus

extension TuningService {
    public func call(_ member: String, _ body: [BusValue], from caller: String) async throws -> [BusValue] {
        guard let bus, try await bus.userID(of: caller) == getuid() else {
            throw RefineError(.notAllowed, "tuning", "other-user", "the daemon belongs to another user")
        }
        do {
            switch member {
            case "Inhibit": return [try await inhibit(body, caller).busValue]
            case "Uninhibit": try uninhibit(body, caller)
            case "History": return [try await history(body)]
            case "SetSchedule": try setSchedule(body)
            default:
                _ = try CallOptions(body.last)
                return try await plainCall(member)
            }
            return []
        } catch let error as LibraryError {
            throw RefineError(error)
        }
    }

    /// Calls without arguments and options.
    private func plainCall(_ member: String) async throws -> [BusValue] {
        switch member {
        case "Start": return [try await start().busValue]
        case "Pause":
            try library.set(Memory.paused, "yes")
            apply(.pause)
        case "Resume":
            try library.set(Memory.paused, nil)
            apply(.resume)
        case "ClearSchedule":
            try library.set(Memory.schedule, nil)
            ownSchedule = nil
        case "Rollback": return [try await rollback().busValue]
        case "Reset":
            let archive = try requireArchive()
            apply(.reset)
            await untilDone()
            try await archive.reset()
        default: throw BusError(remote: BusErrorName.unknownMethod, "the interface has no such method")
        }
        lookSoon()
        return []
    }

    /// - Returns: codes of what is waited for.
    /// - Throws: `RefineError` where waiting would be in vain.
    private func start() async throws -> [String] {
        guard machine.phase != .judging else { return [] }
        let obstacles = await assess(isComplete: true).found.obstacles(isForced: true)
        if let hopeless = obstacles.first(where: { !$0.condition.isPassing }) { throw Self.cannotStart(hopeless) }
        try library.set(Memory.paused, nil)
        forgetFailure()
        apply(.start)
        lookSoon()
        return obstacles.map(\.condition.rawValue)
    }

    private static func cannotStart(_ obstacle: Assessment) -> RefineError {
        switch obstacle.condition {
        case .model:
            RefineError(
                .noModel, "model", "not-tunable", "there is no model that can be tuned",
                remedy: "see refinectl status")
        case .photos:
            RefineError(
                .failed, "photos", "too-few", "the library has too few photos to learn from or to check by",
                remedy: "add a folder: refinectl library add FOLDER; refinectl why tells how many are needed")
        default:
            RefineError(
                .failed, obstacle.condition.rawValue, "not-met",
                "a guard that keeps photos on this machine does not hold",
                remedy: "see refinectl privacy")
        }
    }

    private func requireArchive() throws -> any TuningArchive {
        guard let archive else {
            throw RefineError(.noModel, "model", "not-tunable", "there is nothing that can be tuned here")
        }
        return archive
    }

    private func rollback() async throws -> String {
        let archive = try requireArchive()
        // What is being learnt builds on the generation that is left.
        apply(.reset)
        await untilDone()
        defer { lookSoon() }
        do {
            return try await archive.rollback()
        } catch TuningArchiveError.nothingToRollBack {
            throw RefineError(
                .notFound, "generation", TuningArchiveError.nothingToRollBack.rawValue,
                "the model that came with the package is in use already")
        }
    }

    private func history(_ body: [BusValue]) async throws -> BusValue {
        let options = try CallOptions(body.last, known: ["limit"])
        let limit = try options.number("limit", in: 1...1000) ?? 100
        let records = try await requireArchive().history(limit: Int(limit))
        return .array(of: .options, records.map(\.busValue))
    }

    private func setSchedule(_ body: [BusValue]) throws {
        _ = try CallOptions(body.last)
        guard let text: String = body.first?.content(), text.utf8.count <= 1000 else {
            throw RefineError(.invalidArgument, "windows", "out-of-range", "the text is longer than 1000 bytes")
        }
        do {
            let windows = try CalendarWindow.list(text)
            let plain = windows.isEmpty ? "always" : windows.map(\.description).joined(separator: "; ")
            try library.set(Memory.schedule, plain)
            ownSchedule = plain
        } catch let error as CalendarWindow.ParseError {
            throw RefineError(
                .invalidArgument, "windows", "malformed", "'\(error.part)' is no window of time",
                remedy: "write windows like 'Mon..Fri 22:00-06:00', separated by semicolons, or 'always'")
        }
        lookSoon()
    }

    // MARK: Inhibitors

    private func inhibit(_ body: [BusValue], _ caller: String) async throws -> UInt64 {
        _ = try CallOptions(body.last)
        guard body.count == 3, let who: String = body[0].content(), let why: String = body[1].content() else {
            throw BusError(remote: BusErrorName.invalidArguments, "Inhibit takes two texts")
        }
        let isFirst = !inhibitors.entries.contains { $0.owner == caller }
        let cookie = try inhibitors.add(who, why, owner: caller, now: time.now())
        if isFirst, let bus {
            Task {
                // A bus that refuses the watch would let inhibitors outlive their holders, so it counts as having left.
                try? await bus.waitUntilVanished(caller)
                if inhibitors.removeAll(of: caller) { lookSoon() }
            }
        }
        // Not with the next look: the caller may begin at once with what must not be disturbed.
        apply(.assessed(isAllowed: false))
        await untilDone()
        lookSoon()
        return cookie
    }

    private func uninhibit(_ body: [BusValue], _ caller: String) throws {
        _ = try CallOptions(body.last)
        guard let cookie: UInt64 = body.first?.content() else {
            throw BusError(remote: BusErrorName.invalidArguments, "Uninhibit takes a number")
        }
        try inhibitors.remove(cookie, owner: caller)
        lookSoon()
    }
}
