/// One rectangle of the photo that goes through the model, and the hole pixels that it is there to fill.
package struct Crop: Sendable, Equatable {
    /// What the crop is to its hole.
    package enum Part: Sendable, Equatable {
        /// Fills all of its hole pixels for good.
        case whole
        /// A first fill of a huge hole, at the model's resolution alone, for its tiles to go on from.
        case coarse
        /// A piece of a hole that was filled coarsely: what lies at most `band` pixels from the rim is filled anew, and
        /// all of it gets detail. So does what tiles before it filled at most `overlap` pixels from its `cell`, which holds
        /// the crop's runs: there the two are mixed.
        case tile(band: Int, cell: PixelBox, overlap: Int)
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
    /// Where a tile mixes with the tiles before it; empty for other crops.
    var seam: PixelBox {
        guard case .tile(_, let cell, let overlap) = part else { return PixelBox(x: x, y: y, width: 0, height: 0) }
        return cell.grown(by: overlap, within: PixelBox(x: x, y: y, width: width, height: height))
    }
    /// How much of the pixel is the tile's own: 1 in its cell, 0 where its seam ends, smooth between.
    func share(_ column: Int, _ row: Int) -> Float {
        guard case .tile(_, let cell, let overlap) = part else { return 1 }
        let across = max(cell.x - column, column - cell.endX + 1, 0)
        let down = max(cell.y - row, row - cell.endY + 1, 0)
        let inside = max(1 - Float(across * across + down * down).squareRoot() / Float(overlap + 1), 0)
        return inside * inside * (3 - 2 * inside)
    }
    package var modelWidth: Int { width / scale }
    package var modelHeight: Int { height / scale }
    /// Photo pixels per pixel of what is kept in memory: a huge crop is never there at the photo's resolution.
    package var grain: Int { part == .coarse ? scale : 1 }
    /// The size of what is kept in memory.
    package var keptWidth: Int { width / grain }
    package var keptHeight: Int { height / grain }
}
