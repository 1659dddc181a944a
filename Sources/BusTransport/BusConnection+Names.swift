import Glibc

extension BusConnection {
    /// Owns a well-known name, or fails at once where another process has it.
    ///
    /// - Throws: `BusError` with code `nameTaken`.
    public func own(_ name: String) async throws {
        // DBUS_NAME_FLAG_DO_NOT_QUEUE: a second daemon must not wait behind the first.
        let doNotQueue: UInt32 = 4
        let reply = try await call(.bus("RequestName", .string(name), .uint32(doNotQueue)))
        // 1: primary owner, 4: already owner.
        guard let code = reply.first?.content(as: UInt32.self), code == 1 || code == 4 else {
            throw BusError(
                .nameTaken, "another process owns the name \(name)",
                remedy: "stop it first: systemctl --user stop refined, or end the refined that was started by hand")
        }
    }

    /// Gives a name back.
    public func disown(_ name: String) async throws {
        _ = try await call(.bus("ReleaseName", .string(name)))
    }

    /// The unique name of a name's owner; nil where there is none.
    public func owner(of name: String) async throws -> String? {
        do {
            return try await call(.bus("GetNameOwner", .string(name))).first?.content()
        } catch let error as BusError where error.name == BusErrorName.nameHasNoOwner {
            return nil
        }
    }

    /// The user id of the process behind a name.
    public func userID(of name: String) async throws -> UInt32? {
        try await call(.bus("GetConnectionUnixUser", .string(name))).first?.content()
    }

    /// The name of the program behind a name, as it calls itself; nil where it is gone.
    public func processName(of name: String) async throws -> String? {
        guard
            let process = try await call(.bus("GetConnectionUnixProcessID", .string(name))).first?.content(
                as: UInt32.self), let file = fopen("/proc/\(process)/comm", "re")
        else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count].prefix { $0 != 10 }, as: UTF8.self)
    }

    /// Returns when `name` has no owner, or has another one than when this began. Also returns when the connection closes.
    ///
    /// The watch is in place before the owner is looked up, so a process that leaves in between is not missed.
    /// - Throws: `BusError` where the bus refuses the watch.
    public func waitUntilVanished(_ name: String) async throws {
        let changes = try await signals(
            SignalMatch(
                sender: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
                member: "NameOwnerChanged", firstArgument: name))
        guard try await owner(of: name) != nil else { return }
        for await change in changes {
            // name, old owner, new owner; the old owner is empty where a new one merely appears.
            if let old = change.body.dropFirst().first?.content(as: String.self), !old.isEmpty { return }
        }
    }
}
