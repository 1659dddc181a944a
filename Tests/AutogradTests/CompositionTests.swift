import Autograd
import NaiveOracle
import Testing

/// diffusers' `ResnetBlock2D` with a time embedding and a 1x1 shortcut.
struct ResidualBlockCase: Differentiable {
    let input = 4, output = 6, time = 5

    var inputs: [[Int]] {
        [
            [2, input, 5, 6], [2, time], [input], [input], [output, input, 3, 3], [output], [output, time], [output],
            [output], [output], [output, output, 3, 3], [output], [output, input, 1, 1], [output],
        ]
    }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        let hidden = x[0].groupNormalized(x[2], x[3], groups: 2, silu: true)
            .convolved(x[4], x[5], stride: 1, padding: 1)
            .addingAlongChannels(x[1].silu().linear(x[6], x[7]))
        let changed = hidden.groupNormalized(x[8], x[9], groups: 3, silu: true)
            .convolved(x[10], x[11], stride: 1, padding: 1)
        return x[0].convolved(x[12], x[13], stride: 1, padding: 0) + changed
    }
}

/// Self-attention of two heads over a feature map, with norm and residual, then a transformer's feed-forward layer.
struct AttentionCase: Differentiable {
    let channels = 6, heads = 2

    var inputs: [[Int]] {
        let square = [channels, channels]
        return [
            [2, channels, 3, 4], [channels], [channels], square, [channels], square, [channels], square, [channels],
            square, [channels], [channels], [channels], [2 * channels, channels], [channels, 2 * channels],
        ]
    }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        let (batch, length) = (2, 12)
        func split(_ t: T) -> T {
            t.transposed().reshaped([batch * heads, channels / heads, length]).transposed()
        }
        let tokens = x[0].groupNormalized(x[1], x[2], groups: 3, silu: false)
            .reshaped([batch, channels, length]).transposed()
        let mixed = T.attention(
            split(tokens.linear(x[3], x[4])), split(tokens.linear(x[5], x[6])), split(tokens.linear(x[7], x[8])))
        let joined = mixed.transposed().reshaped([batch, channels, length]).transposed().linear(x[9], x[10])
        let attended = tokens + joined
        let fed = attended.layerNormalized(x[11], x[12]).linear(x[13], nil).gelu().linear(x[14], nil)
        return attended + fed
    }
}

/// A U-Net of two levels: fold, convolve, stride down, attend, up-sample, skip connection, unfold, squared error.
struct TinyUNetCase: Differentiable {
    let width = 4

    var inputs: [[Int]] {
        [
            [1, 1, 8, 8], [width, 4, 3, 3], [width], [width], [width], [width, width, 3, 3], [width], [width],
            [width], [width, width, 3, 3], [width], [width, width], [width, 2 * width, 3, 3], [width],
            [4, width, 3, 3], [4],
        ]
    }

    func callAsFunction<T: Algebra>(_ x: [T]) -> T {
        let first = x[0].spaceToDepth(2).convolved(x[1], x[2], stride: 1, padding: 1)
        let normalized = first.groupNormalized(x[3], x[4], groups: 2, silu: true)
        let down = normalized.convolved(x[5], x[6], stride: 2, padding: 1)
        let middle =
            down + down.groupNormalized(x[7], x[8], groups: 1, silu: true).convolved(x[9], x[10], stride: 1, padding: 1)
        let tokens = middle.reshaped([1, width, 4]).transposed()
        let attended =
            middle + T.attention(tokens, tokens.linear(x[11], nil), tokens).transposed().reshaped([1, width, 2, 2])
        let joined = T.concatenated([attended.upsampledNearest2(), first])
            .convolved(x[12], x[13], stride: 1, padding: 1)
        let pooled = first.averagePooled2().upsampledNearest2()
        let output = (joined + pooled).silu().convolved(x[14], x[15], stride: 1, padding: 1).depthToSpace(2)
        return output.squaredError(to: NaiveTensor(random: [1, 1, 8, 8], seed: 8), weight: nil, divisor: 64)
    }
}

@Suite("Gradients of compositions against finite differences")
struct CompositionTests {
    @Test("a residual block") func residualBlock() { ResidualBlockCase().checkGradients(samples: 24) }
    /// The bias of the keys shifts all scores of a query alike, so its gradient is 0 and what comes is rounding.
    @Test("attention and feed-forward")
    func attention() { AttentionCase().checkGradients(tolerance: 2e-4, samples: 24) }
    @Test("a tiny U-Net with its loss") func unet() { TinyUNetCase().checkGradients(samples: 24) }

    /// A variable that is used twice, directly and through another one, gets the sum of both gradients.
    @Test("a diamond, and a variable multiplied by itself")
    func diamond() {
        struct Diamond: Differentiable {
            let inputs = [[3, 5], [3, 5]]
            func callAsFunction<T: Algebra>(_ x: [T]) -> T {
                let shared = x[0].silu() * x[1]
                let left = shared * shared, right = shared.gelu() + x[0]
                return (left - right) * shared + x[0] * x[0]
            }
        }
        Diamond().checkGradients()
    }
}
