/// How captions are used in the training of networks that attend to text.
public struct TextTraining: Codable, Sendable, Equatable {
    /// Share of captions that are left out, so that the network also learns to fill without a prompt; guidance needs
    /// both (Ho and Salimans 2022).
    public var captionDrop: Float = 0.3
    /// Share of crops whose hole shows another material than its scene has there, named by the caption, which is then
    /// never left out. Else what surrounds a hole mostly says what is in it, and captions would go unread.
    public var insertedShare: Float = 0.25

    /// Whether the text encoder and the attention to it learn alone, and all else stays as it is: what a network can do
    /// without a prompt is then hardly put at risk.
    public var learnsAlone = false

    /// Whether inserted materials have any tone, not only those near their surroundings: for networks with a
    /// `TextPriorModel`, which can answer to all of them. nil for no.
    public var hasAnyTone: Bool?

    /// Share of the other holes that take up most of the picture: there a caption tells more than the surroundings do,
    /// and more of what it names is seen. nil for none.
    public var wideShare: Float?

    /// What counts as an error where materials have any tone, in units of 0...1 pixels.
    static let visibleError: Float = 0.03

    public init() {}
}
