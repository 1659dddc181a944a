import Foundation
import Personalization

extension TuningService {
    /// All that is known of the moment, and which conditions it is known of.
    ///
    /// - Parameter isComplete: whether to ask on although something keeps from tuning already.
    func assess(isComplete: Bool) async -> (found: [Assessment], isComplete: Bool) {
        countPhotos()
        var now = Surroundings()
        now.foregroundJobs = jobs
        now.hasModel = isModelReady && tuner != nil
        (now.trainingPhotos, now.heldOutPhotos) = (photos.training, photos.heldOut)
        (now.unseenPhotos, now.hasUnfinishedRun) = (photos.unseen, photos.hasUnfinishedRun)
        var unasked = Set(sources.joined().flatMap(\.conditions))
        for row in sources {
            for source in row {
                await source.read(into: &now)
                unasked.subtract(source.conditions)
            }
            let found = judge(now).filter { !unasked.contains($0.condition) }
            if !isComplete, !found.obstacles(isForced: machine.isForced).isEmpty { return (found, unasked.isEmpty) }
        }
        return (judge(now), true)
    }

    private func judge(_ now: Surroundings) -> [Assessment] {
        var now = now
        // Here, after all waiting: some may have come or gone meanwhile.
        now.inhibitors = inhibitors.entries.map(\.who) + now.inhibitors
        now.foregroundJobs = jobs
        let isTuning = machine.phase == .tuning || machine.phase == .judging
        // A library that cannot be read has no photos, so nothing is tuned then.
        return policy.assess(
            now, at: Date(microseconds: time.now()), usedSeconds: (try? budget.used()) ?? 0, isTuning: isTuning,
            calendar())
    }

    private func countPhotos() {
        guard !arePhotosCounted else { return }
        arePhotosCounted = true
        do {
            photos = try library.counts()
        } catch {
            photos = PhotoCounts()
        }
    }
}
