import Glibc
import ImageLibrary
import WorkerProtocol

/// Makes small versions of photos, in a sandboxed process, for the tuner.
public protocol PhotoSampler: Sendable {
    /// - Parameters:
    ///   - file: open for reading.
    ///   - side: of the longer side of the result, in pixels.
    /// - Throws: `WorkerError`.
    func sample(_ file: Int32, side: Int) async throws -> PhotoSample
    /// Nothing is to be read for a while.
    func rest()
}

extension ScanWorker: PhotoSampler {}

/// One tuner process and the photos that are fed to it.
///
/// The daemon hands over pixels that the scan role has decoded: no file of a user is parsed in the process that keeps
/// what it learns, and a photo that crashes its decoder costs that photo alone.
final class TunerSession: Sendable {
    let worker: TuneWorker
    private let feeding: Task<Void, Never>

    /// Longer side of photos in pixels.
    static let side = 768

    /// - Throws: `WorkerError` when the process cannot be started.
    init(
        _ task: TuneTask, _ limits: TuneLimits, photos: [ImageRecord], sampler: any PhotoSampler
    ) throws {
        let worker = try TuneWorker(executable: try WorkerExecutable.find(), task, limits)
        self.worker = worker
        feeding = Task(priority: .utility) {
            defer { sampler.rest() }
            for photo in photos {
                guard !Task.isCancelled else { return }
                guard let sample = await Self.sample(photo, sampler), let key = photo.key else { continue }
                guard await worker.add(sample, key: key) else { return }
            }
            _ = await worker.work()
        }
    }

    deinit { feeding.cancel() }

    /// Ends the process at once.
    func end() {
        feeding.cancel()
        worker.end()
    }

    /// nil for a photo that cannot be read, or is not the one any more that the library knows.
    private static func sample(_ photo: ImageRecord, _ sampler: any PhotoSampler) async -> PhotoSample? {
        // Without following a link and without waiting: the name may have become that of a pipe.
        let file = photo.path.withCString { open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW) }
        guard file >= 0 else { return nil }
        defer { close(file) }
        // Lineage goes by content: another content under this name must not be learnt as this one.
        var status = stat()
        guard fstat(file, &status) == 0, FileStamp(status) == photo.stamp else { return nil }
        return try? await sampler.sample(file, side: side)
    }
}

extension ImageRecord {
    /// What a photo is called at the tuner: a part of the hash of its content.
    var key: UInt64? {
        facts?.contentHash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
