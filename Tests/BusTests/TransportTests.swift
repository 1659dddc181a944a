import BusTransport
import Foundation
import TestSupport
import Testing

/// A service that sends back what it gets.
private func echo(on bus: PrivateBus) async throws -> BusConnection {
    let server = try await bus.connect()
    try await server.serve(below: "/echo") { call in
        switch call.message.member {
        case "Echo": call.reply(call.message.body)
        case "Fail": call.fail("org.example.Error.Wanted", "as asked")
        case "Drop": break
        case "Who": call.reply([.string(call.message.path)])
        default: call.fail(BusErrorName.unknownMethod, "no")
        }
    }
    try await server.own("org.example.Echo")
    return server
}

private func call(_ member: String, _ body: [BusValue] = [], path: String = "/echo") -> BusCall {
    BusCall(to: "org.example.Echo", path: path, interface: "org.example.Echo", member: member, body)
}

@Suite struct TransportTests {
    static let values: [BusValue] = [
        .byte(0), .byte(255), .bool(true), .bool(false), .int16(.min), .uint16(.max), .int32(.min), .uint32(.max),
        .int64(.min), .uint64(.max), .double(-0.0), .double(.infinity), .string(""), .string("grün 🌳"),
        .objectPath(BusObjectPath("/a/b_1")), .signature("a{sv}"), .bytes([]), .bytes([1, 2, 255]),
        .array(of: .string, []), .array(of: .string, [.string("x"), .string("y")]),
        .array(of: .array(.int32), [.array(of: .int32, [.int32(1)]), .array(of: .int32, [])]),
        .array(of: .bytesType, [.bytes([1]), .bytes([])]),
        .array(of: .structure([.int32, .int32]), [.structure([.int32(1), .int32(2)])]),
        .structure([.string("a"), .structure([.bool(true), .variant(.uint64(7))])]),
        .variant(.variant(.array(of: .options, []))),
        .dictionary(key: .uint32, value: .string, [.init(.uint32(3), .string("c")), .init(.uint32(1), .string("a"))]),
        .options(["b": .int32(1), "a": .options(["nested": .string("v")])]),
        .dictionary(key: .objectPath, value: .dictionary(key: .string, value: .options), []),
    ]

    @Test func everyTypeSurvivesTheWayThroughTheBus() async throws {
        try await PrivateBus.with { bus in
            let server = try await echo(on: bus)
            let client = try await bus.connect()
            for value in Self.values {
                #expect(try await client.call(call("Echo", [value])) == [value])
            }
            #expect(try await client.call(call("Echo", Self.values)) == Self.values)
            #expect(try await client.call(call("Echo")).isEmpty)
            await server.close()
        }
    }

    @Test func descriptorsArriveAsDuplicatesAndNoneLeak() async throws {
        try await PrivateBus.with { bus in
            let server = try await echo(on: bus)
            let client = try await bus.connect()
            let name = "leak-\(UUID().uuidString)"
            let file = try BusFileDescriptor.memory(named: name)
            #expect(write(file.rawValue, "hello", 5) == 5)
            for _ in 0..<50 {
                let reply = try await client.call(
                    call("Echo", [.unixFD(file), .descriptors([file, file]), .options(["fd": .unixFD(file)])]))
                let back = try #require(reply.first?.descriptor)
                #expect(back.rawValue != file.rawValue)
                var status = stat()
                #expect(fstat(back.rawValue, &status) == 0 && status.st_size == 5)
                #expect(reply[1].descriptors?.count == 2)
                #expect(fcntl(back.rawValue, F_GETFD) & FD_CLOEXEC != 0)
            }
            try await eventually("closed duplicates") { try openMemoryFiles(named: name) == 1 }
            await server.close()
        }
    }

    @Test func reopenedDescriptorHasItsOwnOffset() throws {
        let file = try BusFileDescriptor.memory(named: "test")
        #expect(write(file.rawValue, "hello", 5) == 5)
        let copy = try file.reopenedForReading()
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(read(copy.rawValue, &buffer, 8) == 5)
        #expect(write(copy.rawValue, "x", 1) == -1)
    }

