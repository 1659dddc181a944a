import BusTransport
import RefineBus

/// A part of the daemon that serves an interface of the root object by itself.
public protocol RootInterface: Sendable {
    var interface: BusInterface { get }

    /// Works for as long as the daemon is on the bus; ends when its task is cancelled.
    func run(on bus: BusConnection) async

    /// Answers a method whose signature has been checked.
    ///
    /// - Parameters:
    ///   - member: The method.
    ///   - body: Its arguments.
    ///   - caller: The unique name of the caller.
    /// - Throws: `RefineError`.
    func call(_ member: String, _ body: [BusValue], from caller: String) async throws -> [BusValue]

    /// The value of a property of the interface; nil where there is none.
    func property(_ name: String) async -> BusValue?
}

extension RootInterface {
    public func property(_ name: String) async -> BusValue? { nil }
}

/// The options at the end of a call, read by name and type.
struct CallOptions {
    private let options: [String: BusValue]
    private let known: [String]

    /// - Throws: `RefineError` with code `invalidArgument` for an option that does not exist.
    init(_ value: BusValue?, known: [String] = []) throws(RefineError) {
        options = value?.options ?? [:]
        self.known = known
        if let name = options.keys.sorted().first(where: { !known.contains($0) }) {
            throw RefineError(
                .invalidArgument, InpaintOptions.printable(name), "unknown-option", "there is no option of this name",
                remedy: known.isEmpty ? "leave it out" : "known are " + known.joined(separator: ", "))
        }
    }

    /// - Returns: nil where the option is not given.
    /// - Throws: `RefineError` with code `invalidArgument` for another type.
    func value<T: BusRepresentable>(_ name: String, _ type: T.Type = T.self) throws(RefineError) -> T? {
        guard let value = options[name] else { return nil }
        guard let content = T(bus: value) else {
            throw RefineError(
                .invalidArgument, name, "wrong-type",
                "the option is of type '\(value.type.signature)' and must be '\(T.busType.signature)'",
                remedy: "send it as '\(T.busType.signature)'")
        }
        return content
    }

    /// A number in a range.
    func number(_ name: String, in range: ClosedRange<UInt32>) throws(RefineError) -> UInt32? {
        guard let number: UInt32 = try value(name) else { return nil }
        guard range.contains(number) else {
            throw RefineError(
                .invalidArgument, name, "out-of-range",
                "the value is not in \(range.lowerBound) to \(range.upperBound)",
                remedy: "use \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
