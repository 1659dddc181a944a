import Foundation
import ImageLibrary
import Testing

/// Near-duplicates belong together, and no cluster is both trained on and held out.
@Suite struct ClusterTests {
    private let place: Place
    private let store: LibraryStore

    init() throws {
        place = try Place()
        store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions())
    }

    private func takeIn(_ hashes: [UInt64]) throws {
        let start = try store.images(limit: 100_000).count
        for i in hashes.indices { try place.write("\(10_000 + start + i).jpg", "\(start + i)") }
        try store.pass()
        let names = Dictionary(
            uniqueKeysWithValues: hashes.enumerated().map { (BytePath("\(10_000 + start + $0.offset).jpg"), $0) })
        try store.takeIn { image in
            let hash = names[BytePath(image.path.name)]?.element ?? 0
            return .of(hash, content: UInt64(image.id))
        }
    }

    private func clusters() throws -> [Int64] { try store.images(limit: 100_000).compactMap(\.cluster) }

    @Test func hashesOfUpToSixOtherBitsAreOneCluster() throws {
        try takeIn([0, 0b111111, 0b1111111 << 20])
        let found = try clusters()
        #expect(found[0] == found[1])
        #expect(found[0] != found[2])
    }

    @Test func clustersAreThoseOfComparingAllWithAll() throws {
        var state: UInt64 = 9
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
        // Few seeds with many bits turned, so that chains form.
        let seeds = (0..<12).map { _ in random() }
        let hashes = (0..<150).map { i -> UInt64 in
            (0..<(i % 6)).reduce(seeds[i % 12]) { hash, _ in hash ^ (1 << (random() % 64)) }
        }
        try takeIn(hashes)
        var expected = Array(hashes.indices)
        for i in hashes.indices {
            for j in 0..<i where (hashes[i] ^ hashes[j]).nonzeroBitCount <= 6 && expected[i] != expected[j] {
                let (from, to) = (expected[i], expected[j])
                for k in expected.indices where expected[k] == from { expected[k] = to }
            }
        }
        let found = try clusters()
        #expect(found.count == hashes.count)
        for i in hashes.indices {
            for j in 0..<i { #expect((found[i] == found[j]) == (expected[i] == expected[j])) }
        }
    }

    @Test func oneClusterInFiveIsHeldOut() throws {
        try takeIn((0..<50).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 })
        let stats = try store.stats()
        #expect(stats.clusters == 50 && stats.heldOutClusters == 10)
    }

    @Test func aPhotoBetweenATrainedAndAHeldOutClusterMakesBothTrained() throws {
        // The fifth is held out; 12 bits from the first, and the sixth lies between them.
        try takeIn([0, 0xFFFF << 40, 0xFFFF << 24, 0xFFFF << 48, 0xFFF])
        #expect(try store.images(limit: 10)[4].split == .heldOut)
        try takeIn([0x3F])
        let images = try store.images(limit: 10)
        #expect(images[0].cluster == images[4].cluster && images[4].cluster == images[5].cluster)
        #expect(images.allSatisfy { $0.split == .train })
        #expect(try store.stats().heldOutClusters == 0)
    }

    @Test func tooSmallPhotosAreSkippedWithAReason() throws {
        try place.write("small.jpg")
        try store.pass()
        try store.takeIn { _ in .of(1, width: 255, height: 4000) }
        let image = try store.images(limit: 1)[0]
        #expect(image.state == .skipped && image.lastError == "too-small" && image.cluster == nil)
    }

    @Test func aQuarantinedPhotoWaitsUntilItChanges() throws {
        try place.write("bad.jpg")
        try store.pass()
        try ImageIntake(store).quarantine(store.waiting(limit: 1)[0], "worker-died")
        try store.pass()
        #expect(try store.waiting(limit: 1).isEmpty)
        #expect(try store.images(state: .quarantined, limit: 1)[0].lastError == "worker-died")
        try place.write("bad.jpg", "repaired content")
        try store.pass()
        #expect(try store.waiting(limit: 1).count == 1)
        #expect(try store.stats().images[.quarantined] == nil)
    }
}
