import Foundation
import ImageCodec
import ImageLibrary
import Logging
import Personalization
import RefineDaemon
import TestSupport
import WorkerProtocol

/// A data folder, a base model, a library of small photos, and the daemon's parts that tune, without a bus.
final class TuningPlace: Sendable {
    let place: Place
    let library: LibraryHandle
    let generations: GenerationStore
    let room: EngineRoom
    let tuner: PersonalTuner
    var store: LibraryStore { get throws { try library.store() } }
    var data: String { "\(place.path)/data" }
    var base: String { "\(place.path)/base" }

    /// - Parameters:
    ///   - photos: every fifth of them is held out.
    ///   - size: of runs.
    ///   - noise: see `SmallBase`.
    init(photos: Int = 30, size: TuneSize = .small(), noise: Float = 0.02) throws {
        place = try Place()
        try SmallBase.write(to: try place.folder("base"), noise: noise)
        let folder = try place.folder("photos")
        for i in 0..<photos {
            let photo = try stripedPhoto(i)
            let png = try photo.pixels.withBytes {
                try PixelFile.png(samples: $0, width: photo.width, height: photo.height, bands: 3)
            }
            try Data(png).write(to: URL(fileURLWithPath: "\(folder)/secret-\(i).png"))
        }
        let log = Logger(label: "test")
        library = LibraryHandle(folder: "\(place.path)/data", time: .system, log: log)
        generations = GenerationStore(library: library, base: "\(place.path)/base", kept: 2, log: log)
        room = try EngineRoom(generations: generations)
        tuner = PersonalTuner(
            generations: generations, room: room, sampler: LazyScanner(), limits: TuneLimits(threads: 1), size: size,
            log: log)
        try fill(folder)
    }

    /// Takes the photos in as if they had been read.
    private func fill(_ path: String) throws {
        let store = try store
        let folder = try store.addFolder(BytePath(path), FolderOptions(minimumSide: 64))
        _ = try FolderPass.run(store, folder, from: BytePath(""), isRecursive: true)
        let intake = try ImageIntake(store)
        while let image = try store.waiting(limit: 1).first {
            // Hashes that are far from each other, so that each photo is a cluster of its own.
            let hash = UInt64(truncatingIfNeeded: image.id) &* 0x9E37_79B9_7F4A_7C15
            let content = withUnsafeBytes(of: hash.bigEndian) { Array($0) } + [UInt8](repeating: 3, count: 24)
            try intake.accept(
                image, ImageFacts(contentHash: content, perceptualHash: hash, width: 96, height: 80))
        }
    }

    /// The next event of the tuner that is not progress.
    func outcome() async throws -> TunerEvent {
        for await event in tuner.events {
            if case .progress = event { continue }
            return event
        }
        throw Overdue(what: "an event of the tuner")
    }

    /// Waits for a step of the tuner.
    func step(_ number: Int) async throws {
        for await event in tuner.events {
            if case .progress(let step, _) = event, step >= number { return }
        }
        throw Overdue(what: "step \(number)")
    }

    /// What the model in use makes of a hole in a photo.
    func fill() async throws -> FillOutcome {
        let photo = try stripedPhoto(3), bytes = photo.pixels.withBytes { Array($0) }
        let mask = (0..<(96 * 80)).map { UInt8((40..<52).contains($0 % 96) && (30..<42).contains($0 / 96) ? 255 : 0) }
        let lease = try await room.lease()
        _ = try await room.begin(
            RawPhoto(width: 96, height: 80, samples: .u8(bytes), mask: mask), FillRequest(seed: 1), with: lease)
        while try await room.advance().isMoreLeft {}
        let outcome = try await room.finish()
        await room.release(lease)
        return outcome
    }

    /// Trains and judges once.
    func round() async throws -> TuningVerdict {
        await tuner.start()
        guard case .tuned(true) = try await outcome() else { throw Overdue(what: "weights") }
        return await tuner.judge()
    }
}
