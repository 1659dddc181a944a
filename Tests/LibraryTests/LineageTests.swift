import Foundation
import ImageLibrary
import Testing

@Suite("Library: runs and generations") struct LineageTests {
    private let place: Place
    private let store: LibraryStore

    /// Fifteen photos in as many clusters, three of them held out.
    init() throws {
        place = try Place()
        store = try place.open()
        for i in 0..<15 { try place.write("photo-\(i).png") }
        _ = try store.addFolder(place.photos, FolderOptions())
        try store.pass()
        try store.takeIn(ImageFacts.unique)
    }

    private func begin(_ parent: String = "base-1", photos: [ImageRecord]? = nil) throws -> RunRecord {
        try store.beginRun(
            parent: parent, seed: .max, photos: (photos ?? store.tuningPhotos(.train, limit: 4)).map(Self.content))
    }

    private static func content(_ image: ImageRecord) throws -> [UInt8] { try #require(image.facts).contentHash }

    private func adopt(_ run: RunRecord, gain: Double = 1) throws {
        try store.noteTuned(run: run.id, heldOut: store.tuningPhotos(.heldOut, limit: 9).map(Self.content))
        try store.adopt(
            run: run, digest: "d", RunJudgement(verdict: "adopted", gain: gain, lowerBound: 0.5, photos: 3, level: 0.02)
        )
    }

    @Test("photos to learn from are never those that are held out, and the least used come first")
    func photos() throws {
        #expect(try store.tuningCounts() == .init(training: 12, heldOut: 3, unseen: 12))
        let heldOut = try store.tuningPhotos(.heldOut, limit: 100)
        #expect(heldOut.count == 3)
        let first = try store.tuningPhotos(.train, limit: 4)
        #expect(Set(first.map(\.id)).isDisjoint(with: heldOut.map(\.id)))
        _ = try begin(photos: first)
        #expect(try store.tuningCounts().unseen == 8)
        #expect(Set(try store.tuningPhotos(.train, limit: 8).map(\.id)).isDisjoint(with: first.map(\.id)))
    }

    @Test("near-duplicates count once, and one that was used counts for the others")
    func duplicates() throws {
        let image = try #require(try store.tuningPhotos(.train, limit: 1).first)
        let hash = try #require(image.facts).perceptualHash
        try place.write("copy.png")
        try store.pass()
        try store.takeIn { _ in .of(hash ^ 1, content: 99) }
        #expect(try store.tuningCounts().training == 12)
        #expect(try store.tuningPhotos(.train, limit: 100).count == 12)
        _ = try begin(photos: [image])
        #expect(try store.tuningCounts().unseen == 11)
    }

    @Test("a run begins before its photos are seen, waits for its judgement, and becomes the generation in use")
    func life() throws {
        let run = try begin()
        #expect(try store.currentRun() == run)
        #expect(run.generation == "personal-1")
        #expect(run.seed == .max)
        #expect(try store.photos(ofRun: run.id, .train).count == 4)
        try store.note(run: run.id, steps: 7, plan: "rule-1")
        try adopt(run)
        #expect(try store.currentRun() == nil)
        #expect(try store.activeGeneration() == "personal-1")
        let generation = try #require(try store.generations().first)
        #expect(generation.parent == "base-1")
        #expect(generation.photos == 4)
        #expect(generation.run?.steps == 7)
        #expect(generation.run?.plan == "rule-1")
        #expect(generation.judgement?.lowerBound == 0.5)
        #expect(try store.judgementCount() == 1)
    }

    @Test("weights that were kept out leave their numbers, and their names are not used again")
    func keptOut() throws {
        let run = try begin()
        try store.endRun(
            run.id, .kept, RunJudgement(verdict: "no-gain", gain: -0.1, level: 0.01), releasesPhotos: false)
        #expect(try store.generations().isEmpty)
        #expect(try store.activeGeneration() == nil)
        let history = try store.runHistory(limit: 10)
        #expect(history.map(\.judgement.verdict) == ["no-gain"])
        #expect(history.first?.judgement.gain == -0.1)
        #expect(try begin().generation == "personal-2")
    }

    @Test("a run that was given up leaves its photos as if it had not been")
    func givenUp() throws {
        let run = try begin()
        try store.endRun(run.id, .failed, RunJudgement(verdict: "dropped"), releasesPhotos: true)
        #expect(try store.tuningCounts().unseen == 12)
        // Nothing was judged, so nothing is paid for.
        #expect(try store.judgementCount() == 0)
    }

    @Test("forgetting a photo removes its runs with all that descend from them, and falls back to the newest clean one")
    func forgetting() throws {
        let photos = try store.tuningPhotos(.train, limit: 12)
        let clean = try begin(photos: [photos[0]])
        try adopt(clean)
        let tainted = try begin("personal-1", photos: [photos[1], photos[2]])
        try adopt(tainted)
        let child = try begin("personal-2", photos: [photos[3]])
        try adopt(child)
        let open = try begin("personal-3", photos: [photos[4]])

        let forgotten = try store.forget(photos[1].path)
        #expect(forgotten.generations == ["personal-2", "personal-3"])
        #expect(forgotten.runs == [tainted.id, child.id, open.id])
        #expect(try store.activeGeneration() == "personal-1")
        #expect(try store.currentRun() == nil)
        // What only those runs knew is to be learnt anew.
        #expect(try store.tuningCounts() == .init(training: 11, heldOut: 3, unseen: 10))
        #expect(throws: LibraryError.self) { try store.note(run: open.id, steps: 1) }
    }

    @Test("a generation whose files are damaged is followed by the newest good one, then by the base")
    func damage() throws {
        try adopt(try begin())
        try adopt(try begin("personal-1"))
        try store.mark("personal-2", .damaged)
        #expect(try store.activeGeneration() == "personal-1")
        try store.mark("personal-1", .damaged)
        #expect(try store.activeGeneration() == nil)
    }

    @Test("what was rolled back is not fallen back to, and can be used again by name")
    func withdrawal() throws {
        try adopt(try begin())
        try adopt(try begin("personal-1"))
        try store.activate("personal-1", withdrawing: "personal-2")
        try store.mark("personal-1", .damaged)
        #expect(try store.activeGeneration() == nil)
        try store.activate("personal-2")
        #expect(try store.generations().first?.state == .ready)
    }

    @Test("a reset leaves nothing of runs and generations but the count of judgements")
    func reset() throws {
        try adopt(try begin())
        _ = try begin("personal-1")
        try store.resetTuning()
        #expect(try store.generations().isEmpty)
        #expect(try store.currentRun() == nil)
        #expect(try store.runHistory(limit: 10).isEmpty)
        #expect(try store.activeGeneration() == nil)
        #expect(try store.tuningCounts().unseen == 12)
        #expect(try store.judgementCount() == 1)
    }

    @Test("a new base learns all photos anew")
    func newBase() throws {
        try store.noteBase("base-1")
        _ = try begin()
        try store.noteBase("base-1")
        #expect(try store.tuningCounts().unseen == 8)
        try store.noteBase("base-2")
        #expect(try store.tuningCounts().unseen == 12)
    }
}
