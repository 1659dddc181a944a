import Layers
import TensorCore

/// Fills deep holes at a half and a quarter of the resolution first, and each resolution from what the coarser one has
/// found: it is added to the pre-fill, and the network adds to that.
///
/// A convolutional network looks only so many pixels far; at a quarter of the resolution it looks four times as far, for a
/// sixteenth of the work. Cascaded diffusion (Ho et al. 2022) has a network for each resolution; here it is always the
/// same one.
public enum CoarseToFine {
    /// How often the resolution is halved, at most.
    public static let most = 2
    /// Pixels from the rim inwards over which what a coarser pass has found comes in: near the rim a network at full
    /// resolution knows better.
    static let rim = 12
    /// Holes that are nowhere deeper have no coarser pass. In pixels of each resolution.
    static let shallow = 5
    /// Pictures are not made smaller than this.
    static let leastSide = 32

    /// A picture at one resolution.
    package struct Level {
        /// [N, 3, H, W] in 0...1.
        package let prefill: Tensor
        /// [N, 1, H, W], 1 in the hole.
        package let mask: Tensor
        /// [N, 1, H, W]: how much of what a coarser pass has found is added, 0...1; nil at the coarsest level.
        let shares: Tensor?

        /// The pre-fill of the next pass at this level.
        ///
        /// - Parameters:
        ///   - output: what a pass at `coarser` ended with, [N, 3, ≥ H/2, ≥ W/2].
        ///   - coarser: the next level.
        package func prefill(after output: Tensor, at coarser: Level) -> Tensor {
            guard let shares else { return prefill }
            return prefill.adding(output - coarser.prefill, shares: shares)
        }
    }

    /// The resolutions to fill at, finest first; always the given one.
    ///
    /// - Parameters:
    ///   - prefill: [N, 3, H, W] in 0...1.
    ///   - mask: [N, 1, H, W], 1 in the hole.
    ///   - multiple: of what sides have to be multiples; smaller pictures are continued with their last pixels.
    ///   - most: how often to halve, at most.
    package static func levels(prefill: Tensor, mask: Tensor, multiple: Int, most: Int = most) -> [Level] {
        let (height, width) = (mask.shape[2], mask.shape[3])
        guard most > 0, min(height, width) >= 2 * leastSide, let shares = shares(of: mask) else {
            return [Level(prefill: prefill, mask: mask, shares: nil)]
        }
        func padded(_ side: Int) -> Int { ((side + 1) / 2 + multiple - 1) / multiple * multiple }
        let shape = (height: padded(height), width: padded(width))
        return [Level(prefill: prefill, mask: mask, shares: shares)]
            + levels(
                prefill: prefill.halved(to: shape) { ($0 + $1 + $2 + $3) / 4 },
                mask: mask.halved(to: shape) { max(max($0, $1), max($2, $3)) }, multiple: multiple, most: most - 1)
    }

    /// By the depth in the hole; nil where no picture has a hole that is deep enough.
    private static func shares(of mask: Tensor) -> Tensor? {
        let (height, width) = (mask.shape[2], mask.shape[3])
        let result = Tensor(repeating: 0, shape: mask.shape)
        var isAnyDeep = false
        for n in 0..<mask.shape[0] {
            let hole = mask.pointer + n * height * width, share = result.pointer + n * height * width
            let depth = HoleDepth.chessboard(width: width, height: height) { hole[$0] > 0.5 }
            guard let deepest = depth.max(), deepest > shallow else { continue }
            isAnyDeep = true
            for (i, depth) in depth.enumerated() { share[i] = min(Float(depth) / Float(rim), 1) }
        }
        return isAnyDeep ? result : nil
    }
}

extension Tensor {
    /// Every 2x2 pixels as one, the last row and column repeated.
    fileprivate func halved(
        to side: (height: Int, width: Int), _ joined: (Float, Float, Float, Float) -> Float
    ) -> Tensor {
        let (height, width) = (shape[2], shape[3])
        let result = Tensor(uninitialized: [shape[0], shape[1], side.height, side.width])
        for plane in 0..<(shape[0] * shape[1]) {
            let from = pointer + plane * height * width, to = result.pointer + plane * side.height * side.width
            for y in 0..<side.height {
                let upper = from + min(2 * y, height - 1) * width, lower = from + min(2 * y + 1, height - 1) * width
                for x in 0..<side.width {
                    let (left, right) = (min(2 * x, width - 1), min(2 * x + 1, width - 1))
                    to[y * side.width + x] = joined(upper[left], upper[right], lower[left], lower[right])
                }
            }
        }
        return result
    }

    /// This and `shares` of `small`, which has half its resolution, bilinear between its pixels.
    fileprivate func adding(_ small: Tensor, shares: Tensor) -> Tensor {
        let (channels, height, width) = (shape[1], shape[2], shape[3])
        let (smallHeight, smallWidth) = (small.shape[2], small.shape[3])
        func tap(_ i: Int, _ count: Int) -> (low: Int, high: Int, weight: Float) {
            let place = (Float(i) + 0.5) / 2 - 0.5, low = place.rounded(.down)
            return (max(Int(low), 0), min(Int(low) + 1, count - 1), place - low)
        }
        let columns = (0..<width).map { tap($0, smallWidth) }
        let result = Tensor(uninitialized: shape)
        for plane in 0..<(shape[0] * channels) {
            let from = small.pointer + plane * smallHeight * smallWidth
            let share = shares.pointer + plane / channels * height * width
            for y in 0..<height {
                let row = tap(y, smallHeight)
                let (upper, lower) = (from + row.low * smallWidth, from + row.high * smallWidth)
                let start = plane * height * width + y * width
                for x in 0..<width {
                    let (low, high, weight) = columns[x]
                    let above = upper[low] + (upper[high] - upper[low]) * weight
                    let below = lower[low] + (lower[high] - lower[low]) * weight
                    result.pointer[start + x] =
                        pointer[start + x] + share[y * width + x] * (above + (below - above) * row.weight)
                }
            }
        }
        return result
    }
}
