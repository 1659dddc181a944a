import Dispatch
import Glibc
import ImageLibrary
import Synchronization
import WorkerProtocol

/// Reads photos for the library: what a sandboxed process finds out about each, or why it could not.
public protocol PhotoScanner: Sendable {
    /// - Parameter file: open for reading.
    /// - Throws: `WorkerError`.
    func scan(_ file: Int32) async throws -> ScannedPhoto
    /// Nothing is to be read for a while.
    func rest()
}

extension ScanWorker: PhotoScanner {}

/// The scanner on refine-worker, which is looked for when the first photo is to be read.
public final class LazyScanner: PhotoScanner, PhotoSampler {
    private let worker = Mutex<ScanWorker?>(nil)

    public init() {}

    public func scan(_ file: Int32) async throws -> ScannedPhoto { try await found().scan(file) }

    public func sample(_ file: Int32, side: Int) async throws -> PhotoSample {
        try await found().sample(file, side: side)
    }

    private func found() throws -> ScanWorker {
        try worker.withLock { worker in
            let found = try worker ?? ScanWorker(executable: try WorkerExecutable.find())
            worker = found
            return found
        }
    }

    public func rest() { worker.withLock { $0?.rest() } }
}

/// The blocking work on the library: passes over folders, and the reading of what is new. One at a time.
///
/// All of it runs on a queue of its own, never on Swift's cooperative pool: disks hang, and network mounts hang longer.
final class LibraryScan: Sendable {
    private let store: LibraryStore
    private let scanner: any PhotoScanner
    private let queue = DispatchQueue(label: "org.refinecontrol.library", qos: .utility)
    private let isStopped = Atomic<Bool>(false)

    init(_ store: LibraryStore, _ scanner: any PhotoScanner) {
        self.store = store
        self.scanner = scanner
    }

    /// Makes the pass that runs end soon, and all later ones at once.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Runs blocking work.
    func perform<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Passes over a folder, or a part of it.
    func pass(_ folder: FolderRecord, from start: BytePath, isRecursive: Bool) async throws -> FolderPass.Outcome {
        try await perform { [store, self] in
            let isWhole = start.isEmpty && isRecursive
            do {
                let outcome = try FolderPass.run(store, folder, from: start, isRecursive: isRecursive) {
                    self.isStopped.load(ordering: .relaxed)
                }
                if isWhole || folder.state == .unavailable {
                    try store.finishPass(over: folder.id, .ready, place: try? LibraryStore.place(of: folder.path))
                }
                return outcome
            } catch let error as LibraryError {
                try store.finishPass(over: folder.id, .unavailable, place: nil)
                throw error
            }
        }
    }

    /// Reads all images that wait, until none is left or this is stopped.
    ///
    /// - Parameter report: told how many have been read of how many.
    func readWaiting(report: @Sendable (Int, Int) async -> Void) async throws {
        let total = try await perform { [store] in try store.stats().images[.new] ?? 0 }
        guard total > 0 else { return }
        // Used on the queue only.
        let intake = try await perform { [store] in QueueBound(try ImageIntake(store)) }
        defer { scanner.rest() }
        var done = 0
        while !isStopped.load(ordering: .relaxed) {
            let images = try await perform { [store] in try store.waiting(limit: 200) }
            guard !images.isEmpty else { return }
            for image in images {
                guard !isStopped.load(ordering: .relaxed) else { return }
                let outcome = try await read(image)
                try await perform {
                    switch outcome {
                    case .facts(let facts): try intake.value.accept(image, facts)
                    case .unreadable(let reason): try intake.value.quarantine(image, reason)
                    }
                }
                done += 1
                await report(done, max(total, done))
            }
        }
    }

    private enum Reading: Sendable {
        case facts(ImageFacts)
        case unreadable(String)
    }

    private func read(_ image: ImageRecord) async throws -> Reading {
        let file: Int32
        do {
            file = try await perform { try Self.open(image.path) }
        } catch {
            return .unreadable((error as? Unopened)?.reason ?? "unreadable")
        }
        defer { close(file) }
        do {
            let photo = try await scanner.scan(file)
            return .facts(
                ImageFacts(
                    contentHash: photo.contentHash, perceptualHash: photo.perceptualHash, width: photo.width,
                    height: photo.height))
        } catch let error as WorkerError where error.argument == "worker" {
            // No fault of the photo: it waits until the worker can be started again.
            throw error
        } catch let error as WorkerError {
            return .unreadable(error.reason)
        }
    }

    private struct Unopened: Error {
        let reason: String
    }

    /// Without following a link and without waiting: the name may have become that of a pipe.
    private static func open(_ path: BytePath) throws -> Int32 {
        let file = path.withCString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW) }
        guard file >= 0 else { throw Unopened(reason: errno == EACCES ? "not-readable" : "unreadable") }
        return file
    }
}

/// A value that one queue uses.
///
/// `@unchecked Sendable`: made and used in `LibraryScan.perform` only, which runs one block at a time.
private final class QueueBound<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
