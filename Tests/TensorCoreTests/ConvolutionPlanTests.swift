import Foundation
import NaiveOracle
import Testing

import TensorCore

@Suite("ConvolutionPlan")
struct ConvolutionPlanTests {
    private static let machine = ConvolutionPlan.Machine(cpu: "a CPU", engine: "an engine", threads: 2)
    private static let wide = ConvolutionProblem(
        .inference, input: [1, 32, 8, 8], weights: [16, 32, 3, 3], options: .init(padding: 1))
    private static let plan = ConvolutionPlan(machine: machine, choices: [wide: .direct])

    private func withFile(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-plan-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body("\(folder)/cache/plan.json")
    }

    private func refusal(_ path: String, _ machine: ConvolutionPlan.Machine = machine) -> ConvolutionPlanError.Code? {
        do {
            _ = try ConvolutionPlan(reading: path, for: machine)
            return nil
        } catch {
            return (error as? ConvolutionPlanError)?.code
        }
    }

    @Test("a plan comes back from its file as it was, for its user alone")
    func roundTrip() throws {
        try withFile { path in
            try Self.plan.write(to: path)
            let read = try ConvolutionPlan(reading: path, for: Self.machine)
            #expect(read == Self.plan && read.id == Self.plan.id)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("the id tells plans apart by machine and choices, and the rule has its own")
    func ids() {
        var other = Self.machine
        other.threads = 4
        let ids = [
            Self.plan.id, ConvolutionPlan(machine: other, choices: [Self.wide: .direct]).id,
            ConvolutionPlan(machine: Self.machine, choices: [Self.wide: .winograd]).id,
            ConvolutionPlan.rule(for: Self.machine).id,
        ]
        #expect(Set(ids).count == 4)
        #expect(ids[0].count == 16 && ids[3] == "rule-1")
    }

    @Test("missing, damaged and foreign files are refused by kind")
    func refusals() throws {
        try withFile { path in
            #expect(refusal(path) == .missing)
            try Self.plan.write(to: path)
            for change in ["cpu", "engine"] {
                var machine = Self.machine
                if change == "cpu" { machine.cpu = "another" } else { machine.engine = "another" }
                #expect(refusal(path, machine) == .foreign)
            }
            let good = try String(contentsOfFile: path, encoding: .utf8)
            let damages = [
                "", "{", "[]", String(good.prefix(good.count / 2)),
                good.replacingOccurrences(of: "onednn-direct", with: "magic"),
                good.replacingOccurrences(of: "onednn-direct", with: "gemm"),
                good.replacingOccurrences(of: "\"stride\" : 1", with: "\"stride\" : 0"),
                good.replacingOccurrences(of: "32,", with: "-32,"),
                good.replacingOccurrences(of: "32,", with: "4611686018427387904,"),
            ]
            for damage in damages {
                #expect(damage != good)
                try damage.write(toFile: path, atomically: true, encoding: .utf8)
                #expect(refusal(path) == .damaged, "\(damage.prefix(200))")
            }
        }
    }

    @Test("a plan that cannot be written says so")
    func unwritable() throws {
        #expect(throws: ConvolutionPlanError.self) { try Self.plan.write(to: "/proc/no/plan.json") }
    }

    @Test("the place follows XDG and takes no relative path")
    func place() {
        let path = ConvolutionPlan.defaultPath(threads: 3, environment: ["XDG_CACHE_HOME": "/c", "HOME": "/h"])
        #expect(path == "/c/refine-control/convolution-plan-3-threads.json")
        let home = ConvolutionPlan.defaultPath(threads: 3, environment: ["XDG_CACHE_HOME": "c", "HOME": "/h"])
        #expect(home == "/h/.cache/refine-control/convolution-plan-3-threads.json")
        #expect(ConvolutionPlan.defaultPath(threads: 3, environment: [:]) == nil)
    }

    @Test("the planner times every algorithm that covers a shape, and names one of them")
    func planner() {
        let pointwise = ConvolutionProblem(.data, input: [1, 8, 4, 4], weights: [8, 8, 1, 1], options: .init())
        let weights = ConvolutionProblem(
            .weights, input: [2, 16, 8, 8], weights: [16, 16, 3, 3], options: .init(padding: 1))
        let strided = ConvolutionProblem(
            .training, input: [1, 8, 8, 8], weights: [8, 8, 3, 3], options: .init(stride: 2, padding: 1))
        var planner = ConvolutionPlanner([Self.wide, pointwise, weights, strided], machine: Self.machine, rounds: 1)
        var timed: [ConvolutionProblem: [ConvolutionAlgorithm]] = [:]
        while let (problem, timing) = planner.advance() { timed[problem] = timing.map(\.algorithm) }
        #expect(timed.count == 4 && planner.isFinished && planner.plan.choices.count == 4)
        #expect(timed[pointwise] == [.direct, .product] && timed[strided] == [.direct])
        for problem in [Self.wide, weights] {
            #expect(timed[problem]?.filter { $0 != .libraryWinograd } == [.direct, .winograd])
        }
        for (problem, choice) in planner.choices { #expect(timed[problem]?.contains(choice) == true) }
    }

    @Test("the planner runs one algorithm once in each step, so that others get the engine in between")
    func plannerSteps() {
        let problem = ConvolutionProblem(.data, input: [1, 8, 4, 4], weights: [8, 8, 1, 1], options: .init())
        var planner = ConvolutionPlanner([problem], machine: Self.machine, rounds: 3)
        // Two algorithms, each prepared once and timed thrice.
        for _ in 0..<7 { #expect(planner.step() == nil && !planner.isFinished && planner.choices.isEmpty) }
        #expect(planner.step()?.problem == problem && planner.isFinished && planner.choices.count == 1)
        #expect(planner.step() == nil)
    }

    @Test("a size that was not timed follows the nearest one of its layer, within a factor of four")
    func nearestSize() {
        func problem(_ side: Int, _ direction: ConvolutionProblem.Direction = .inference) -> ConvolutionProblem {
            ConvolutionProblem(
                direction, input: [1, 32, side, side], weights: [16, 32, 3, 3], options: .init(padding: 1))
        }
        let plan = ConvolutionPlan(machine: Self.machine, choices: [problem(8): .direct, problem(32): .winograd])
        #expect(plan.algorithm(for: problem(12)) == .direct && plan.algorithm(for: problem(24)) == .winograd)
        #expect(plan.algorithm(for: problem(64)) == .winograd && plan.algorithm(for: problem(4)) == .direct)
        // The rule has Winograd for all of them.
        #expect(plan.algorithm(for: problem(3)) == .winograd && plan.algorithm(for: problem(8, .data)) == .winograd)
    }

    /// Winograd adds and subtracts larger numbers than the direct sum; this bounds what that costs, shape by shape.
    @Test(
        "every algorithm that covers a shape agrees with the sum in double precision, in every direction",
        arguments: [
            [2, 16, 24, 12, 9, 3, 1, 1], [1, 64, 64, 32, 32, 3, 1, 1], [1, 320, 32, 16, 16, 3, 1, 1],
            [2, 24, 16, 9, 7, 1, 1, 0], [2, 8, 12, 10, 8, 3, 2, 1],
        ])
    func algorithms(_ s: [Int]) {
        let x = NaiveTensor(random: [s[0], s[1], s[3], s[4]], seed: 1)
        let w = NaiveTensor(random: [s[2], s[1], s[5], s[5]], seed: 2)
        let bias = NaiveTensor(random: [s[2]], seed: 3)
        let options = Convolution.Options(stride: s[6], padding: s[7])
        let expected = x.convolved(weights: w, bias: bias, stride: s[6], padding: s[7])
        let dy = NaiveTensor(random: expected.shape, seed: 4)
        var reference: (dx: [Float], dw: [Float])?
        for algorithm in ConvolutionAlgorithm.allCases {
            func problem(_ direction: ConvolutionProblem.Direction) -> ConvolutionProblem {
                ConvolutionProblem(direction, input: x.shape, weights: w.shape, options: options)
            }
            guard algorithm.covers(problem(.data)), Convolution.isAvailable(algorithm, for: problem(.data)) else {
                continue
            }
            let adding = Tensor(NaiveTensor(random: expected.shape, seed: 5))
            for direction in [ConvolutionProblem.Direction.inference, .training] {
                let y = Tensor(uninitialized: expected.shape)
                let prepared = direction == .inference ? PreparedWeights() : nil
                for _ in 0..<2 {
                    Convolution.forward(
                        problem(direction), algorithm, Tensor(x), weights: Tensor(w), bias: Tensor(bias),
                        adding: adding, prepared: prepared, into: y)
                    #expect(Deviation.relative((y - adding).values, expected) < 5e-6, "\(algorithm) \(direction)")
                }
            }
            let dx = Tensor(uninitialized: x.shape)
            Convolution.backwardData(problem(.data), algorithm, Tensor(dy), weights: Tensor(w), into: dx)
            let dw = Tensor(uninitialized: w.shape), db = Tensor(uninitialized: [s[2]])
            Convolution.backwardWeights(
                problem(.weights), algorithm, Tensor(x), gradient: Tensor(dy), weights: dw, bias: db)
            #expect(Deviation.relative(db.values, dy.summedOverInner().summedOverOuter()) < 5e-6, "\(algorithm)")
            // Against oneDNN's direct kernels, which ConvolutionTests checks by the definition.
            if let reference {
                let naive = { (values: [Float], shape: [Int]) in NaiveTensor(values.map(Double.init), shape: shape) }
                #expect(Deviation.relative(dx.values, naive(reference.dx, x.shape)) < 1e-5, "\(algorithm)")
                #expect(Deviation.relative(dw.values, naive(reference.dw, w.shape)) < 1e-5, "\(algorithm)")
            } else {
                reference = (dx.values, dw.values)
            }
        }
    }

    @Test("prepared weights follow a change in place")
    func preparedWeights() {
        let x = Tensor(NaiveTensor(random: [1, 16, 8, 8], seed: 1)), prepared = PreparedWeights()
        let weights = Tensor(NaiveTensor(random: [16, 16, 3, 3], seed: 2))
        func result() -> [UInt32] {
            bits(
                Convolution.forward(x, weights: weights, bias: nil, options: .init(padding: 1), prepared: prepared))
        }
        func fresh() -> [UInt32] {
            bits(Convolution.forward(x, weights: weights, bias: nil, options: .init(padding: 1)))
        }
        #expect(result() == fresh())
        weights.accumulateInPlace(weights, factor: 0.5)
        #expect(result() == fresh())
        weights.copyInPlace(from: Tensor(NaiveTensor(random: [16, 16, 3, 3], seed: 3)))
        #expect(result() == fresh())
    }

    @Test("biases of each image and an addend are added by every algorithm", arguments: [(16, 3), (4, 3), (4, 1)])
    func offsets(_ channels: Int, _ kernel: Int) {
        let x = NaiveTensor(random: [2, channels, 6, 5], seed: 1)
        let w = NaiveTensor(random: [channels, channels, kernel, kernel], seed: 2)
        let bias = Tensor(NaiveTensor(random: [2, channels], seed: 3))
        let plain = x.convolved(weights: w, bias: nil, stride: 1, padding: kernel / 2)
        let adding = Tensor(NaiveTensor(random: plain.shape, seed: 4))
        let y = Convolution.forward(
            Tensor(x), weights: Tensor(w), bias: bias, options: .init(padding: kernel / 2), adding: adding)
        let expected = Tensor(plain).addingAlongChannels(bias) + adding
        #expect(Deviation.relative(y.values, NaiveTensor(expected.values.map(Double.init), shape: plain.shape)) < 5e-6)
    }
}
