import Foundation
import ImageLibrary
import Personalization
import RefineBus
import RefineDaemon
import TestSupport
import Testing
import WorkerProtocol

@Suite("Personal tuner", .serialized) struct PersonalTunerTests {
    /// Enough for a base whose last layer is `noise` to get better on everything by a third of a dB at least, whatever seed a
    /// run draws: replay holds on to the noise, and with less of it, or smaller crops, one run in twenty gained nothing.
    private static let learning = TuneSize(
        steps: 40, batch: 4, cropSize: 64, scenes: 1, checkpointInterval: 10, canaryPictures: 3)
    private static let noise: Float = 0.5

    @Test("weights that are better are adopted, in use at once, and still there after a new start")
    func adoption() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        #expect(try await place.room.load().generation == "base-t")
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        #expect(try await place.room.load().generation == "personal-1")
        let record = try #require(try await place.tuner.history(limit: 5).first)
        #expect(record.generation == "personal-1")
        #expect(record.parent == "base-t")
        #expect(record.steps == 40)
        #expect(record.photos == 24)
        #expect(record.heldOutPhotos == 6)
        #expect(record.lowerBound > 0)
        // Nothing of the run is left but its weights.
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place.data)/runs").isEmpty)
        let again = try EngineRoom(generations: place.reopened())
        #expect(try await again.load().generation == "personal-1")
    }

    @Test("weights that gain nothing are kept out, with their numbers")
    func keptOut() async throws {
        let place = try TuningPlace()
        await place.tuner.start()
        guard case .tuned(true) = try await place.outcome() else { throw Overdue(what: "weights") }
        // Whatever a few steps have learnt: these weights are those of the base.
        let manager = FileManager.default, weights = "unet/diffusion_pytorch_model.safetensors"
        let run = try #require(try manager.contentsOfDirectory(atPath: "\(place.data)/runs").first)
        let tuned = "\(place.data)/runs/\(run)/export/\(weights)"
        try manager.removeItem(atPath: tuned)
        try manager.copyItem(atPath: "\(place.base)/\(weights)", toPath: tuned)
        guard case .kept(let code) = await place.tuner.judge() else {
            Issue.record("adopted what is no better")
            return
        }
        #expect(code == "no-gain")
        #expect(try await place.room.load().generation == "base-t")
        let record = try #require(try await place.tuner.history(limit: 5).first)
        #expect(record.generation == nil)
        #expect(record.verdict == "no-gain")
        #expect(record.heldOutPhotos == 6)
    }

    @Test("a process that is killed is told, and its run goes on from its checkpoint")
    func killed() async throws {
        let place = try TuningPlace(size: .small(steps: 200))
        await place.tuner.start()
        try await place.step(5)
        let process = try #require(Self.tuners().first)
        kill(process, SIGKILL)
        #expect(try await place.outcome() == .died(code: "killed"))
        let run = try #require(try place.store.currentRun())
        await place.tuner.start()
        #expect(try place.store.currentRun()?.id == run.id)
        #expect(try await place.outcome() == .tuned(hasWeights: true))
    }

    @Test("ended while it judges it answers postponed, and the next start comes to judging again")
    func postponed() async throws {
        let place = try TuningPlace(size: .small(steps: 2))
        await place.tuner.start()
        #expect(try await place.outcome() == .tuned(hasWeights: true))
        let verdict = Task { await place.tuner.judge() }
        try await eventually("a judging process") { !Self.tuners().isEmpty }
        await place.tuner.end()
        #expect(await verdict.value == .postponed)
        await place.tuner.start()
        #expect(try await place.outcome() == .tuned(hasWeights: true))
        #expect(await place.tuner.judge() != .postponed)
    }

    @Test("a forgotten photo takes its run, its generations and their files along; no byte of it stays")
    func forgetting() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        // Photos that were held out are fewer than those that were not.
        let image = try #require(try place.store.tuningPhotos(.train, limit: 1).first)
        let name = try #require(image.path.bytes.split(separator: UInt8(ascii: "/")).last)
        let pixels = try Self.pixels(of: image)
        await place.tuner.start()
        try await place.step(2)

        let forgotten = try place.store.forget(image.path)
        await place.tuner.forget(forgotten)
        #expect(Self.tuners().isEmpty)
        #expect(forgotten.generations == ["personal-1"])
        #expect(try await place.room.load().generation == "base-t")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place.data)/generations").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place.data)/runs").isEmpty)
        for (file, bytes) in try place.place.files() where file.hasPrefix("data/") {
            #expect(bytes.range(of: Data(name)) == nil, "\(file) has the photo's name")
            for row in stride(from: 0, to: pixels.count, by: 97 * 3) {
                let crop = pixels[row..<min(row + 48, pixels.count)]
                #expect(bytes.range(of: Data(crop)) == nil, "\(file) has pixels of the photo")
            }
        }
    }

    @Test("damaged weights are not used: the base is, and the row says why")
    func damage() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        let file = "\(place.data)/generations/personal-1/unet/diffusion_pytorch_model.safetensors"
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        try handle.seek(toOffset: 5000)
        try handle.write(contentsOf: Data([1, 2, 3, 4]))
        try handle.close()
        let again = try EngineRoom(generations: place.reopened())
        #expect(try await again.load().generation == "base-t")
        #expect(try place.store.generations().first?.state == .damaged)
    }

    @Test("a base that cannot be loaded is told, and does not count against what was tuned from it")
    func damagedBase() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        let file = "\(place.base)/unet/diffusion_pytorch_model.safetensors", kept = "\(file).kept"
        try FileManager.default.moveItem(atPath: file, toPath: kept)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
        let broken = try EngineRoom(generations: place.reopened())
        await #expect(throws: RefineError.self) { try await broken.load() }
        #expect(try place.store.generations().first?.state == .ready)
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.moveItem(atPath: kept, toPath: file)
        let again = try EngineRoom(generations: place.reopened())
        #expect(try await again.load().generation == "personal-1")
    }

    @Test("a photo is filled by what suits it, and the outcome says which generation that was")
    func choice() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        #expect(try await place.fill().generation == "base-t")
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        // The base's noise is worse on everything.
        #expect(try await place.fill().generation == "personal-1")
    }

    @Test("rolled back to its parent, used again by name, and reset to the base")
    func wayBack() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        await #expect(throws: TuningArchiveError.nothingToRollBack) { try await place.tuner.rollback() }
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        #expect(try await place.tuner.rollback() == "base-t")
        #expect(try await place.room.load().generation == "base-t")
        try place.store.activate("personal-1")
        #expect(try await place.room.reload().generation == "personal-1")
        try await place.tuner.reset()
        #expect(try await place.room.load().generation == "base-t")
        #expect(try place.store.generations().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "\(place.data)/generations"))
    }

    @Test("a crash between the files of a generation and its row has it judged again")
    func cutShort() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        await place.tuner.start()
        #expect(try await place.outcome() == .tuned(hasWeights: true))
        let run = try #require(try place.store.currentRun())
        try FileManager.default.createDirectory(
            atPath: "\(place.data)/generations", withIntermediateDirectories: true)
        try FileManager.default.moveItem(
            atPath: "\(place.data)/runs/\(run.id)/export", toPath: "\(place.data)/generations/\(run.generation)")
        // And the rest of a run that is no more.
        try FileManager.default.createDirectory(
            atPath: "\(place.data)/runs/77", withIntermediateDirectories: true)
        let room = try EngineRoom(generations: place.reopened())
        #expect(try await room.load().generation == "base-t")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place.data)/runs") == [String(run.id)])
        #expect(await place.tuner.judge() == .adopted(generation: run.generation))
    }

    @Test("folders and files are the user's alone")
    func modes() async throws {
        let place = try TuningPlace(size: Self.learning, noise: Self.noise)
        #expect(try await place.round() == .adopted(generation: "personal-1"))
        let manager = FileManager.default
        for name in try manager.subpathsOfDirectory(atPath: place.data) {
            let attributes = try manager.attributesOfItem(atPath: "\(place.data)/\(name)")
            let mode = attributes[.posixPermissions] as? Int
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            #expect(mode == (isFolder ? 0o700 : 0o600), "\(name)")
        }
    }

    /// The tuners that this process has started.
    static func tuners() -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            return stat.contains("(refine-tuner)") && fields.count > 1 && fields[1] == "\(getpid())"
                && fields[0] != "Z"
        }
    }

    private static func pixels(of image: ImageRecord) throws -> [UInt8] {
        let name = String(decoding: image.path.bytes, as: UTF8.self)
        let number = name.split(separator: "-").last?.split(separator: ".").first.flatMap { Int($0) }
        return try stripedPhoto(try #require(number)).pixels.withBytes { Array($0) }
    }
}

extension TuningPlace {
    /// The same folders, as the next start of the daemon finds them.
    func reopened() throws -> GenerationStore {
        GenerationStore(library: library, base: base, kept: 2, log: .init(label: "test"))
    }
}
