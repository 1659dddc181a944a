import RefineBus

/// org.refinecontrol.Refine1(5), written from the description of the interfaces, so that page, XML and daemon cannot
/// disagree.
enum InterfaceManual {
    static var page: String {
        var lines = [
            ".\\\" Made from Sources/RefineBus: see Tests/BusTests/ManualTests.swift.",
            ".TH ORG.REFINECONTROL.REFINE1 5 \"\" \"Refine-Control\" \"File Formats and Conventions\"",
            ".SH NAME", "org.refinecontrol.Refine1 \\- the D-Bus interfaces of refined", ".SH DESCRIPTION",
        ]
        lines += text(
            """
            refined(8) owns the name \(RefineNames.bus) on the session bus; the bus starts it where it does not run. Its \
            Manager is the object \(RefineNames.root), which has org.freedesktop.DBus.ObjectManager too; a caller sees \
            its own jobs there, and gets the signals about them. Photos travel as file descriptors, never by path. \
            Every method ends in options; one that does not exist or has another type is refused by name.
            """)
        for interface in RefineInterfaces.all { lines += section(interface) }
        lines.append(".SH ERRORS")
        lines += text(
            "The message of an error is `subject.reason: detail; remedy`: subject is the argument or option at fault and "
                + "reason a code, both for programs; the rest is for people.")
        for code in RefineError.Code.allCases {
            lines += [".TP", ".B \(RefineNames.errorPrefix)\(code.rawValue)", meaning(code)]
        }
        lines += [
            ".SH FILES", ".TP", ".I share/dbus\\-1/interfaces/org.refinecontrol.Refine1.*.xml",
            "The same for programs that make code of it.", ".SH SEE ALSO", ".BR refined (8),", ".BR refinectl (1),",
            ".BR busctl (1)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ interface: BusInterface) -> [String] {
        var lines = [".SH \"INTERFACE \(interface.name)\""] + text(interface.summary)
        for method in interface.methods {
            lines += heading(method.name, method.arguments, method.results) + text(method.summary)
        }
        if !interface.signals.isEmpty { lines.append(".SS Signals") }
        for signal in interface.signals {
            lines += [".TP", ".BI \(signal.name) \"\(list(signal.arguments))\""] + text(signal.summary)
        }
        if !interface.properties.isEmpty { lines.append(".SS Properties") }
        for property in interface.properties {
            lines += [".TP", ".BI \(property.name) \" \(property.type)\""] + text(property.summary)
        }
        return lines
    }

    private static func heading(
        _ name: String, _ arguments: [BusInterface.Argument], _ results: [BusInterface.Argument]
    ) -> [String] {
        [".SS \"\(name)\(list(arguments))\(results.isEmpty ? "" : " \\-> " + list(results))\""]
    }

    private static func list(_ arguments: [BusInterface.Argument]) -> String {
        "(" + arguments.map { "\($0.type) \($0.name)" }.joined(separator: ", ") + ")"
    }

    /// A paragraph for each line; `name type: meaning` becomes an entry of a list.
    private static func text(_ summary: String) -> [String] {
        summary.split(separator: "\n").flatMap { line -> [String] in
            let plain = String(line).replacing("\\", with: "\\e").replacing("-", with: "\\-")
            guard let colon = line.firstRange(of: ": "), line[..<colon.lowerBound].count < 40 else {
                return [".br", plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain]
            }
            let name = line[..<colon.lowerBound].replacing("-", with: "\\-")
            let meaning = line[colon.upperBound...].replacing("\\", with: "\\e").replacing("-", with: "\\-")
            return [".br", "\\fI\(name)\\fP: \(meaning)"]
        }
    }

    private static func meaning(_ code: RefineError.Code) -> String {
        switch code {
        case .failed: "Something broke that the caller cannot mend: see the log of refined."
        case .invalidArgument: "An argument or option cannot be used; subject names it."
        case .notFound: "There is no such job, or it has no result yet."
        case .notAllowed: "The object belongs to somebody else."
        case .cancelled: "The job was cancelled."
        case .busy: "Too many jobs wait: try again later."
        case .tooLarge: "More pixels or bytes than are taken."
        case .unsupportedFormat: "The file is in no format that is read."
        case .noModel: "The model is missing or unusable; subject is model."
        }
    }
}
