import Layers

/// Writes the captions of training crops: what lies under the hole first, as people ask for it.
///
/// Half of them name the main content alone ("grass", "a red brick wall"), most of the others what else is there
/// ("grass and a wire"), some the whole scene too, and some the scene alone.
enum HoleCaption {
    /// - Parameters:
    ///   - scene: what the whole picture shows.
    ///   - random: which of the ways to say it.
    static func make(_ hole: HoleContent, scene: String, _ random: inout SeededRandom) -> String {
        guard let main = hole.dominant, main.share >= 0.2 else { return scene }
        let kind = random.uniform()
        let words = phrase(main, &random)
        // A second content counts where one would see it.
        let second = hole.parts.dropFirst().first.flatMap { $0.share >= 0.15 ? $0 : nil }
        if kind < 0.5 { return words }
        if kind < 0.75 {
            guard let second else { return words }
            return joined(words, phrase(second, &random), &random)
        }
        if scene.isEmpty { return words }
        return kind < 0.92 ? "\(words), \(scene)" : scene
    }

    /// The content alone, mostly with its colour: for a hole of which nothing else tells what it shows.
    static func make(_ hole: HoleContent, _ random: inout SeededRandom) -> String {
        hole.dominant.map { phrase($0, colourShare: 0.7, &random) } ?? ""
    }

    /// Every word that a caption of a hole may have beside those of scenes.
    static var vocabulary: [String] {
        SceneContent.allCases.flatMap(\.phrases) + ["next to", "in front of", "with", "and"]
            + Palette.names.map { "a \($0)" }
    }

    private static func joined(_ first: String, _ second: String, _ random: inout SeededRandom) -> String {
        let words = ["and", "with", "next to", "in front of"]
        return "\(first) \(words[Int(random.next() % UInt64(words.count))]) \(second)"
    }

    /// "bricks", "a brick wall", "a red brick wall", "brick wall".
    private static func phrase(
        _ part: HoleContent.Part, colourShare: Float = 0.4, _ random: inout SeededRandom
    ) -> String {
        let choices = part.content.phrases
        // The plainest form as often as all others together.
        var words = random.uniform() < 0.5 ? choices[0] : choices[Int(random.next() % UInt64(choices.count))]
        if part.content.hasColour, random.uniform() < colourShare {
            words = coloured(words, Palette.name(ofEncoded: part.colour))
        }
        return random.uniform() < 0.3 ? SceneNotes.withoutArticle(words) : words
    }

    private static func coloured(_ words: String, _ colour: String) -> String {
        let bare = "\(colour) \(SceneNotes.withoutArticle(words))"
        if words.hasPrefix("the ") { return "the \(bare)" }
        guard words.hasPrefix("a ") || words.hasPrefix("an ") else { return bare }
        return ("aeiou".contains(colour.first ?? " ") ? "an " : "a ") + bare
    }
}
