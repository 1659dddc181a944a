import Foundation
import ImageLibrary
import Logging
import Synchronization
import WorkerProtocol

/// The weights that were made of the user's photos: a folder for each generation, and rows that tell what it is.
///
/// Below the data folder, `generations/ID` has the model folder of an adopted generation, and `runs/N` what a run of
/// tuning works in: checkpoints, and its weights in `export` until they are judged. The rows say what counts: a folder
/// without a row is the rest of something that was cut short, and is removed or put back at the start.
public final class GenerationStore: Sendable {
    let library: LibraryHandle
    /// The model that everything begins with.
    let base: String
    /// How many generations keep their files.
    private let kept: Int
    private let log: Logger
    private let isSettled = Atomic<Bool>(false)

    /// - Parameters:
    ///   - library: has the rows of generations.
    ///   - base: the folder of the base model.
    ///   - kept: how many generations keep their files, at least one.
    ///   - log: is told of what is damaged or removed.
    public init(library: LibraryHandle, base: String, kept: Int = 5, log: Logger) {
        self.library = library
        // The tuner is given folders without links, from the root.
        self.base = URL(fileURLWithPath: base).resolvingSymlinksInPath().path
        self.kept = max(kept, 1)
        self.log = log
    }

    func folder(ofRun run: Int64) -> String { "\(library.folder)/runs/\(run)" }
    func folder(of generation: String) -> String { "\(library.folder)/generations/\(generation)" }

    // MARK: What is in use

    /// What the base calls itself; nil for models of another kind, which cannot be tuned.
    var baseCard: ModelCard? { ModelCard(reading: base) }

    /// The model to load: the generation in use, where its files are what was written, or the newest good one below it,
    /// or the base. Damage is noted, and said loudly.
    func current() -> (folder: String, generation: String?) {
        guard let store = try? library.store() else { return (base, nil) }
        while let id = try? store.activeGeneration() {
            if let problem = problem(with: id, in: store) {
                log.error(
                    "a generation of the model cannot be used: falling back",
                    metadata: ["generation": "\(id)", "reason": "\(problem)"])
                guard (try? store.mark(id, .damaged)) != nil else { break }
                try? store.addEvent("generation-damaged", "\(id): \(problem)")
                continue
            }
            guard descendsFromBase(id, in: store) else {
                log.notice("the model in use is not the one that was tuned", metadata: ["generation": "\(id)"])
                break
            }
            return (folder(of: id), id)
        }
        return (base, nil)
    }

    /// Notes that a generation could not be loaded although its files are as they were written.
    ///
    /// - Returns: false where that cannot be noted, and so would not be remembered.
    func reject(_ generation: String, reason: String) -> Bool {
        log.error(
            "a generation of the model cannot be used: falling back",
            metadata: ["generation": "\(generation)", "reason": "\(reason)"])
        return (try? library.store().mark(generation, .damaged)) != nil
    }

    private func problem(with id: String, in store: LibraryStore) -> String? {
        guard let record = try? store.generations().first(where: { $0.id == id }) else { return "unknown" }
        guard let digest = try? FolderDigest.of(folder(of: id)) else { return "missing" }
        return digest == record.digest ? nil : "damaged"
    }

    /// Whether the first of its ancestors is the base that is there now: weights of another model say nothing of it.
    func descendsFromBase(_ id: String, in store: LibraryStore) -> Bool {
        guard let card = baseCard, let records = try? store.generations() else { return false }
        let parents = Dictionary(records.map { ($0.id, $0.parent) }, uniquingKeysWith: { first, _ in first })
        var ancestor = id
        for _ in 0...records.count {
            guard let parent = parents[ancestor] else { break }
            ancestor = parent
        }
        return ancestor == card.generation
    }

    // MARK: Publishing

    /// Makes the exported weights of a run a generation, and the one in use. At every moment either the old one or the
    /// new one is whole and in use.
    ///
    /// - Throws: `LibraryError` where the run is gone or the disk does not take it; nothing has changed then.
    func publish(_ run: RunRecord, export: String, _ judgement: RunJudgement) throws {
        let place = folder(of: run.generation)
        try PrivateFolder.make("\(library.folder)/generations")
        let digest = try FolderDigest.of(export)
        guard rename(export, place) == 0 else {
            throw LibraryError(
                errno == ENOSPC ? .diskFull : .databaseFailed, "the tuned weights cannot be put in place",
                remedy: "check the data folder's disk and permissions")
        }
        do {
            try FolderDigest.sync("\(library.folder)/generations")
            try library.store().adopt(run: run, digest: digest, judgement)
        } catch {
            // Back to where it can be judged again, or where it goes with its run.
            if rename(place, export) != 0 { try? FileManager.default.removeItem(atPath: place) }
            throw error
        }
        removeFiles(ofRun: run.id)
        prune()
    }

    /// Removes the files of the oldest generations but for those in use.
    private func prune() {
        guard let store = try? library.store(), let records = try? store.generations() else { return }
        let active = try? store.activeGeneration()
        let surplus = records.filter { [.ready, .withdrawn].contains($0.state) }.dropFirst(kept)
        for record in surplus where record.id != active {
            guard (try? store.mark(record.id, .pruned)) != nil else { return }
            try? FileManager.default.removeItem(atPath: folder(of: record.id))
        }
    }

    // MARK: Tidying

    /// Makes folders and rows agree, once, at the start: what was cut short is removed or put back.
    func settle() {
        guard !isSettled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        guard let store = try? library.store(), let records = try? store.generations() else { return }
        noteBase(in: store)
        let current = try? store.currentRun()
        let known = Set(records.filter { $0.state != .pruned }.map(\.id))
        for name in Self.names(in: "\(library.folder)/generations") where !known.contains(name) {
            if let current, current.generation == name, current.state == .tuned {
                // Published but for its row: it waits to be judged again.
                let export = TrainOrder.export(ofRun: folder(ofRun: current.id))
                if rename(folder(of: name), export) == 0 { continue }
            }
            try? FileManager.default.removeItem(atPath: folder(of: name))
        }
        for name in Self.names(in: "\(library.folder)/runs") where Int64(name).map({ $0 != current?.id }) ?? true {
            try? FileManager.default.removeItem(atPath: "\(library.folder)/runs/\(name)")
        }
    }

    /// A new base starts from nothing: no photo counts as used for it.
    private func noteBase(in store: LibraryStore) {
        guard let card = baseCard else { return }
        try? store.noteBase(card.generation)
    }

    func removeFiles(ofRun run: Int64) { try? FileManager.default.removeItem(atPath: folder(ofRun: run)) }

    /// Removes all files of forgotten runs and generations.
    func removeFiles(of forgotten: LibraryStore.Forgotten) {
        for run in forgotten.runs { removeFiles(ofRun: run) }
        for generation in forgotten.generations {
            try? FileManager.default.removeItem(atPath: folder(of: generation))
        }
    }

    /// Removes the files of all runs and generations.
    func removeAllFiles() {
        for name in ["runs", "generations"] { try? FileManager.default.removeItem(atPath: "\(library.folder)/\(name)") }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
}

/// What a model folder says of itself.
struct ModelCard: Decodable, Sendable, Equatable {
    var name: String
    var generation: String

    /// nil where there is no such folder, or it is of another kind than ours.
    init?(reading folder: String) {
        guard let data = FileManager.default.contents(atPath: "\(folder)/model_index.json"),
            let card = try? JSONDecoder().decode(Self.self, from: data)
        else { return nil }
        self = card
    }
}
