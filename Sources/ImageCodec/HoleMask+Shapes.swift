/// A corner of a polygon: pixel edges, so that (0, 0) is the photo's top left corner and (width, height) the bottom right.
public struct PixelPoint: Equatable, Sendable {
    public var x: Int
    public var y: Int

    public init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }
}

extension HoleMask {
    /// Marks rectangles and polygons.
    ///
    /// - Parameters:
    ///   - boxes: in pixels of the upright photo.
    ///   - polygons: closed by themselves; a pixel whose centre they go around is marked, also where a polygon crosses
    ///     itself (non-zero winding).
    ///   - inverted: fill what they do not mark.
    ///   - width: of the upright photo.
    ///   - height: of the upright photo.
    /// - Throws: `CodecError` for a shape that is empty or not inside the photo, or when nothing or everything is left
    ///   to fill.
    public init(
        boxes: [PixelBox], polygons: [[PixelPoint]] = [], inverted: Bool = false, width: Int, height: Int
    ) throws {
        var values = [UInt8](repeating: 0, count: width * height)
        for box in boxes {
            // Differences instead of sums: the numbers are a caller's, and must not overflow.
            guard box.width > 0, box.height > 0, box.x >= 0, box.y >= 0, box.x < width, box.y < height,
                box.width <= width - box.x, box.height <= height - box.y
            else {
                throw CodecError(
                    .invalidArgument, argument: "box", reason: "box-outside",
                    message: """
                        The box \(box.x),\(box.y),\(box.width),\(box.height) does not lie inside the photo, which has \
                        \(width)x\(height) pixels. Give X,Y,WIDTH,HEIGHT in pixels of the upright photo.
                        """)
            }
            for y in box.y..<box.y + box.height {
                values.replaceSubrange(
                    y * width + box.x..<y * width + box.x + box.width, with: repeatElement(255, count: box.width))
            }
        }
        for polygon in polygons {
            guard polygon.count >= 3 else {
                throw CodecError(
                    .invalidArgument, argument: "polygon", reason: "polygon-corners",
                    message: "A polygon has \(polygon.count) corners. Give at least 3, each as X,Y.")
            }
            for corner in polygon
            where !(0...width).contains(corner.x) || !(0...height).contains(corner.y) {
                throw CodecError(
                    .invalidArgument, argument: "polygon", reason: "polygon-outside",
                    message: """
                        The polygon's corner \(corner.x),\(corner.y) does not lie inside the photo, which has \
                        \(width)x\(height) pixels. Give X,Y in pixels of the upright photo.
                        """)
            }
            Self.mark(polygon, in: &values, width: width)
        }
        try self.init(
            width: width, height: height, marked: values, inverted: inverted,
            argument: boxes.isEmpty ? "polygon" : "box")
    }

    /// Row by row, from crossing to crossing of the polygon's edges with the line through the pixels' centres.
    private static func mark(_ polygon: [PixelPoint], in values: inout [UInt8], width: Int) {
        let top = polygon.map(\.y).min() ?? 0
        let bottom = polygon.map(\.y).max() ?? 0
        // Edges by the rows that they cross: a polygon of many corners costs its edges' heights, no more.
        var crossings = [[(x: Double, turn: Int)]](repeating: [], count: bottom - top)
        for (index, from) in polygon.enumerated() {
            let to = polygon[(index + 1) % polygon.count]
            let (upper, lower) = from.y < to.y ? (from, to) : (to, from)
            for y in upper.y..<lower.y {
                let share = (Double(y - upper.y) + 0.5) / Double(lower.y - upper.y)
                let x = Double(upper.x) + Double(lower.x - upper.x) * share
                crossings[y - top].append((x, from.y < to.y ? 1 : -1))
            }
        }
        for (row, found) in crossings.enumerated() {
            var winding = 0
            var start = 0.0
            for crossing in found.sorted(by: { $0.x < $1.x }) {
                if winding != 0 {
                    // Centres at 0.5: the first not left of the start, the last left of the end.
                    let (first, end) = (Int((start - 0.5).rounded(.up)), Int((crossing.x - 0.5).rounded(.up)))
                    for x in max(first, 0)..<max(first, min(end, width), 0) {
                        values[(top + row) * width + x] = 255
                    }
                }
                winding += crossing.turn
                start = crossing.x
            }
        }
    }
}