    @Test func remoteErrorCarriesNameAndMessage() async throws {
        try await PrivateBus.with { bus in
            let server = try await echo(on: bus)
            let client = try await bus.connect()
            let error = await #expect(throws: BusError.self) { _ = try await client.call(call("Fail")) }
            #expect(error?.name == "org.example.Error.Wanted")
            #expect(error?.message == "as asked")
            let unknown = await #expect(throws: BusError.self) {
                _ = try await client.call(.bus("NoSuchMethod"))
            }
            #expect(unknown?.name == BusErrorName.unknownMethod)
            await server.close()
        }
    }

    @Test func droppedCallIsAnsweredWithAnError() async throws {
        try await PrivateBus.with { bus in
            let server = try await echo(on: bus)
            let client = try await bus.connect()
            let error = await #expect(throws: BusError.self) { _ = try await client.call(call("Drop")) }
            #expect(error?.name == BusErrorName.failed)
            await server.close()
        }
    }

    @Test func unansweredCallTimesOut() async throws {
        try await PrivateBus.with { bus in
            let server = try await bus.connect()
            let (kept, sink) = AsyncStream.makeStream(of: IncomingCall.self)
            try await server.serve(below: "/echo") { sink.yield($0) }
            try await server.own("org.example.Echo")
            let client = try await bus.connect()
            let error = await #expect(throws: BusError.self) {
                _ = try await client.call(call("Wait"), timeout: .seconds(1))
            }
            #expect(error?.name == BusErrorName.noReply)
            _ = try await next("the call", of: kept)
            await server.close()
        }
    }

    @Test func cancelledTaskStopsWaiting() async throws {
        try await PrivateBus.with { bus in
            let server = try await bus.connect()
            let (kept, sink) = AsyncStream.makeStream(of: IncomingCall.self)
            try await server.serve(below: "/echo") { sink.yield($0) }
            try await server.own("org.example.Echo")
            let client = try await bus.connect()
            let task = Task { try await client.call(call("Wait"), timeout: nil) }
            let incoming = try await next("the call", of: kept)
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            incoming.reply()
            // The connection goes on.
            #expect(try await client.call(.bus("GetId")).count == 1)
            await server.close()
        }
    }

    @Test func fallbackHandlerSeesEveryPathBelow() async throws {
        try await PrivateBus.with { bus in
            let server = try await echo(on: bus)
            let client = try await bus.connect()
            #expect(try await client.call(call("Who", path: "/echo/x/y")) == [.string("/echo/x/y")])
            await #expect(throws: BusError.self) { _ = try await client.call(call("Who", path: "/other")) }
            await server.close()
        }
    }

    @Test func invalidNamesAndTextThrowInsteadOfAborting() async throws {
        try await PrivateBus.with { bus in
            let client = try await bus.connect()
            let bad = [
                call("Echo", [.string("a\0b")]), call("Echo", [.objectPath(BusObjectPath("no path"))]),
                call("Echo", [.signature("z")]), call("Bad Member"), call("Echo", path: "relative"),
                call("Echo", [.array(of: .int32, [.string("x")])]), call("Echo", [.structure([])]),
                call("Echo", [.dictionary(key: .variant, value: .string, [])]),
                BusCall(to: "not a name", path: "/", interface: "a.b", member: "C"),
            ]
            for call in bad {
                let error = await #expect(throws: BusError.self) { _ = try await client.call(call) }
                #expect(error?.code == .invalidValue)
            }
            #expect(try await client.call(.bus("GetId")).count == 1)
        }
    }

    @Test func manyCallsAtOnceAllReturn() async throws {
        try await PrivateBus.with { bus in
            let server = try await echo(on: bus)
            let client = try await bus.connect()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                // Below the bus' own limit of 128 open calls.
                for number in 0..<100 {
                    group.addTask {
                        let payload = BusValue.bytes([UInt8](repeating: UInt8(number % 256), count: number * 999))
                        return try await client.call(call("Echo", [payload])) == [payload]
                    }
                }
                for try await isEqual in group { #expect(isEqual) }
            }
            await server.close()
        }
    }
}

