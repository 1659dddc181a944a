/// One rectangle of the photo that goes through the model, and the hole pixels that it is there to fill.
package struct Crop: Sendable, Equatable {
    /// What the crop is to its hole.
    package enum Part: Sendable, Equatable {
        /// Fills all of its hole pixels for good.
        case whole
        /// A first fill of a huge hole, at the model's resolution alone, for its tiles to go on from.
        case coarse
        /// A piece of a hole that was filled coarsely: what lies at most `band` pixels from the rim is filled anew, and
        /// all of it gets detail.
        case tile(band: Int)
    }

    /// The first column and row, inside of the photo. Beyond the photo's right and lower border the crop goes on with
    /// the photo's reflection.
    package let x: Int
    package let y: Int
    /// Photo pixels, multiples of `sizeMultiple * scale`.
    package let width: Int
    package let height: Int
    /// Photo pixels per pixel of the model, in each direction.
    package let scale: Int
    package let runs: [HoleComponent.Run]
    package var part = Part.whole

    package var isTile: Bool {
        if case .tile = part { true } else { false }
    }
    package var modelWidth: Int { width / scale }
    package var modelHeight: Int { height / scale }
    /// Photo pixels per pixel of what is kept in memory: a huge crop is never there at the photo's resolution.
    package var grain: Int { part == .coarse ? scale : 1 }
    /// The size of what is kept in memory.
    package var keptWidth: Int { width / grain }
    package var keptHeight: Int { height / grain }
}
