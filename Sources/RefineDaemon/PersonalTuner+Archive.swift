import ImageLibrary
import Personalization

extension PersonalTuner: TuningArchive {
    public func history(limit: Int) throws -> [TuningRecord] {
        try generations.library.store().runHistory(limit: limit).map { entry in
            TuningRecord(
                run: entry.run.id, startedAt: entry.run.startedAt, endedAt: entry.run.endedAt ?? entry.run.startedAt,
                parent: entry.run.parent, generation: entry.run.state == .adopted ? entry.run.generation : nil,
                verdict: entry.judgement.verdict, steps: entry.run.steps, photos: entry.photos,
                heldOutPhotos: entry.judgement.photos, gain: entry.judgement.gain,
                lowerBound: entry.judgement.lowerBound, canaryGain: entry.judgement.canaryGain,
                level: entry.judgement.level)
        }
    }

    public func rollback() async throws -> String {
        let store = try generations.library.store()
        guard let active = generations.current().generation,
            let record = try store.generations().first(where: { $0.id == active })
        else { throw TuningArchiveError.nothingToRollBack }
        // The nearest ancestor that is still there; the base always is.
        let records = Dictionary(try store.generations().map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var target: GenerationRecord? = records[record.parent]
        while let candidate = target, candidate.state == .pruned || candidate.state == .damaged {
            target = records[candidate.parent]
        }
        try store.activate(target?.id, withdrawing: active)
        await swap()
        return generations.current().generation ?? generations.baseCard?.generation ?? ""
    }

    public func reset() async throws {
        await end()
        try generations.library.store().resetTuning()
        generations.removeAllFiles()
        await swap()
    }

    /// Ends what learns from forgotten photos, removes the files of everything that saw them, and falls back.
    public func forget(_ forgotten: LibraryStore.Forgotten) async {
        // The process has pixels in its memory, whichever run they belong to.
        if !forgotten.runs.isEmpty { await end() }
        generations.removeFiles(of: forgotten)
        if !forgotten.generations.isEmpty { await swap() }
    }
}