extension BusType {
    fileprivate static let bytesType: BusType = .array(.byte)
}

@Suite struct SignalAndNameTests {
    @Test func broadcastReachesWhoAskedForIt() async throws {
        try await PrivateBus.with { bus in
            let sender = try await bus.connect()
            let receiver = try await bus.connect()
            let signals = try await receiver.signals(SignalMatch(interface: "org.example.I", member: "Yes"))
            try await sender.emit(path: "/p", interface: "org.example.I", member: "No", [.string("no")])
            try await sender.emit(path: "/p", interface: "org.example.I", member: "Yes", [.string("yes")])
            let signal = try await next("the signal", of: signals)
            #expect(signal.body == [.string("yes")])
            #expect(signal.sender == sender.uniqueName)
        }
    }

    @Test func unicastReachesItsDestinationOnly() async throws {
        try await PrivateBus.with { bus in
            let sender = try await bus.connect()
            let owner = try await bus.connect()
            let other = try await bus.connect()
            let atOwner = try await owner.signals(SignalMatch(member: "Secret"), broadcasts: false)
            let atOther = try await other.signals(SignalMatch(interface: "org.example.I"))
            try await sender.emit(path: "/p", interface: "org.example.I", member: "Secret", to: owner.uniqueName)
            try await sender.emit(path: "/p", interface: "org.example.I", member: "Public")
            #expect(try await next("the unicast", of: atOwner).member == "Secret")
            #expect(try await next("the broadcast", of: atOther).member == "Public")
        }
    }

    @Test func secondOwnerOfANameIsRefused() async throws {
        try await PrivateBus.with { bus in
            let first = try await bus.connect()
            let second = try await bus.connect()
            try await first.own("org.example.Name")
            try await first.own("org.example.Name")
            let error = await #expect(throws: BusError.self) { try await second.own("org.example.Name") }
            #expect(error?.code == .nameTaken)
            #expect(try await second.owner(of: "org.example.Name") == first.uniqueName)
            try await first.disown("org.example.Name")
            #expect(try await second.owner(of: "org.example.Name") == nil)
            try await second.own("org.example.Name")
        }
    }

    @Test func vanishedCallerIsNoticed() async throws {
        try await PrivateBus.with { bus in
            let watcher = try await bus.connect()
            let caller = try await bus.connect()
            let name = caller.uniqueName
            let watch = Task { try await watcher.waitUntilVanished(name) }
            try await eventually("the watch") {
                let names = try await watcher.call(.bus("ListNames")).first?.content(as: [String].self) ?? []
                return names.contains(name)
            }
            await caller.close()
            try await watch.value
            // One that is gone already.
            try await watcher.waitUntilVanished(name)
            #expect(try await watcher.userID(of: watcher.uniqueName) == getuid())
        }
    }

    @Test func endOfTheBusEndsStreamsAndCallsButNotTheProcess() async throws {
        try await PrivateBus.with { bus in
            let client = try await bus.connect()
            let server = try await bus.connect()
            let (kept, sink) = AsyncStream.makeStream(of: IncomingCall.self)
            try await server.serve(below: "/x") { sink.yield($0) }
            let signals = try await client.signals(SignalMatch(member: "Never"))
            let name = server.uniqueName
            let waiting = Task {
                try await client.call(
                    BusCall(to: name, path: "/x", interface: "a.b", member: "C"), timeout: nil)
            }
            _ = try await next("the call", of: kept)
            bus.kill()
            await client.waitUntilClosed()
            await #expect(throws: BusError.self) { _ = try await waiting.value }
            for await _ in signals { Issue.record("a signal from a dead bus") }
            let error = await #expect(throws: BusError.self) { _ = try await client.call(.bus("GetId")) }
            #expect(error?.code == .disconnected)
        }
    }

    @Test func closingTwiceIsHarmless() async throws {
        try await PrivateBus.with { bus in
            let client = try await bus.connect()
            await client.close()
            await client.close()
            await client.waitUntilClosed()
        }
    }
}
