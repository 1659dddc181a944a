/// Text that is broken between words where the terminal ends.
enum Paragraph {
    /// `head`, and `body` beside it in a column of its own.
    ///
    /// - Parameters:
    ///   - indent: Where the column begins; the length of `head` where not given, for one without escape sequences.
    ///   - limit: The most characters of a line; nil breaks nothing, as is right where programs read along.
    static func hanging(
        _ head: String, _ body: String, indent: Int? = nil, within limit: Int? = Terminal.outputSize?.columns
    ) -> String {
        let indent = indent ?? head.count
        // Where there is next to no room, the terminal itself breaks as well as this would.
        guard let limit, limit - indent >= 20 else { return head + body }
        var lines = [""]
        for word in body.split(separator: " ", omittingEmptySubsequences: false) {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= limit - indent {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return head + lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }
}
