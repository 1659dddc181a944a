import Foundation
import ImageLibrary
import TestSupport
import Testing

@Suite struct WatchTests {
    private func watching(
        _ body: (Place, FolderWatch, AsyncStream<FolderWatch.Change>) async throws -> Void
    ) async throws {
        let place = try Place()
        try place.write("sub/a.jpg")
        let (changes, sink) = AsyncStream.makeStream(of: FolderWatch.Change.self)
        let watch = try FolderWatch { sink.yield($0) }
        try watch.watch(7, root: place.photos, [BytePath(""), BytePath("sub"), BytePath("gone")])
        #expect(watch.count == 2)
        try await body(place, watch, changes)
    }

    @Test func aNewFileTellsItsFolder() async throws {
        try await watching { place, _, changes in
            try place.write("sub/b.jpg")
            #expect(
                try await next("a change", of: changes) == .changed(folder: 7, BytePath("sub"), isDeep: false))
        }
    }

    @Test func aNewFolderIsToBeLookedThroughAsAWhole() async throws {
        try await watching { place, _, changes in
            try FileManager.default.createDirectory(at: place.url("new"), withIntermediateDirectories: true)
            #expect(try await next("a change", of: changes) == .changed(folder: 7, BytePath(""), isDeep: true))
        }
    }

    @Test func afterUnwatchThereIsSilence() async throws {
        try await watching { place, watch, changes in
            watch.unwatch(7)
            try place.write("sub/b.jpg")
            try watch.watch(8, root: place.photos, [BytePath("")])
            try place.write("c.jpg")
            #expect(try await next("a change", of: changes) == .changed(folder: 8, BytePath(""), isDeep: false))
        }
    }
}
