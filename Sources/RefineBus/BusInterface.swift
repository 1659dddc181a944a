import BusTransport

/// One D-Bus interface, described once: the introspection XML, the installed file and the daemon's check of incoming
/// calls all come from this, so that they cannot disagree.
public struct BusInterface: Sendable {
    public struct Argument: Sendable {
        public let name: String
        public let type: String

        public init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    public struct Method: Sendable {
        public let name: String
        public let arguments: [Argument]
        public let results: [Argument]
        public let summary: String

        public init(_ name: String, _ arguments: [Argument] = [], returns results: [Argument] = [], _ summary: String) {
            self.name = name
            self.arguments = arguments
            self.results = results
            self.summary = summary
        }

        /// The signature of a correct call.
        public var signature: String { arguments.map(\.type).joined() }
    }

    public struct Signal: Sendable {
        public let name: String
        public let arguments: [Argument]
        public let summary: String

        public init(_ name: String, _ arguments: [Argument], _ summary: String) {
            self.name = name
            self.arguments = arguments
            self.summary = summary
        }
    }

    /// A property that can be read. None of this project's properties can be set.
    public struct Property: Sendable {
        /// What `PropertiesChanged` says about it.
        public enum Changes: String, Sendable { case never = "const", announced = "true", silent = "false" }

        public let name: String
        public let type: String
        public let changes: Changes
        public let summary: String

        public init(_ name: String, _ type: String, _ changes: Changes, _ summary: String) {
            self.name = name
            self.type = type
            self.changes = changes
            self.summary = summary
        }
    }

    public let name: String
    public let summary: String
    public let methods: [Method]
    public let signals: [Signal]
    public let properties: [Property]

    public init(
        _ name: String, _ summary: String, methods: [Method] = [], signals: [Signal] = [], properties: [Property] = []
    ) {
        self.name = name
        self.summary = summary
        self.methods = methods
        self.signals = signals
        self.properties = properties
    }

    public func method(_ name: String) -> Method? { methods.first { $0.name == name } }
    public func property(_ name: String) -> Property? { properties.first { $0.name == name } }
}
