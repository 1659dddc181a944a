import BusTransport
import Glibc
import ImageLibrary
import Personalization
import RefineBus

/// Serves the interface Models: which weights there are, and which are used.
public actor ModelsService: RootInterface {
    public nonisolated var interface: BusInterface { RefineInterfaces.models }

    private let generations: GenerationStore
    private let tuner: PersonalTuner
    private let room: EngineRoom
    private var bus: BusConnection?

    public init(generations: GenerationStore, tuner: PersonalTuner, room: EngineRoom) {
        self.generations = generations
        self.tuner = tuner
        self.room = room
    }

    public func run(on bus: BusConnection) async {
        self.bus = bus
        await tuner.attach(bus)
        let (never, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in never {}
        } onCancel: {
            end.finish()
        }
        // A daemon that stops leaves no tuner behind.
        await tuner.end()
    }

    public func property(_ name: String) async -> BusValue? {
        name == "Active" ? ((try? await room.load())?.generation ?? "").busValue : nil
    }

    public func call(_ member: String, _ body: [BusValue], from caller: String) async throws -> [BusValue] {
        guard let bus, try await bus.userID(of: caller) == getuid() else {
            throw RefineError(.notAllowed, "model", "other-user", "the models belong to another user")
        }
        _ = try CallOptions(body.last)
        do {
            switch member {
            case "List":
                let active = try await room.load().generation
                let records = try generations.library.store().generations()
                return [.array(of: .options, records.map { .options($0.summary(active)) } + [.options(base(active))])]
            case "Info": return [.options(try await info(try Self.generation(body)))]
            case "Use":
                try await use(try Self.generation(body))
                return []
            case "Rollback": return [try await rollback().busValue]
            default: throw BusError(remote: BusErrorName.unknownMethod, "the interface has no such method")
            }
        } catch let error as LibraryError {
            throw RefineError(error)
        }
    }

    private static func generation(_ body: [BusValue]) throws(RefineError) -> String {
        guard let name: String = body.first?.content() else {
            throw RefineError(.invalidArgument, "generation", "wrong-type", "the generation is not a string")
        }
        return name
    }

    /// Models of another kind have no generation of their own.
    private var baseName: String { generations.baseCard?.generation ?? "base" }

    private func base(_ active: String) -> [String: BusValue] {
        [
            "generation": baseName.busValue, "kind": "base".busValue, "state": "ready".busValue,
            "active": (active == baseName || generations.baseCard == nil).busValue, "parent": "".busValue,
            "created-at": UInt64(0).busValue,
        ]
    }

    private func info(_ name: String) async throws -> [String: BusValue] {
        let active = try await room.load().generation
        if name == baseName { return base(active) }
        let record = try record(name)
        return record.summary(active).merging(record.lineage) { first, _ in first }
    }

    private func record(_ name: String) throws -> GenerationRecord {
        guard let record = try generations.library.store().generations().first(where: { $0.id == name }) else {
            throw RefineError(
                .notFound, "generation", "unknown", "there is no generation of this name",
                remedy: "refinectl model list shows which there are")
        }
        return record
    }

    private func use(_ name: String) async throws {
        let store = try generations.library.store()
        if name == baseName {
            try store.activate(nil)
        } else {
            let record = try record(name)
            guard [.ready, .withdrawn].contains(record.state) else {
                throw RefineError(
                    .invalidArgument, "generation", record.state.rawValue,
                    "the files of this generation are \(record.state == .pruned ? "gone" : "damaged")",
                    remedy: "use another one: refinectl model list shows which are ready")
            }
            guard generations.descendsFromBase(name, in: store) else {
                throw RefineError(
                    .invalidArgument, "generation", "other-base", "this generation was tuned from another model",
                    remedy: "start refined with that model, or use another generation")
            }
            try store.activate(name)
        }
        guard try await room.reload().generation == name || name == baseName else {
            throw RefineError(
                .failed, "generation", "damaged", "the files of this generation are damaged",
                remedy: "use another one: refinectl model list shows which are ready")
        }
    }

    private func rollback() async throws -> String {
        do {
            let name = try await tuner.rollback()
            return name
        } catch is TuningArchiveError {
            throw RefineError(
                .notFound, "generation", "nothing-to-roll-back", "the base model is in use already",
                remedy: "refinectl model list shows what there is")
        }
    }
}

extension GenerationRecord {
    fileprivate func summary(_ active: String) -> [String: BusValue] {
        [
            "generation": id.busValue, "kind": "personal".busValue, "state": state.rawValue.busValue,
            "active": (id == active).busValue, "parent": parent.busValue,
            "created-at": UInt64(clamping: createdAt).busValue,
        ]
    }

    fileprivate var lineage: [String: BusValue] {
        guard let run, let judgement else { return [:] }
        return [
            "run": .int64(run.id), "steps": UInt32(clamping: run.steps).busValue, "seed": run.seed.busValue,
            "photos": UInt32(clamping: photos).busValue,
            "held-out-photos": UInt32(clamping: judgement.photos).busValue, "gain": judgement.gain.busValue,
            "lower-bound": judgement.lowerBound.busValue, "canary-gain": judgement.canaryGain.busValue,
            "level": judgement.level.busValue, "plan": run.plan.busValue,
        ]
    }
}
