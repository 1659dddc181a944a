/// What one look at one part has shown.
struct Check: Sendable {
    enum Verdict: String, Sendable { case ok, warning, failed }

    let part: String
    let verdict: Verdict
    let finding: String
    /// What to do; empty where nothing is to be done.
    var remedy = ""

    var words: String {
        let mark =
            switch verdict {
            case .ok: "ok    "
            case .warning: "WARN  "
            case .failed: "FAILED"
            }
        let name = part + String(repeating: " ", count: max(0, 9 - part.count))
        let first = Paragraph.hanging("\(mark)  \(name) ", finding)
        return remedy.isEmpty ? first : first + "\n" + Paragraph.hanging(String(repeating: " ", count: 18), remedy)
    }

    var object: JSON {
        .object([
            ("check", .string(part)), ("verdict", .string(verdict.rawValue)), ("finding", .string(finding)),
            ("remedy", .string(remedy)),
        ])
    }

    static func failed(_ part: String, _ error: any Error) -> Check {
        let failure = Failure(error)
        return Check(part: part, verdict: .failed, finding: failure.message, remedy: failure.hint)
    }
}
