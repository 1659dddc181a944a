import CDBus

/// Which signals to receive. Nil fields match everything.
public struct SignalMatch: Sendable, Equatable {
    public var sender: String?
    public var path: String?
    public var interface: String?
    public var member: String?
    /// The first argument, where it is a string.
    public var firstArgument: String?

    public init(
        sender: String? = nil, path: String? = nil, interface: String? = nil, member: String? = nil,
        firstArgument: String? = nil
    ) {
        self.sender = sender
        self.path = path
        self.interface = interface
        self.member = member
        self.firstArgument = firstArgument
    }

    /// The rule for the bus.
    ///
    /// - Throws: `BusError` where a field has a quote in it, which no name can have.
    func rule() throws -> String {
        let fields = [
            ("type", "signal"), ("sender", sender), ("path", path), ("interface", interface), ("member", member),
            ("arg0", firstArgument),
        ]
        return try fields.compactMap { key, value in
            guard let value else { return nil }
            guard !value.contains("'"), !value.utf8.contains(0) else {
                throw BusError(.invalidValue, "a match rule cannot hold the quote in '\(key)'")
            }
            return "\(key)='\(value)'"
        }.joined(separator: ",")
    }
}

extension BusConnection {
    /// Receives signals from now on, until the stream is dropped or the connection closes.
    ///
    /// - Parameters:
    ///   - match: Which signals.
    ///   - broadcasts: Whether to ask the bus for signals to everybody; signals that are sent to this connection alone
    ///     arrive without that.
    /// - Throws: `BusError` where the bus refuses the match.
    public func signals(_ match: SignalMatch, broadcasts: Bool = true) async throws -> AsyncStream<BusMessage> {
        let rule = try match.rule()
        let (stream, continuation) = AsyncStream.makeStream(of: BusMessage.self)
        let number = await onQueue { bus in
            let number = bus.state.nextSubscription
            bus.state.nextSubscription += 1
            bus.state.subscriptions[number] = SignalSubscription(match: match, continuation: continuation)
            if !bus.driver.isOpen { bus.state.finish() }
            return number
        }
        continuation.onTermination = { [weak self] _ in
            guard let self else { return }
            queue.async {
                self.state.subscriptions[number] = nil
                if broadcasts { self.post(.bus("RemoveMatch", .string(rule))) }
            }
        }
        if broadcasts {
            do {
                _ = try await call(.bus("AddMatch", .string(rule)))
            } catch {
                continuation.finish()
                throw error
            }
        }
        return stream
    }

    /// Sends a signal, to everybody or to `destination` alone.
    ///
    /// Signals and replies leave in the order in which they were given. One that cannot be sent because the connection
    /// is gone is dropped: nobody is there to miss it.
    ///
    /// - Throws: `BusError` with code `invalidValue` for values that no message can carry.
    public func emit(
        path: String, interface: String, member: String, _ body: [BusValue] = [], to destination: String? = nil
    ) async throws {
        try await tryOnQueue { bus in
            guard dbus_validate_path(path, nil) != 0, dbus_validate_interface(interface, nil) != 0,
                dbus_validate_member(member, nil) != 0,
                destination.map({ dbus_validate_bus_name($0, nil) != 0 }) ?? true
            else { throw BusError(.invalidValue, "cannot send the signal '\(interface).\(member)' at '\(path)'") }
            guard let message = dbus_message_new_signal(path, interface, member) else {
                throw BusError(.system, "out of memory")
            }
            defer { dbus_message_unref(message) }
            if let destination { dbus_message_set_destination(message, destination) }
            try MessageWriter.append(body, to: message)
            if bus.driver.isOpen { try bus.send(message) }
        }
    }

    /// Calls without waiting for an answer.
    private func post(_ call: BusCall) {
        guard driver.isOpen,
            let message = dbus_message_new_method_call(call.destination, call.path, call.interface, call.member)
        else { return }
        defer { dbus_message_unref(message) }
        dbus_message_set_no_reply(message, 1)
        // The only caller passes a rule that was checked before.
        guard (try? MessageWriter.append(call.body, to: message)) != nil else { return }
        try? send(message)
    }
}

/// One stream of signals.
struct SignalSubscription {
    let match: SignalMatch
    let continuation: AsyncStream<BusMessage>.Continuation

    func matches(_ message: OpaquePointer) -> Bool {
        func equals(_ wanted: String?, _ found: UnsafePointer<CChar>?) -> Bool {
            guard let wanted else { return true }
            return found.map { String(cString: $0) == wanted } ?? false
        }
        return equals(match.sender, dbus_message_get_sender(message))
            && equals(match.path, dbus_message_get_path(message))
            && equals(match.interface, dbus_message_get_interface(message))
            && equals(match.member, dbus_message_get_member(message))
            && (match.firstArgument == nil || firstArgument(of: message) == match.firstArgument)
    }

    private func firstArgument(of message: OpaquePointer) -> String? {
        var iterator = DBusMessageIter()
        guard dbus_message_iter_init(message, &iterator) != 0,
            dbus_message_iter_get_arg_type(&iterator) == CDBUS_TYPE_STRING
        else { return nil }
        var raw = DBusBasicValue()
        dbus_message_iter_get_basic(&iterator, &raw)
        return raw.str.map { String(cString: $0) }
    }
}
