import Foundation
import ImageLibrary
import Testing

@Suite struct StoreTests {
    @Test func nobodyElseCanReadTheDataFolder() throws {
        let place = try Place()
        let store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions())
        #expect(try FileManager.default.attributesOfItem(atPath: place.data)[.posixPermissions] as? Int == 0o700)
        for name in try FileManager.default.contentsOfDirectory(atPath: place.data) {
            let mode = try FileManager.default.attributesOfItem(atPath: place.data + "/" + name)[.posixPermissions]
            #expect(mode as? Int == 0o600, "\(name)")
        }
    }

    @Test func aDamagedDatabaseIsMovedAsideAndItsFoldersAreKept() throws {
        let place = try Place()
        for name in (0..<2500).map({ "photo-\($0).jpg" }) { try place.write(name, name) }
        let store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions(excludes: ["*.gif"]))
        try store.pass()
        try store.close()
        let file = URL(fileURLWithPath: place.data + "/library.sqlite")
        var bytes = try Data(contentsOf: file)
        // The later pages: the first ones hold the schema and the folders.
        #expect(bytes.count > 100_000)
        for i in stride(from: bytes.count / 3, to: bytes.count, by: 7) { bytes[i] ^= 0x5A }
        try bytes.write(to: file)
        let (again, recovery) = try LibraryStore.open(in: place.data)
        guard case .rebuilt(let aside, let folders) = recovery else {
            Issue.record("the damage was not noticed")
            return
        }
        #expect(FileManager.default.fileExists(atPath: aside))
        #expect(folders == 1)
        #expect(try again.folders().first?.options.excludes == ["*.gif"])
        #expect(try again.pass().new == 2500)
    }

    @Test func whatIsNoDatabaseIsMovedAside() throws {
        let place = try Place()
        try FileManager.default.createDirectory(atPath: place.data, withIntermediateDirectories: true)
        let text = String(repeating: "no database at all. ", count: 500)
        try Data(text.utf8).write(to: URL(fileURLWithPath: place.data + "/library.sqlite"))
        let (store, recovery) = try LibraryStore.open(in: place.data)
        guard case .rebuilt(let aside, 0) = recovery else {
            Issue.record("not moved aside")
            return
        }
        #expect(try String(contentsOfFile: aside, encoding: .utf8) == text)
        #expect(try store.folders().isEmpty)
    }

    @Test func aDatabaseOfANewerVersionIsRefusedAndKept() throws {
        let place = try Place()
        try place.open().close()
        let file = place.data + "/library.sqlite"
        let sqlite = Process()
        sqlite.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        sqlite.arguments = [
            "python3", "-c",
            "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); "
                + "d.execute(\"insert into grdb_migrations values ('99 the future')\"); d.commit()", file,
        ]
        try sqlite.run()
        sqlite.waitUntilExit()
        #expect(sqlite.terminationStatus == 0)
        #expect {
            try LibraryStore.open(in: place.data)
        } throws: {
            ($0 as? LibraryError)?.code == .newerDatabase
        }
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test(arguments: [
        ("/nonexistent/folder", LibraryError.Code.folderMissing), ("relative", .invalidPath),
        ("/tmp/../tmp", .invalidPath), ("/tmp/", .invalidPath), ("", .invalidPath), ("/etc/passwd", .notAFolder),
    ])
    func aFolderThatCannotBeWatchedIsAnError(_ path: String, _ code: LibraryError.Code) throws {
        let store = try Place().open()
        #expect {
            try store.addFolder(BytePath(path), FolderOptions())
        } throws: {
            ($0 as? LibraryError)?.code == code
        }
        #expect(try store.folders().isEmpty)
    }

    @Test func foldersInsideOfEachOtherAreRefused() throws {
        let place = try Place()
        try place.write("inner/a.jpg")
        let store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions())
        for (path, code) in [
            (place.photos, LibraryError.Code.alreadyWatched),
            (place.photos.appending(BytePath("inner")), .overlapping), (place.photos.parent, .overlapping),
        ] {
            #expect {
                try store.addFolder(path, FolderOptions())
            } throws: {
                ($0 as? LibraryError)?.code == code
            }
        }
    }

    @Test func aRemovedFolderLeavesNothingBehind() throws {
        let place = try Place()
        try place.write("telling-name-of-a-photo.jpg")
        let store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions())
        try store.pass()
        try store.takeIn(ImageFacts.unique)
        #expect(try place.dataBytes().range(of: Data("telling-name".utf8)) != nil)
        try store.removeFolder(place.photos)
        let stats = try store.stats()
        #expect(stats.folders == 0 && stats.images.isEmpty && stats.clusters == 0)
        #expect(try place.dataBytes().range(of: Data("telling-name".utf8)) == nil)
        #expect(try place.dataBytes().range(of: Data(place.photos.bytes)) == nil)
    }

    @Test func aForgottenPhotoLeavesNothingBehindAndStaysOut() throws {
        let place = try Place()
        try place.write("secret-beach.jpg", "the content of it")
        try place.write("other.jpg", "other")
        let store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions())
        try store.pass()
        try store.takeIn(ImageFacts.unique)
        let file = place.photos.appending(BytePath("secret-beach.jpg"))
        #expect(try store.forget(file).images == 1)
        #expect(try place.dataBytes().range(of: Data("secret-beach".utf8)) == nil)
        #expect(try store.pass().new == 0)
        #expect(try place.dataBytes().range(of: Data("secret-beach".utf8)) == nil)
        #expect(try store.names() == ["other.jpg"])
        #expect {
            try store.forget(file)
        } throws: {
            ($0 as? LibraryError)?.code == .notWatched
        }
    }

    @Test func copiesOfAForgottenPhotoGoWithItAndDoNotComeBack() throws {
        let place = try Place()
        try place.write("a/photo.jpg")
        try place.write("b/copy.jpg")
        let store = try place.open()
        _ = try store.addFolder(place.photos, FolderOptions())
        try store.pass()
        try store.takeIn { _ in .of(1) }
        #expect(try store.forget(place.photos.appending(BytePath("a"))).images == 2)
        try place.write("c/late.jpg")
        #expect(try store.pass().new == 1)
        try store.takeIn { _ in .of(1) }
        #expect(try store.names().isEmpty)
        #expect(try store.pass().new == 0)
    }
}
