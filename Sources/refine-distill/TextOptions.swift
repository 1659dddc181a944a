import ArgumentParser
import Distillation

/// Networks that read captions.
struct TextOptions: ParsableArguments {
    @Flag(
        name: .customLong("text"),
        help: "Let the network read captions: a text encoder that learns with it, grafted onto --start's weights.")
    var isWanted = false
    @Flag(
        name: .customLong("text-alone"),
        help: "Let only the text encoder and the attention to it learn; all else stays as --start has it.")
    var learnsAlone = false
    @Flag(
        name: .customLong("text-prior"),
        help: "Give the network a part that turns words into colours; without a prompt it then fills as --start does.")
    var hasPrior = false
    @Flag(
        name: .customLong("any-tone"),
        help: "Let inserted materials have any tone, not only those near their surroundings.")
    var hasAnyTone = false
    @Option(help: "Share of captions that are left out.") var captionDrop: Float = 0.3
    @Option(help: "Share of holes that show another material than their surroundings, as their captions say.")
    var insertedShare: Float = 0.25
    @Option(help: "Share of holes that take up most of their picture, so that more is seen of what captions name.")
    var wideShare: Float = 0

    func validate() throws {
        for (name, share) in [
            ("caption-drop", captionDrop), ("inserted-share", insertedShare), ("wide-share", wideShare),
        ] {
            guard (0...1).contains(share) else { throw ValidationError("--\(name) is \(share); give 0 to 1") }
        }
    }

    /// What the training does with captions; nil for a network that reads none.
    /// - Parameter start: the model folder that the weights come from; one with a text encoder keeps it, and one with a
    ///   text prior learns what it fills without a prompt.
    /// - Throws: `ModelError` when `start` cannot be read, `ValidationError` when there is nothing to learn alone.
    func training(start: String?) throws -> TextTraining? {
        guard isWanted || !hasPrior else { throw ValidationError("--text-prior needs --text") }
        guard learnsAlone || !hasPrior else {
            throw ValidationError("--text-prior needs --text-alone: what is filled without a prompt must not change")
        }
        guard start != nil || !learnsAlone else {
            throw ValidationError("--text-alone needs --start: what does not learn must be there already")
        }
        let kept = try start.flatMap { try NetworkShape(directory: $0).text }
        if kept?.prior != nil, !isWanted, !learnsAlone { return nil }
        guard isWanted || kept != nil else {
            guard !learnsAlone else {
                throw ValidationError("--text-alone needs --text, or a --start that reads captions")
            }
            return nil
        }
        var text = TextTraining()
        text.captionDrop = captionDrop
        text.insertedShare = insertedShare
        text.learnsAlone = learnsAlone
        text.hasAnyTone = hasAnyTone ? true : nil
        text.wideShare = wideShare > 0 ? wideShare : nil
        return text
    }

    /// The text part of a new network's shape.
    /// - Throws: `ValidationError` for a network of `channels` that has no place for it.
    func shape(channels: [Int]?) throws -> NetworkShape.TextShape? {
        guard isWanted else { return nil }
        guard channels?.count != 1 else { throw ValidationError("--text needs --channels of two levels or more") }
        return hasPrior ? .scenes().withPrior() : .scenes()
    }
}
