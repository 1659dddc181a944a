import RefineBus

/// Programs that asked for quiet over the bus.
struct Inhibitors {
    struct Entry: Sendable, Equatable {
        let cookie: UInt64
        let who: String
        let why: String
        /// The unique name of the caller.
        let owner: String
        /// Microseconds since 1970.
        let since: UInt64
    }

    private(set) var entries: [Entry] = []
    private var lastCookie: UInt64 = 0

    static let mostPerCaller = 16
    static let most = 128

    /// - Throws: `RefineError` with code `busy` where there are too many, `invalidArgument` for texts that cannot be shown.
    mutating func add(_ who: String, _ why: String, owner: String, now: UInt64) throws(RefineError) -> UInt64 {
        try Self.check("who", who)
        try Self.check("why", why)
        guard entries.count(where: { $0.owner == owner }) < Self.mostPerCaller, entries.count < Self.most else {
            throw RefineError(
                .busy, "inhibitor", "too-many", "this caller, or all together, hold too many inhibitors",
                remedy: "release some with Uninhibit")
        }
        lastCookie += 1
        entries.append(Entry(cookie: lastCookie, who: who, why: why, owner: owner, since: now))
        return lastCookie
    }

    /// - Throws: `RefineError` with code `notFound` for a cookie that this caller does not hold.
    mutating func remove(_ cookie: UInt64, owner: String) throws(RefineError) {
        guard let index = entries.firstIndex(where: { $0.cookie == cookie && $0.owner == owner }) else {
            throw RefineError(
                .notFound, "cookie", "unknown", "this caller holds no inhibitor of this number",
                remedy: "give the one that Inhibit answered, over the same connection")
        }
        entries.remove(at: index)
    }

    /// Releases all of a caller that has left. Whether there were any.
    mutating func removeAll(of owner: String) -> Bool {
        let before = entries.count
        entries.removeAll { $0.owner == owner }
        return entries.count < before
    }

    private static func check(_ name: String, _ text: String) throws(RefineError) {
        guard (1...200).contains(text.utf8.count), !text.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw RefineError(
                .invalidArgument, name, "malformed", "the text is empty, too long or has control characters",
                remedy: "give one line of 1 to 200 bytes")
        }
    }
}
