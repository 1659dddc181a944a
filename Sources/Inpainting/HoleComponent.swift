/// One connected part of a mask, as horizontal runs of hole pixels.
package struct HoleComponent: Sendable {
    /// Hole pixels `from ..< to` of row `y`; absolute coordinates.
    package struct Run: Sendable, Hashable {
        package var y: Int
        package var from: Int
        package var to: Int
    }

    var box: PixelBox
    var runs: [Run]
    /// Several parts that were taken together.
    var isGroup = false

    /// The same part in a picture in which this one begins at column `x` and row `y`.
    func moved(x: Int, y: Int) -> HoleComponent {
        guard x != 0 || y != 0 else { return self }
        var result = self
        result.box.x += x
        result.box.y += y
        for index in runs.indices {
            result.runs[index].y += y
            result.runs[index].from += x
            result.runs[index].to += x
        }
        return result
    }

    /// Splits a mask (row-major, `width` x `height`, anything but 0 = hole) into its parts, in scan order.
    ///
    /// Two hole pixels belong together when both their columns and their rows differ by at most `reach`
    /// (1 = 8-connected). One pass over the rows with a union-find of runs: time grows with pixels, not with parts.
    static func find(
        in mask: UnsafeBufferPointer<UInt8>, width: Int, height: Int, reach: Int
    ) -> [HoleComponent] {
        precondition(mask.count == width * height && reach >= 1, "mask does not match its size")
        var runs: [Run] = []
        var parent: [Int] = []
        var rowStarts: [Int] = []
        rowStarts.reserveCapacity(height + 1)

        func root(_ index: Int) -> Int {
            var index = index
            while parent[index] != index {
                parent[index] = parent[parent[index]]
                index = parent[index]
            }
            return index
        }

        for y in 0..<height {
            rowStarts.append(runs.count)
            let row = y * width
            var x = 0
            while x < width {
                if mask[row + x] == 0 {
                    x += 1
                    continue
                }
                let from = x
                while x < width, mask[row + x] != 0 { x += 1 }
                runs.append(Run(y: y, from: from, to: x))
                parent.append(parent.count)
            }
            let current = rowStarts[y]..<runs.count
            for earlier in max(0, y - reach)...y {
                var other = rowStarts[earlier]
                let end = earlier == y ? runs.count : rowStarts[earlier + 1]
                for index in current {
                    // Runs of a row are sorted and apart, so what ends too far left stays too far left.
                    while other < end, runs[other].to - 1 + reach < runs[index].from { other += 1 }
                    var candidate = other
                    while candidate < end, runs[candidate].from <= runs[index].to - 1 + reach {
                        let (a, b) = (root(index), root(candidate))
                        if a != b { parent[max(a, b)] = min(a, b) }
                        candidate += 1
                    }
                }
            }
        }

        var components: [HoleComponent] = []
        var slot: [Int: Int] = [:]
        for (index, run) in runs.enumerated() {
            let box = PixelBox(x: run.from, y: run.y, width: run.to - run.from, height: 1)
            let key = root(index)
            if let existing = slot[key] {
                components[existing].box = components[existing].box.union(box)
                components[existing].runs.append(run)
            } else {
                slot[key] = components.count
                components.append(HoleComponent(box: box, runs: [run]))
            }
        }
        return components
    }
}
