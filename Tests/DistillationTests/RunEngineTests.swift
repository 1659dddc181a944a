import Diffusion
import Distillation
import Foundation
import Layers
import TensorCore
import Testing

/// What a run folder tells of the engine that computed it.
@Suite struct RunEngineTests {
    @Test func aRunAndItsModelRecordThePlan() throws {
        try TestRun.withFolder { folder in
            let trainer = try TestRun.trainer(in: "\(folder)/run")
            try trainer.train(shouldStop: { trainer.step == 1 })
            let engines = try trainer.run.engines()
            #expect(engines.count == 1 && engines[0].fromStep == 0 && engines[0].plan == Convolution.plan.id)
            #expect(engines[0].machine.threads == BLAS.threads && !engines[0].machine.cpu.isEmpty)
            // Going on with the same engine adds nothing.
            #expect(try TestRun.trainer(in: "\(folder)/run").run.engines() == engines)

            try trainer.export(
                to: "\(folder)/model", index: ModelIndex(name: "student", generation: "1", defaultSteps: 1))
            #expect(try ModelFolder(reading: "\(folder)/model").index.provenance["plan"] == engines[0].plan)
        }
    }

    @Test func anotherEngineIsAddedFromItsFirstStepOn() throws {
        try TestRun.withFolder { folder in
            let trainer = try TestRun.trainer(in: folder)
            try trainer.train(shouldStop: { trainer.step == 2 })
            var engines = try trainer.run.engines()
            engines[0].machine.cpu = "another CPU"
            let file = URL(fileURLWithPath: "\(folder)/engine.json")
            try JSONEncoder().encode(engines).write(to: file)
            let added = try TestRun.trainer(in: folder).run.engines()
            #expect(added.map(\.fromStep) == [0, 2] && added[0].machine.cpu == "another CPU")

            try Data("{".utf8).write(to: file)
            let error = #expect(throws: ModelError.self) { try TestRun.trainer(in: folder) }
            #expect(error?.code == .badConfiguration)
        }
    }
}
