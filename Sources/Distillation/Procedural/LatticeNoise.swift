/// Value noise over a table of random numbers, and the fractal sums and cell patterns made from it.
///
/// Coordinates are in cells of the lattice. `footprint` is the size of a pixel in these units: octaves finer than a
/// pixel are left out, so that textures are anti-aliased without supersampling.
struct LatticeNoise: Sendable {
    private static let side = 128
    private static let mask: Int32 = 127
    private static let table: [Float] = {
        var random = SeededGenerator(seed: 0x5CE7_E5A1)
        return (0..<(side * side)).map { _ in random.uniform(-1...1) }
    }()

    /// Where this noise looks into the table; two offsets give two unrelated noises.
    private let offsetX: Float
    private let offsetY: Float
    private let values = LatticeNoise.table

    init(_ random: inout SeededGenerator) {
        offsetX = random.uniform(0...127)
        offsetY = random.uniform(0...127)
    }

    /// Smooth noise in -1...1 with features one unit wide.
    @inline(__always)
    func value(_ x: Float, _ y: Float) -> Float {
        let px = x + offsetX
        let py = y + offsetY
        let fx = PortableMath.floor(px)
        let fy = PortableMath.floor(py)
        let tx = px - fx
        let ty = py - fy
        let sx = tx * tx * (3 - 2 * tx)
        let sy = ty * ty * (3 - 2 * ty)
        let x0 = Int(Int32(fx) & Self.mask)
        let x1 = (x0 + 1) & (Self.side - 1)
        let y0 = Int(Int32(fy) & Self.mask) &* Self.side
        let y1 = (y0 &+ Self.side) & (Self.side * Self.side - 1)
        return values.withUnsafeBufferPointer { table in
            let top = table[y0 &+ x0] + (table[y0 &+ x1] - table[y0 &+ x0]) * sx
            let bottom = table[y1 &+ x0] + (table[y1 &+ x1] - table[y1 &+ x0]) * sx
            return top + (bottom - top) * sy
        }
    }

    /// One random number in -1...1 per unit cell, without interpolation.
    @inline(__always)
    func cell(_ x: Float, _ y: Float) -> Float {
        let cx = Int(Int32(PortableMath.floor(x + offsetX * 7)) & Self.mask)
        let cy = Int(Int32(PortableMath.floor(y + offsetY * 7)) & Self.mask)
        return values.withUnsafeBufferPointer { $0[cy &* Self.side &+ cx] }
    }

    /// A sum of octaves, each turned and at twice the frequency; `gain` 0.5 gives smooth hills, 0.7 grit.
    /// The standard deviation is about 0.4.
    @inline(__always)
    func fractal(_ x: Float, _ y: Float, footprint: Float, octaves: Int, gain: Float = 0.5) -> Float {
        var px = x
        var py = y
        var sum: Float = 0
        var weight: Float = 1
        var cells = footprint
        for _ in 0..<octaves {
            // Fades from full at four pixels per cell to nothing at one and a half.
            let fade = min(max((0.67 - cells) * 2.4, 0), 1)
            if fade <= 0 { break }
            sum += weight * fade * value(px, py)
            weight *= gain
            cells *= 2
            let rx = 1.6 * px - 1.2 * py
            py = 1.2 * px + 1.6 * py + 5.3
            px = rx + 1.7
        }
        return sum
    }

    /// Distances to the nearest and second nearest of one random point per cell, and a random number of the nearest.
    @inline(__always)
    func cells(_ x: Float, _ y: Float) -> (nearest: Float, second: Float, tint: Float) {
        let bx = PortableMath.floor(x)
        let by = PortableMath.floor(y)
        var nearest: Float = 9
        var second: Float = 9
        var tint: Float = 0
        var dy: Float = -1
        while dy <= 1 {
            var dx: Float = -1
            while dx <= 1 {
                let jitterX = cell(bx + dx, by + dy)
                let jitterY = cell(bx + dx + 31, by + dy + 57)
                let ox = bx + dx + 0.5 + 0.42 * jitterX - x
                let oy = by + dy + 0.5 + 0.42 * jitterY - y
                let distance = ox * ox + oy * oy
                if distance < nearest {
                    second = nearest
                    nearest = distance
                    tint = cell(bx + dx + 83, by + dy + 19)
                } else if distance < second {
                    second = distance
                }
                dx += 1
            }
            dy += 1
        }
        return (nearest.squareRoot(), second.squareRoot(), tint)
    }
}
