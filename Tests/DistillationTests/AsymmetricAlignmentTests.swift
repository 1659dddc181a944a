import Autograd
import Diffusion
import Distillation
import Layers
import TensorCore
import Testing

@Suite struct AsymmetricAlignmentTests {
    private static let student = TestRun.student([16, 32, 32, 48]).stages
    private static let teacher = TestRun.teacher([32, 48]).stages

    private static func random(_ stages: [StageShape], seed: UInt64, learns: Bool) -> [StageFeature] {
        var random = SeededRandom(seed: seed)
        return stages.map { stage in
            // The finest of the stages has 16x16 positions.
            let side = 16 >> (stage.level - 2)
            return StageFeature(
                stage: stage.stage,
                value: Variable(random.normalTensor([2, stage.channels, side, side]), requiresGradient: learns))
        }
    }

    private static func pairs(
        _ student: [StageShape], _ teacher: [StageShape], _ pairing: AsymmetricAlignment.Pairing
    ) throws -> [(StageFeature.Stage, StageFeature.Stage)] {
        try AsymmetricAlignment(student: student, teacher: teacher, pairing: pairing, seed: 1).pairs
            .map { (student[$0.student].stage, teacher[$0.teacher].stage) }
    }

    @Test func stagesArePairedByTheirWayAndTheNearestResolution() throws {
        let pairs = try Self.pairs(Self.student, Self.teacher, .asymmetric)
        let expected: [(StageFeature.Stage, StageFeature.Stage)] = [
            (.down(0), .down(0)), (.down(1), .down(1)), (.down(2), .down(1)), (.down(3), .down(1)),
            (.middle, .middle), (.up(0), .up(0)), (.up(1), .up(0)), (.up(2), .up(0)), (.up(3), .up(1)),
        ]
        #expect(pairs.map(\.0) == expected.map(\.0))
        #expect(pairs.map(\.1) == expected.map(\.1))
    }

    @Test func equalIndicesPairStagesOfDifferentKinds() throws {
        let pairs = try Self.pairs(Self.student, Self.teacher, .equalIndex)
        #expect(pairs.map(\.0) == [.down(0), .down(1), .down(2), .down(3), .middle])
        #expect(pairs.map(\.1) == [.down(0), .down(1), .middle, .up(0), .up(1)])
    }

    @Test(arguments: AsymmetricAlignment.Pairing.allCases)
    func networksOfOneShapeArePairedStageByStage(_ pairing: AsymmetricAlignment.Pairing) throws {
        let pairs = try Self.pairs(Self.student, Self.student, pairing)
        #expect(pairs.count == Self.student.count && pairs.allSatisfy { $0.0 == $0.1 })
    }

    @Test(arguments: AsymmetricAlignment.Pairing.allCases)
    func theGradientReachesStudentAndProjectionsOnly(_ pairing: AsymmetricAlignment.Pairing) throws {
        let alignment = try AsymmetricAlignment(
            student: Self.student, teacher: Self.teacher, pairing: pairing, seed: 1)
        let student = Self.random(Self.student, seed: 2, learns: true)
        let teacher = Self.random(Self.teacher, seed: 3, learns: true)
        let loss = alignment.loss(student: student, teacher: teacher)
        // Nothing in common: a correlation near 0.
        #expect(abs(loss.value.scalar - 1) < 0.2)
        loss.backward()
        for pair in alignment.pairs { #expect(student[pair.student].value.gradient?.sumOfSquares ?? 0 > 0) }
        for (name, variable) in alignment.parameters.all where name.hasSuffix("weight") {
            #expect(variable.gradient?.sumOfSquares ?? 0 > 0, "\(name)")
        }
        #expect(teacher.allSatisfy { $0.value.gradient == nil })
    }

    /// ½ mean (n(a) - n(b))² of one pair, in double precision and without the library's operations.
    @Test func theLossOfOnePairIsItsFormula() throws {
        let stage = StageShape(stage: .middle, channels: 2, level: 2, depth: 0)
        let alignment = try AsymmetricAlignment(student: [stage], teacher: [stage], pairing: .asymmetric, seed: 4)
        var random = SeededRandom(seed: 5)
        let a = random.normalTensor([1, 2, 4, 4]), b = random.normalTensor([1, 2, 2, 2])
        let loss = alignment.loss(
            student: [StageFeature(stage: .middle, value: Variable(a))],
            teacher: [StageFeature(stage: .middle, value: Variable(b))])
        let weight = try #require(alignment.parameters.tensors["projections.0.weight"]).values.map(Double.init)
        let bias = try #require(alignment.parameters.tensors["projections.0.bias"]).values.map(Double.init)
        func normalized(_ x: [Double]) -> [Double] {
            let mean = x.reduce(0, +) / Double(x.count)
            var variance = 0.0
            for value in x { variance += (value - mean) * (value - mean) / Double(x.count) }
            let deviation = (variance + 1e-4).squareRoot()
            return x.map { ($0 - mean) / deviation }
        }
        let input = a.values.map(Double.init), target = b.values.map(Double.init)
        var sum = 0.0
        for channel in 0..<2 {
            let (first, second) = (weight[channel * 2], weight[channel * 2 + 1])
            var projected: [Double] = []
            for i in 0..<16 { projected.append(bias[channel] + first * input[i] + second * input[16 + i]) }
            var pooled: [Double] = []
            for i in [0, 2, 8, 10] {
                let pair = projected[i] + projected[i + 1], below = projected[i + 4] + projected[i + 5]
                pooled.append((pair + below) / 4)
            }
            let wanted = Array(target[(channel * 4)..<(channel * 4 + 4)])
            for (x, y) in zip(normalized(pooled), normalized(wanted)) { sum += (x - y) * (x - y) }
        }
        #expect(abs(Double(loss.value.scalar) - sum / 16) < 1e-4)
    }
}
