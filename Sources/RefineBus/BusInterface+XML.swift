extension BusInterface {
    /// The `<interface>` element, indented by two spaces, as it stands in the installed file and in introspection.
    public var xmlElement: String {
        var lines = ["  <interface name=\"\(name)\">"]
        lines += Self.documentation(summary, indent: "    ")
        for method in methods {
            lines.append("    <method name=\"\(method.name)\">")
            lines += Self.documentation(method.summary, indent: "      ")
            lines += method.arguments.map { Self.argument($0, direction: "in") }
            lines += method.results.map { Self.argument($0, direction: "out") }
            lines.append("    </method>")
        }
        for signal in signals {
            lines.append("    <signal name=\"\(signal.name)\">")
            lines += Self.documentation(signal.summary, indent: "      ")
            lines += signal.arguments.map { Self.argument($0, direction: nil) }
            lines.append("    </signal>")
        }
        for property in properties {
            lines.append("    <property name=\"\(property.name)\" type=\"\(property.type)\" access=\"read\">")
            lines += Self.documentation(property.summary, indent: "      ")
            lines.append(
                "      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""
                    + " value=\"\(property.changes.rawValue)\"/>")
            lines.append("    </property>")
        }
        lines.append("  </interface>")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The whole document for one interface: what is installed to `share/dbus-1/interfaces`.
    public var xmlDocument: String {
        Self.document(elements: [xmlElement])
    }

    /// The answer of `Introspect` for an object with `interfaces` and children of the given names.
    public static func introspection(interfaces: [BusInterface], children: [String]) -> String {
        document(elements: interfaces.map(\.xmlElement) + children.map { "  <node name=\"\($0)\"/>\n" })
    }

    private static func document(elements: [String]) -> String {
        """
        <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
        <node>

        """ + elements.joined() + "</node>\n"
    }

    private static func argument(_ argument: Argument, direction: String?) -> String {
        "      <arg name=\"\(argument.name)\" type=\"\(argument.type)\""
            + (direction.map { " direction=\"\($0)\"" } ?? "") + "/>"
    }

    private static func documentation(_ text: String, indent: String) -> [String] {
        guard !text.isEmpty else { return [] }
        let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("\n", with: "&#10;")
        return ["\(indent)<annotation name=\"org.gtk.GDBus.DocString\" value=\"\(escaped)\"/>"]
    }
}
