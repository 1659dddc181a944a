import TensorCore

/// Crops, ready for the network: plain arrays, so that they can be made on other threads.
public struct TrainingBatch: Sendable {
    public let count: Int
    public let size: Int
    /// Planar RGB [count, 3, size, size] in 0...1.
    public let images: [Float]
    /// The same with the hole filled by interpolation.
    public let prefills: [Float]
    /// [count, 1, size, size], 1 in the hole.
    public let masks: [Float]
    /// How much each pixel's error counts, [count, 1, size, size]: 1 at the rim of the hole, less further in, 0 outside.
    public let weights: [Float]
    /// What each crop is said to show, [count].
    public let captions: [Caption]
    /// What lies under each hole, [count]; nil where nobody knows, as in photos.
    public let contents: [HoleContent?]

    public struct Caption: Sendable, Equatable {
        /// Empty where nobody wrote it down.
        public let text: String
        /// Whether the hole shows what nobody would guess without it: then it is never left out.
        public let mustStay: Bool

        package init(text: String, mustStay: Bool) {
            self.text = text
            self.mustStay = mustStay
        }
    }

    package init(
        count: Int, size: Int, images: [Float], prefills: [Float], masks: [Float], weights: [Float],
        captions: [Caption], contents: [HoleContent?]
    ) {
        self.count = count
        self.size = size
        self.images = images
        self.prefills = prefills
        self.masks = masks
        self.weights = weights
        self.captions = captions
        self.contents = contents
    }

    /// The arrays as tensors; call on the engine's thread.
    public func tensors() -> (image: Tensor, prefill: Tensor, mask: Tensor, weight: Tensor) {
        (
            Tensor(images, shape: [count, 3, size, size]), Tensor(prefills, shape: [count, 3, size, size]),
            Tensor(masks, shape: [count, 1, size, size]), Tensor(weights, shape: [count, 1, size, size])
        )
    }

    /// Some crops of one size in a row, joined.
    static func joined(_ parts: [TrainingBatch]) -> TrainingBatch {
        TrainingBatch(
            count: parts.reduce(0) { $0 + $1.count }, size: parts[0].size, images: parts.flatMap(\.images),
            prefills: parts.flatMap(\.prefills), masks: parts.flatMap(\.masks), weights: parts.flatMap(\.weights),
            captions: parts.flatMap(\.captions), contents: parts.flatMap(\.contents))
    }
}
