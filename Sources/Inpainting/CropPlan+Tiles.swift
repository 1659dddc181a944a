/// Huge holes: a coarse fill of the whole, then tiles.
///
/// The coarse fill knows the whole surroundings but is blurred by its scale. The tiles overlap by their context. Each
/// fills the band along the rim once more at a finer scale, between the photo on one side and the coarse fill on the
/// other, and carries detail into all of its hole. A tile sees what the ones before it left, so its fill and the patches
/// of its detail go on theirs, where they can: a texture that suits one side of a border alone would end in a line there, so
/// a tile also fills a strip of what was filled before, and fades out over it. The first tiles are those at the rim, where
/// the photo is.
extension CropPlan {
    /// Photo pixels per pixel of the model up to which a hole is filled by one crop. Above, the photo in floats would
    /// be too large, and the model would see too little of it.
    package static let largestScale = 4
    /// Of tiles.
    static let tileScale = 3
    /// Width of the band along the rim, in pixels of the model.
    static let band = 64
    /// Width of the strip that a tile shares with those before it, in pixels of the model. Narrow, since two textures over
    /// each other are weaker than one.
    static let overlap = 14

    static func tiles(of piece: Piece, layout: Layout) -> [Crop] {
        let context = layout.limit * tileScale / 5
        let cell = layout.limit * tileScale - 2 * context
        let hole = HoleComponent(box: piece.box, runs: piece.runs)
        let tiles = cells(of: hole, cell: cell, context: context)
        /// How many tiles lie between this one and the hole's border.
        func ring(_ tile: Piece) -> Int {
            let (x, y) = (tile.box.x + tile.box.width / 2, tile.box.y + tile.box.height / 2)
            let inside = min(
                min(x - piece.box.x, piece.box.endX - x), min(y - piece.box.y, piece.box.endY - y))
            return inside / cell
        }
        let inOrder = tiles.enumerated().sorted { (ring($0.element), $0.offset) < (ring($1.element), $1.offset) }
        return inOrder.map { tile in
            layout.crop(tile.element, scale: tileScale).as(
                .tile(band: band * tileScale, cell: tile.element.box, overlap: min(overlap * tileScale, context / 2)))
        }
    }
}

extension Crop {
    func `as`(_ part: Part) -> Crop {
        var crop = self
        crop.part = part
        return crop
    }
}
