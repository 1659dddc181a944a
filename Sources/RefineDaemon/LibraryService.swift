import BusTransport
import Glibc
import ImageLibrary
import Logging
import RefineBus

/// Keeps the library up to date: passes over its folders at the start, when they change, and from time to time where
/// changes are not told. Serves the interface Library.
public actor LibraryService: RootInterface {
    public nonisolated var interface: BusInterface { RefineInterfaces.library }

    private let library: LibraryHandle
    private let scanner: any PhotoScanner
    private let time: TimeSource
    private let log: Logger
    /// Told of generations and runs whose files must go, before the call is answered.
    private let onForget: @Sendable (LibraryStore.Forgotten) async -> Void

    private var scan: LibraryScan?
    private var watch: FolderWatch?
    private var bus: BusConnection?
    /// What is to be looked at, by folder; an empty path with `isDeep` is all of it.
    private var dirty: [Int64: [BytePath: Bool]] = [:]
    /// Folders of which not all is watched live.
    private var blind: Set<Int64> = []
    private var progress: (done: Int, total: Int)?
    private var isBusy = false
    /// Why the last passes did not come to their end, where that is not a folder's fault.
    private var failure: LibraryError.Code?
    private let wake: AsyncStream<Void>.Continuation
    private let wakes: AsyncStream<Void>

    /// How long to wait after a change for more of them: files come in crowds.
    private static let settling = Duration.seconds(2)
    /// After a failure: the disk may have room again, and nobody tells.
    private static let retrying = Duration.seconds(300)
    /// Folders with changes above which the whole tree is looked through instead.
    private static let mostDirty = 500

    /// - Parameters:
    ///   - library: shared with the parts that learn from it.
    ///   - scanner: reads photos.
    ///   - time: of passes and waits.
    ///   - log: is told of folders and faults, without paths.
    ///   - onForget: removes the files of runs and generations that are forgotten.
    public init(
        library: LibraryHandle, scanner: any PhotoScanner, time: TimeSource, log: Logger,
        onForget: @escaping @Sendable (LibraryStore.Forgotten) async -> Void = { _ in }
    ) {
        self.library = library
        self.scanner = scanner
        self.time = time
        self.log = log
        self.onForget = onForget
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// - Parameters:
    ///   - folder: The data folder, for a library that no other part uses.
    ///   - scanner: Reads photos.
    ///   - time: Of passes and waits.
    ///   - log: Is told of folders and faults, without paths.
    public init(folder: String, scanner: any PhotoScanner, time: TimeSource, log: Logger) {
        self.init(library: LibraryHandle(folder: folder, time: time, log: log), scanner: scanner, time: time, log: log)
    }

    public func run(on bus: BusConnection) async {
        self.bus = bus
        guard let store = try? library.store() else { return await Self.untilCancelled() }
        let scan = LibraryScan(store, scanner)
        self.scan = scan
        watch = try? FolderWatch { change in Task { await self.note(change) } }
        markAll()
        let timer = Task { await self.lookAgainFromTimeToTime() }
        await withTaskCancellationHandler {
            for await _ in wakes {
                guard !Task.isCancelled else { break }
                await work(scan)
            }
        } onCancel: {
            scan.stop()
            wake.finish()
        }
        timer.cancel()
        watch = nil
        try? store.close()
    }

    private static func untilCancelled() async {
        let (never, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in never {}
        } onCancel: {
            end.finish()
        }
    }

    // MARK: Work

    private func note(_ change: FolderWatch.Change) async {
        switch change {
        case .overflow:
            log.notice("changes of folders came too fast: looking through all of them")
            markAll()
        case .changed(let folder, let path, let isDeep):
            let isFirst = dirty.isEmpty
            var paths = dirty[folder] ?? [:]
            paths[path] = (paths[path] ?? false) || isDeep
            dirty[folder] = paths.count > Self.mostDirty ? [BytePath(""): true] : paths
            guard isFirst else { return }
            try? await time.sleep(Self.settling)
            wake.yield()
        }
    }

    private func markAll() {
        guard let store = try? library.store(), let folders = try? store.folders() else { return }
        for folder in folders { dirty[folder.id] = [BytePath(""): true] }
        wake.yield()
    }

    private func work(_ scan: LibraryScan) async {
        guard let store = try? library.store() else { return }
        isBusy = true
        failure = nil
        defer {
            isBusy = false
            progress = nil
            if failure != nil { tryAgainLater() }
        }
        do {
            while !dirty.isEmpty, !Task.isCancelled {
                let batch = dirty
                dirty = [:]
                let folders = try store.folders().filter { batch[$0.id] != nil }
                for folder in folders { await look(scan, folder, batch[folder.id] ?? [:]) }
                try await scan.readWaiting { done, total in await self.show(done, total) }
                if dirty.isEmpty, !Task.isCancelled {
                    for folder in folders { try store.dropMissing(in: folder.id) }
                }
            }
        } catch is CancellationError {
            return
        } catch {
            note(error)
        }
        // Hashes and rows of a large library are tens of megabytes.
        FreeMemory.giveBack()
    }

    private func note(_ error: any Error) {
        log.error("the library could not be brought up to date", metadata: ["error": "\(error)"])
        failure = (error as? LibraryError)?.code ?? .databaseFailed
    }

    private func tryAgainLater() {
        Task { [time] in
            guard (try? await time.sleep(Self.retrying)) != nil, failure != nil else { return }
            markAll()
        }
    }

    private func show(_ done: Int, _ total: Int) { progress = (done, total) }

    private func look(_ scan: LibraryScan, _ folder: FolderRecord, _ paths: [BytePath: Bool]) async {
        let isWhole = paths[BytePath("")] == true
        let starts = isWhole ? [(BytePath(""), true)] : paths.map { ($0.key, $0.value) }
        if isWhole { blind.remove(folder.id) }
        for (start, isDeep) in starts {
            do {
                let outcome = try await scan.pass(folder, from: start, isRecursive: isDeep)
                try await follow(scan, folder, outcome.folders)
            } catch is FolderWatch.LimitReached {
                if blind.insert(folder.id).inserted {
                    log.notice("not all folders can be watched live: raise fs.inotify.max_user_watches")
                }
            } catch is CancellationError {
                return
            } catch let error as LibraryError where error.isOfDatabase {
                note(error)
            } catch {
                blind.insert(folder.id)
                log.warning("a watched folder cannot be read", metadata: ["error": "\(error)"])
            }
        }
        if FileSystemKind.needsRescan(folder.path) { blind.insert(folder.id) }
    }

    private func follow(_ scan: LibraryScan, _ folder: FolderRecord, _ paths: [BytePath]) async throws {
        guard let watch else {
            blind.insert(folder.id)
            return
        }
        try await scan.perform { try watch.watch(folder.id, root: folder.path, paths) }
    }

    /// Sleeps until a folder that is not watched live is due. With none it sleeps for an hour at a time.
    private func lookAgainFromTimeToTime() async {
        while !Task.isCancelled {
            let now = time.now()
            var next = now + 3600 * 1_000_000
            for folder in (try? library.store().folders()) ?? [] where blind.contains(folder.id) {
                let interval = UInt64(folder.options.rescanMinutes) * 60 * 1_000_000
                let due = UInt64(max(folder.scannedAt ?? 0, 0)) + interval
                // A clock that was set back must not put the next pass off for years.
                if due <= now || due > now + interval {
                    dirty[folder.id] = [BytePath(""): true]
                    wake.yield()
                    next = min(next, now + interval)
                } else {
                    next = min(next, due)
                }
            }
            guard (try? await time.sleep(.microseconds(Int64(next - now)))) != nil else { return }
        }
    }

    // MARK: Calls

    public func call(_ member: String, _ body: [BusValue], from caller: String) async throws -> [BusValue] {
        guard let bus, try await bus.userID(of: caller) == getuid() else {
            throw RefineError(.notAllowed, "library", "other-user", "the library belongs to another user")
        }
        do {
            let store = try library.store()
            switch member {
            case "AddFolder": return try addFolder(store, body)
            case "RemoveFolder":
                _ = try CallOptions(body.last)
                return try await removeFolder(store, try Self.path(body))
            case "Rescan":
                _ = try CallOptions(body.last)
                isBusy = true
                markAll()
                return []
            case "Forget":
                _ = try CallOptions(body.last)
                return try await forget(store, try Self.path(body))
            case "Folders":
                _ = try CallOptions(body.last)
                return [.array(of: .options, try store.folders().map { $0.busValue(isLive: !blind.contains($0.id)) })]
            case "Photos": return try photos(store, body)
            case "Stats":
                _ = try CallOptions(body.last)
                return [try store.stats().busValue(isBusy: isBusy || !dirty.isEmpty, progress, failure)]
            default: throw BusError(remote: BusErrorName.unknownMethod, "the interface has no such method")
            }
        } catch let error as LibraryError {
            throw RefineError(error)
        }
    }

    private static func path(_ body: [BusValue]) throws(RefineError) -> BytePath {
        guard case .bytes(let bytes)? = body.first else {
            throw RefineError(.invalidArgument, "path", "wrong-type", "the path is not an array of bytes")
        }
        // Some callers send the zero byte of C strings along.
        let path = BytePath(bytes.last == 0 ? bytes.dropLast() : bytes[...])
        guard path.isCanonical else {
            throw RefineError(
                .invalidArgument, "path", "invalid-path", "the path is not absolute, or has empty, . or .. parts",
                remedy: "give the full path with links resolved")
        }
        return path
    }

    private func addFolder(_ store: LibraryStore, _ body: [BusValue]) throws -> [BusValue] {
        let path = try Self.path(body)
        let options = try CallOptions(
            body.last, known: ["excludes", "hidden", "minimum-side", "rescan-minutes", "screenshots"])
        var chosen = FolderOptions()
        chosen.excludes = try options.value("excludes") ?? []
        chosen.hidden = try options.value("hidden") ?? false
        chosen.screenshots = try options.value("screenshots") ?? false
        if let side = try options.number("minimum-side", in: 64...4096) { chosen.minimumSide = Int(side) }
        if let minutes = try options.number("rescan-minutes", in: 1...10080) { chosen.rescanMinutes = Int(minutes) }
        let folder = try store.addFolder(path, chosen)
        dirty[folder.id] = [BytePath(""): true]
        wake.yield()
        return []
    }

    private func removeFolder(_ store: LibraryStore, _ path: BytePath) async throws -> [BusValue] {
        let folder = try store.folders().first { $0.path == path }
        // The folder goes last, so that a pass that runs cannot bring rows back: they would have no folder.
        if let folder {
            watch?.unwatch(folder.id)
            blind.remove(folder.id)
            dirty[folder.id] = nil
        }
        try await perform { try store.removeFolder(path) }
        return []
    }

    private func forget(_ store: LibraryStore, _ path: BytePath) async throws -> [BusValue] {
        let forgotten = try await perform { try store.forget(path) }
        await onForget(forgotten)
        return [UInt32(clamping: forgotten.images).busValue, UInt32(clamping: forgotten.generations.count).busValue]
    }

    /// Behind the pass that runs, if any: it must not write what is being removed.
    private func perform<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        guard let scan else { return try body() }
        return try await scan.perform(body)
    }

    private func photos(_ store: LibraryStore, _ body: [BusValue]) throws -> [BusValue] {
        let options = try CallOptions(body.last, known: ["folder", "limit", "offset", "state"])
        var folder: Int64?
        if let path: [UInt8] = try options.value("folder") {
            folder = try store.folders().first { $0.path == BytePath(path) }?.id
            guard folder != nil else {
                throw RefineError(
                    .notFound, "folder", "not-watched", "no folder of this name is watched",
                    remedy: "refinectl library list shows which are")
            }
        }
        var state: ImageState?
        if let name: String = try options.value("state") {
            state = ImageState(rawValue: name)
            guard state != nil else {
                throw RefineError(
                    .invalidArgument, "state", "unknown", "there is no state of this name",
                    remedy: "use one of " + ImageState.allCases.map(\.rawValue).joined(separator: ", "))
            }
        }
        let images = try store.images(
            in: folder, state: state, offset: Int(try options.value("offset", UInt32.self) ?? 0),
            limit: Int(try options.number("limit", in: 1...1000) ?? 1000))
        return [.array(of: .options, images.map(\.busValue))]
    }
}
