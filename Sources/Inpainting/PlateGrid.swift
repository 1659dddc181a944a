import CKernels

/// The unknowns of one level of ``PlateSolver``: which cells of a rectangle are hole, and by which numbers the two
/// terms of the energy are weighted there.
final class PlateGrid {
    let width: Int
    let height: Int
    /// Floats from row to row: guard cells included, a multiple of 16 so that rows start on cache lines.
    let stride: Int
    let unknowns: Int
    let bend: Float
    let tension: Float
    private let mask: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>
    private let spans: UnsafeMutablePointer<Int32>
    private static let lead = 16

    /// - Parameter hole: row-major, `width` x `height`, true = unknown.
    init(width: Int, height: Int, bend: Float, tension: Float, hole: [Bool]) {
        precondition(hole.count == width * height && width > 0 && height > 0, "hole does not match its size")
        self.width = width
        self.height = height
        self.bend = bend
        self.tension = tension
        stride = Self.lead + (width + 2 + 15) / 16 * 16
        mask = Self.allocate(floats: stride * (height + 2))
        scratch = Self.allocate(floats: 4 * stride + 2 * Self.lead)
        spans = .allocate(capacity: 2 * height)
        var count = 0
        for y in 0..<height {
            var first = width
            var last = 0
            for x in 0..<width where hole[y * width + x] {
                mask[Self.lead + (y + 1) * stride + x] = 1
                first = min(first, x)
                last = x + 1
                count += 1
            }
            spans[y] = Int32(first)
            spans[height + y] = Int32(last)
        }
        unknowns = count
    }

    deinit {
        mask.deallocate()
        scratch.deallocate()
        spans.deallocate()
    }

    /// The grid of half the resolution. A coarse cell is unknown when all the cells that it stands for are, so that the
    /// correction it brings stays inside of the hole and known pixels stay known on every level.
    ///
    /// A function on cells of twice the width has a quarter of the second difference on four times the area: the
    /// bending term goes down by 4 and the tension term stays.
    func coarsened() -> PlateGrid {
        let half = (width + 1) / 2
        let halfHeight = (height + 1) / 2
        var hole = [Bool](repeating: false, count: half * halfHeight)
        for y in 0..<halfHeight {
            let upper = mask + Self.lead + (2 * y + 1) * stride
            let lower = 2 * y + 1 < height ? upper + stride : upper
            for x in 0..<half {
                let right = min(2 * x + 1, width - 1)
                hole[y * half + x] = upper[2 * x] + upper[right] + lower[2 * x] + lower[right] == 4
            }
        }
        return PlateGrid(width: half, height: halfHeight, bend: bend / 4, tension: tension, hole: hole)
    }

    /// A new field of zeros: the pointer to pixel (0, 0). Free it with ``release(_:)``.
    func makeField() -> UnsafeMutablePointer<Float> {
        Self.allocate(floats: stride * (height + 2)) + stride + Self.lead
    }

    func release(_ field: UnsafeMutablePointer<Float>) {
        (field - stride - Self.lead).deallocate()
    }

    /// Calls the vector loops with this grid as they see it.
    func withKernel<Result>(_ body: (UnsafePointer<rc_plate_grid>) -> Result) -> Result {
        // The pointers inside live as long as self, which the caller holds.
        var grid = rc_plate_grid(
            width: Int32(width), height: Int32(height), stride: Int32(stride), mask: mask + stride + Self.lead,
            first: spans, last: spans + height, bend: bend, tension: tension, scratch: scratch)
        return withUnsafePointer(to: &grid) { body($0) }
    }

    private static func allocate(floats: Int) -> UnsafeMutablePointer<Float> {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: floats * MemoryLayout<Float>.stride, alignment: 64)
        let pointer = raw.bindMemory(to: Float.self, capacity: floats)
        pointer.initialize(repeating: 0, count: floats)
        return pointer
    }
}
