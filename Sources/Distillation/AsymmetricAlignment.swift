import Autograd
import Diffusion
import Layers
import TensorCore

/// L_feature: the student's features against the teacher's where the two networks differ in depth, width and number
/// of resolutions.
///
/// Stages are paired once, by `pairing`. For the pair (i, j) with the student's feature `s_i` [N, C_s, H_s, W_s] and
/// the teacher's `t_j` [N, C_t, H_t, W_t]:
///
/// `L_ij = ½ mean (n(r(P_ij s_i)) - n(r(t_j)))²`, and `L_feature = mean over pairs of L_ij`
///
/// - `P_ij` is a 1x1 convolution from C_s to C_t channels that lives in training only;
/// - `r` averages 2x2 pixels until both have the coarser one's size;
/// - `n` gives each channel of each crop mean 0 and variance 1 over its positions, so that no channel rules by its
///   size.
///
/// Of two normalised channels this is 1 minus their correlation (Cao et al., "PKD", 2022): about 1 at the start
/// whatever the networks, as L_task and L_output are about 1 of the pre-fill's error. The form of `n`, the pairing's
/// costs and ½ are ours. No gradient reaches the teacher.
public final class AsymmetricAlignment {
    /// Which stages are compared.
    public enum Pairing: String, Codable, Sendable, CaseIterable {
        /// Each stage of the student with the one of the teacher on the same way (down, middle, up) whose resolution
        /// is nearest; among several, the one at the nearest relative depth.
        case asymmetric
        /// The first with the first, the second with the second, until one network has no more: the control.
        case equalIndex = "equal-index"
    }

    /// Positions in the two networks' lists of stages.
    public struct Pair: Sendable, Equatable {
        public let student: Int
        public let teacher: Int

        public init(student: Int, teacher: Int) {
            self.student = student
            self.teacher = teacher
        }
    }

    public let pairs: [Pair]
    /// The projections.
    public let parameters: ParameterSet
    private let projections: [Convolution2D]
    private let student: [StageShape], teacher: [StageShape]

    /// Variances below this are those of channels that say nothing.
    private static let epsilon: Float = 1e-4

    /// - Parameters:
    ///   - student: the student's stages, as `loss` will be given them.
    ///   - teacher: the teacher's stages, likewise.
    ///   - pairing: which stage goes with which.
    ///   - seed: of the projections.
    public init(student: [StageShape], teacher: [StageShape], pairing: Pairing, seed: UInt64) throws {
        self.student = student
        self.teacher = teacher
        let pairs = Self.pairs(student, teacher, pairing)
        let parameters = ParameterSet(seed: seed)
        projections = try pairs.enumerated().map { i, pair in
            try Convolution2D(
                parameters.root.scope("projections", i), student[pair.student].channels,
                teacher[pair.teacher].channels, kernel: 1)
        }
        self.pairs = pairs
        self.parameters = parameters
    }

    static func pairs(_ student: [StageShape], _ teacher: [StageShape], _ pairing: Pairing) -> [Pair] {
        switch pairing {
        case .equalIndex:
            return (0..<min(student.count, teacher.count)).map { Pair(student: $0, teacher: $0) }
        case .asymmetric:
            return student.indices.compactMap { i in
                let candidates = teacher.indices.filter { teacher[$0].way == student[i].way }
                func cost(_ j: Int) -> (Int, Double) {
                    (abs(teacher[j].level - student[i].level), abs(teacher[j].depth - student[i].depth))
                }
                return candidates.min { cost($0) < cost($1) }.map { Pair(student: i, teacher: $0) }
            }
        }
    }

    /// L_feature, a scalar. The gradient reaches the student's features and the projections.
    public func loss(student features: [StageFeature], teacher targets: [StageFeature]) -> Variable {
        precondition(
            features.map(\.stage) == student.map(\.stage) && targets.map(\.stage) == teacher.map(\.stage),
            "Distillation: features of other stages than the alignment was made for")
        var total: Variable?
        for (pair, projection) in zip(pairs, projections) {
            var own = projection(features[pair.student].value)
            var target = Variable(targets[pair.teacher].value.value)
            while own.shape[2] > target.shape[2] { own = own.averagePooled2() }
            while target.shape[2] > own.shape[2] { target = target.averagePooled2() }
            precondition(
                own.shape == target.shape, "Distillation: feature \(own.shape) against the teacher's \(target.shape)")
            let error = Self.normalized(own).weightedSquaredError(
                to: Self.normalized(target).value, divisor: 2 * Double(own.value.count))
            total = total.map { $0 + error } ?? error
        }
        return (total ?? Variable(Tensor([0], shape: []))) * (1 / Float(max(pairs.count, 1)))
    }

    /// Each channel of each crop over its positions.
    private static func normalized(_ x: Variable) -> Variable {
        let channels = x.shape[1]
        return x.groupNormalized(
            gamma: Variable(Tensor(repeating: 1, shape: [channels])),
            beta: Variable(Tensor(repeating: 0, shape: [channels])), groups: channels, epsilon: epsilon)
    }
}

/// What must be known of a stage to pair it.
public struct StageShape: Sendable, Equatable {
    enum Way {
        case down, middle, up
    }

    public let stage: StageFeature.Stage
    public let channels: Int
    /// How many times the pixels' resolution is halved there.
    public let level: Int
    /// Where it lies on its way: 0 for the first stage, 1 for the last.
    public let depth: Double

    public init(stage: StageFeature.Stage, channels: Int, level: Int, depth: Double) {
        self.stage = stage
        self.channels = channels
        self.level = level
        self.depth = depth
    }

    var way: Way {
        switch stage {
        case .down: .down
        case .middle: .middle
        case .up: .up
        }
    }
}

extension NetworkShape {
    /// The stages of the U-Net in the order of its features.
    public var stages: [StageShape] {
        let channels = unet.blockOutChannels, count = channels.count
        let fold = codec.patchSize.trailingZeroBitCount
        func depth(_ i: Int) -> Double { count > 1 ? Double(i) / Double(count - 1) : 0 }
        let down = channels.indices.map {
            StageShape(stage: .down($0), channels: channels[$0], level: fold + $0, depth: depth($0))
        }
        let middle = StageShape(
            stage: .middle, channels: channels[count - 1], level: fold + count - 1, depth: 0)
        let up = channels.indices.map { i in
            StageShape(
                stage: .up(i), channels: channels[count - 1 - i], level: fold + count - 1 - i, depth: depth(i))
        }
        return down + [middle] + up
    }
}
