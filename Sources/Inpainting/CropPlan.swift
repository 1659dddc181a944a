/// Cuts the holes of a photo into crops for the model.
///
/// - Every hole gets context on each side: as much as it is large, at least ``leastContext`` pixels; a long thin hole
///   (a wire) four times its thickness.
/// - Crops are never larger for the model than ``limit``. A hole a bit too large for that gets less context, down to
///   half; a long thin one is cut into cells, filled one after the other, so that each sees the last one's fill and
///   nothing becomes blurred; a truly large one is filled at a half, a third... of its resolution.
/// - A huge one, which would have to be scaled by more than ``largestScale``, is filled coarsely as a whole and then
///   once more tile by tile (`CropPlan+Tiles.swift`).
/// - Holes share a crop where that is less work.
/// - Sides are quantised, so that the model sees few shapes.
package enum CropPlan {
    static let leastContext = 32
    package static let limit = 768
    static let thin = 192
    /// From this many holes on, the small ones are taken together by cells of the photo.
    static let manyHoles = 64
    static let smallHole = 64

    /// - Parameters:
    ///   - hole: everything but 0 is to be filled.
    ///   - sizeMultiple: what the model wants widths and heights to be multiples of; divides ``limit``.
    ///   - limit: the longest side of a crop for the model.
    /// - Returns: crops whose runs hold every hole pixel exactly once.
    package static func make(hole: HoleRegion, sizeMultiple: Int, limit: Int = limit) -> [Crop] {
        let components = hole.values.withUnsafeBufferPointer {
            HoleComponent.find(in: $0, width: hole.box.width, height: hole.box.height, reach: 1)
        }.map { $0.moved(x: hole.box.x, y: hole.box.y) }
        let layout = Layout(
            photoWidth: hole.photoWidth, photoHeight: hole.photoHeight, multiple: quantum(sizeMultiple), limit: limit)
        var pieces: [Piece] = []
        for component in gathered(components, cell: layout.cell) {
            pieces += Self.pieces(of: component, in: hole, layout: layout)
        }
        return merged(pieces, layout: layout).flatMap { piece in
            let crop = layout.crop(piece)
            return crop.scale <= largestScale ? [crop] : [crop.as(.coarse)] + tiles(of: piece, layout: layout)
        }
    }

    /// Crops are multiples of at least 32 pixels, so that the model sees few shapes.
    private static func quantum(_ sizeMultiple: Int) -> Int { (31 + sizeMultiple) / sizeMultiple * sizeMultiple }

    /// Some holes that are filled together.
    struct Piece {
        var box: PixelBox
        var context: Int
        var runs: [HoleComponent.Run]
    }

    /// Takes small holes together where there are very many (dust), so that the search for merges stays short.
    private static func gathered(_ components: [HoleComponent], cell: Int) -> [HoleComponent] {
        guard components.count > manyHoles else { return components }
        struct Cell: Hashable {
            var column: Int
            var row: Int
        }
        var result: [HoleComponent] = []
        var slot: [Cell: Int] = [:]
        for component in components {
            let box = component.box
            guard max(box.width, box.height) <= smallHole else {
                result.append(component)
                continue
            }
            let key = Cell(column: box.x / (cell / 2), row: box.y / (cell / 2))
            if let index = slot[key] {
                result[index].box = result[index].box.union(box)
                result[index].runs += component.runs
                result[index].isGroup = true
            } else {
                slot[key] = result.count
                result.append(component)
            }
        }
        return result
    }

    private static func pieces(of component: HoleComponent, in hole: HoleRegion, layout: Layout) -> [Piece] {
        let box = component.box
        let size = max(box.width, box.height)
        if component.isGroup { return [Piece(box: box, context: 2 * leastContext, runs: component.runs)] }
        let thickness = size <= smallHole ? min(box.width, box.height) : thickness(of: component, in: hole)
        let context = max(leastContext, min(size, 4 * thickness))
        let piece = Piece(box: box, context: context, runs: component.runs)
        if layout.scale(piece) == 1 { return [piece] }
        if thickness <= thin {
            return cells(of: component, cell: layout.cell, context: min(context, (layout.limit - layout.cell) / 2))
        }
        let tight = Piece(box: box, context: max(leastContext, (layout.limit - size) / 2), runs: component.runs)
        return 2 * tight.context >= context && layout.scale(tight) == 1 ? [tight] : [piece]
    }

    /// Twice the largest distance from a hole pixel to a known one.
    private static func thickness(of component: HoleComponent, in hole: HoleRegion) -> Int {
        let box = component.box.grown(by: 1, within: hole.box)
        let start = (box.y - hole.box.y) * hole.box.width + box.x - hole.box.x
        let largest = hole.values.withUnsafeBufferPointer { values in
            SquaredDistance.largest(width: box.width, height: box.height) { x, y in
                values[start + y * hole.box.width + x] == 0
            }
        }
        return 2 * Int(Double(largest).squareRoot().rounded(.up))
    }

    /// Cuts a hole along a grid of cells of at most `cell` pixels.
    static func cells(of component: HoleComponent, cell: Int, context: Int) -> [Piece] {
        let box = component.box
        let columns = (box.width + cell - 1) / cell
        let rows = (box.height + cell - 1) / cell
        let cellWidth = (box.width + columns - 1) / columns
        let cellHeight = (box.height + rows - 1) / rows
        var pieces = [Piece?](repeating: nil, count: columns * rows)
        for run in component.runs {
            var from = run.from
            while from < run.to {
                let column = (from - box.x) / cellWidth
                let to = min(run.to, box.x + (column + 1) * cellWidth)
                let part = PixelBox(x: from, y: run.y, width: to - from, height: 1)
                let index = (run.y - box.y) / cellHeight * columns + column
                var piece = pieces[index] ?? Piece(box: part, context: context, runs: [])
                piece.box = piece.box.union(part)
                piece.runs.append(HoleComponent.Run(y: run.y, from: from, to: to))
                pieces[index] = piece
                from = to
            }
        }
        return pieces.compactMap { $0 }
    }

    /// Joins pieces as long as one crop for two is no more work and no coarser.
    private static func merged(_ pieces: [Piece], layout: Layout) -> [Piece] {
        var pieces = pieces
        var first = 0
        while first < pieces.count {
            var second = first + 1
            while second < pieces.count {
                let (a, b) = (pieces[first], pieces[second])
                let joint = Piece(box: a.box.union(b.box), context: max(a.context, b.context), runs: [])
                if layout.scale(joint) <= max(layout.scale(a), layout.scale(b)),
                    layout.work(joint) <= layout.work(a) + layout.work(b)
                {
                    pieces[first] = Piece(box: joint.box, context: joint.context, runs: a.runs + b.runs)
                    pieces.remove(at: second)
                    // The grown piece may now go together with one that was too far before.
                    second = first + 1
                } else {
                    second += 1
                }
            }
            first += 1
        }
        return pieces
    }

    /// The geometry of crops in one photo.
    struct Layout {
        let photoWidth: Int
        let photoHeight: Int
        let multiple: Int
        let limit: Int
        /// Side of the cells that long thin holes are cut into.
        var cell: Int { limit / 2 }

        /// - Parameter scale: the smallest one within the limit where it is nil.
        func crop(_ piece: Piece, scale: Int? = nil) -> Crop {
            let scale = scale ?? self.scale(piece)
            let width = side(piece.box.width, piece.context, photoWidth, scale)
            let height = side(piece.box.height, piece.context, photoHeight, scale)
            func origin(_ start: Int, _ length: Int, _ side: Int, _ photo: Int) -> Int {
                max(0, min(start + length / 2 - side / 2, photo - side))
            }
            return Crop(
                x: origin(piece.box.x, piece.box.width, width, photoWidth),
                y: origin(piece.box.y, piece.box.height, height, photoHeight), width: width, height: height,
                scale: scale, runs: piece.runs)
        }

        /// The smallest scale at which the crop is within the limit.
        func scale(_ piece: Piece) -> Int {
            var scale = 1
            while max(
                side(piece.box.width, piece.context, photoWidth, scale),
                side(piece.box.height, piece.context, photoHeight, scale)) > limit * scale
            {
                scale += 1
            }
            return scale
        }

        /// Pixels that go through the model.
        func work(_ piece: Piece) -> Int {
            let scale = scale(piece)
            return side(piece.box.width, piece.context, photoWidth, scale) / scale
                * side(piece.box.height, piece.context, photoHeight, scale) / scale
        }

        private func side(_ length: Int, _ context: Int, _ photo: Int, _ scale: Int) -> Int {
            let unit = multiple * scale
            func quantised(_ value: Int) -> Int { (value + unit - 1) / unit * unit }
            return min(quantised(length + 2 * context), quantised(photo))
        }
    }
}
