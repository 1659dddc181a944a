import BusTransport
import TestSupport
import Testing

@Suite struct BusTypeTests {
    @Test(arguments: ["", "s", "a{sv}", "hha{sv}", "a(iiii)", "aay", "(ua{s(bd)})v", "a{oa{sa{sv}}}", "ynqiuxtdsogh"])
    func signatureSurvivesParsing(_ signature: String) throws {
        #expect(BusType.signature(of: try BusType.parse(signature)) == signature)
    }

    @Test(arguments: [
        "z", "a", "(", "()", "(i", "a{s}", "a{vs}", "a{(i)s}", "{sv}", "i)", String(repeating: "a", count: 33) + "i",
    ])
    func malformedSignatureThrows(_ signature: String) {
        #expect(throws: BusError.self) { try BusType.parse(signature) }
    }

    @Test func valueKnowsItsTypeWhenEmpty() {
        #expect(BusValue.array(of: .structure([.int32]), []).type.signature == "a(i)")
        #expect(BusValue.options([:]).type.signature == "a{sv}")
        #expect(BusValue.bytes([]).type.signature == "ay")
        #expect([String]().busValue.type.signature == "as")
        #expect([UInt8]().busValue.type.signature == "ay")
        #expect(BusValue.bytes([]).content(as: [String].self) == nil)
    }

    @Test func readingAnotherTypeIsNil() {
        #expect(BusValue.int32(1).content(as: UInt32.self) == nil)
        #expect(BusValue.string("1").content(as: UInt64.self) == nil)
        #expect(BusValue.array(of: .string, [.string("a")]).content(as: [String].self) == ["a"])
        #expect(["b": 2.0, "a": 1.0].busValue.content(as: [String: Double].self) == ["a": 1, "b": 2])
    }
}

@Suite struct BusAddressTests {
    @Test func onlyUnixAddressesAreKept() throws {
        let address = try BusAddress("tcp:host=example.org,port=1;unix:path=/run/user/1/bus;autolaunch:")
        #expect(address.rawValue == "unix:path=/run/user/1/bus")
    }

    @Test(arguments: [
        "tcp:host=127.0.0.1,port=12345", "nonce-tcp:host=a,port=1,noncefile=/x", "unixexec:path=/bin/true",
        "autolaunch:", "nonsense", "", ";",
    ])
    func otherAddressesAreRefused(_ text: String) {
        #expect(throws: BusError.self) { try BusAddress(text) }
    }

    @Test func nobodyAtTheAddressThrowsConnect() async throws {
        let address = try BusAddress("unix:path=/nonexistent/bus")
        let error = await #expect(throws: BusError.self) { _ = try await BusConnection.open(address) }
        #expect(error?.code == .connect)
    }
}
