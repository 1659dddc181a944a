import Foundation
import ImageLibrary
import Testing

@Suite struct PassTests {
    private let place: Place
    private let store: LibraryStore

    init() throws {
        place = try Place()
        store = try place.open()
    }

    private func watch(_ options: FolderOptions = FolderOptions()) throws {
        _ = try store.addFolder(place.photos, options)
    }

    @Test func whatIsNewChangedAndGoneIsSeen() throws {
        for name in ["a.jpg", "b.jpg", "sub/c.png"] { try place.write(name) }
        try watch()
        #expect(try store.pass().new == 3)
        try store.takeIn(ImageFacts.unique)
        #expect(try store.pass().unchanged == 3)
        try place.write("b.jpg", "longer content")
        try FileManager.default.removeItem(at: place.url("a.jpg"))
        try place.write("d.webp")
        let outcome = try store.pass()
        #expect((outcome.unchanged, outcome.changed, outcome.new, outcome.missing) == (1, 1, 1, 1))
        #expect(try store.names(.new) == ["b.jpg", "d.webp"])
        try store.dropMissing(in: store.folders()[0].id)
        #expect(try store.names() == ["b.jpg", "d.webp", "sub/c.png"])
    }

    @Test func aRenamedFileKeepsWhatIsKnownOfIt() throws {
        try place.write("before.jpg")
        try watch()
        try store.pass()
        try store.takeIn(ImageFacts.unique)
        let before = try store.images(limit: 1)[0]
        try place.write("sub/x.jpg")
        try FileManager.default.moveItem(at: place.url("before.jpg"), to: place.url("sub/after.jpg"))
        #expect(try store.pass().moved == 1)
        let after = try #require(try store.images(limit: 10).first { $0.id == before.id })
        #expect(after.path == place.photos.appending(BytePath("sub/after.jpg")))
        #expect(after.state == .ready && after.cluster == before.cluster)
    }

    @Test func filesThatChangeNamesWithEachOtherAreBothKept() throws {
        try place.write("a.jpg", "a")
        try place.write("b.jpg", "bb")
        try watch()
        try store.pass()
        try store.takeIn(ImageFacts.unique)
        try FileManager.default.moveItem(at: place.url("a.jpg"), to: place.url("t"))
        try FileManager.default.moveItem(at: place.url("b.jpg"), to: place.url("a.jpg"))
        try FileManager.default.moveItem(at: place.url("t"), to: place.url("b.jpg"))
        try store.pass()
        #expect(try store.names() == ["a.jpg", "b.jpg"])
    }

    @Test func aContentThatTurnsUpElsewhereKeepsItsSplitAndUse() throws {
        try place.write("here.jpg", "the content")
        try watch()
        try store.pass()
        try store.takeIn { _ in .of(5) }
        let before = try store.images(limit: 1)[0]
        // Another inode, as on another disc.
        try place.write("there.jpg", "the content")
        try FileManager.default.removeItem(at: place.url("here.jpg"))
        try store.pass()
        try store.takeIn { _ in .of(5) }
        let after = try store.images(limit: 10)
        #expect(after.count == 1)
        #expect(after[0].cluster == before.cluster && after[0].split == before.split)
    }

    @Test func odditiesOfNamesAreKeptByteByByte() throws {
        let name: [UInt8] = Array("new\nline ".utf8) + [0xFF, 0xFE] + Array("'q.jpg".utf8)
        let path = place.photos.appending(BytePath(name))
        let file = path.withCString { open($0, O_WRONLY | O_CREAT, 0o600) }
        #expect(file >= 0 && Glibc.write(file, "x", 1) == 1)
        close(file)
        try watch()
        #expect(try store.pass().new == 1)
        #expect(try store.images(limit: 1)[0].path == path)
        #expect(try store.pass().unchanged == 1)
    }

    @Test func linksAreNotFollowedSoThatLoopsEnd() throws {
        try place.write("deep/a.jpg")
        for (link, target) in [("deep/up", ".."), ("self", "self"), ("b.jpg", "deep/a.jpg"), ("dead.jpg", "nowhere")] {
            try FileManager.default.createSymbolicLink(
                atPath: place.url(link).path, withDestinationPath: target)
        }
        try watch()
        #expect(try store.pass().new == 1)
        #expect(try store.names() == ["deep/a.jpg"])
    }

    @Test func pipesAndEmptyFilesAreNoPhotos() throws {
        #expect(mkfifo(place.url("pipe.jpg").path, 0o600) == 0)
        try place.write("empty.jpg", "")
        try place.write("text.txt")
        try watch()
        let outcome = try store.pass()
        #expect((outcome.new, outcome.emptyFiles) == (0, 1))
    }

    @Test func whatIsExcludedStaysOut() throws {
        for name in [
            "keep.jpg", "UPPER.JPG", "Screenshot from today.png", "Screenshots/a.png", ".hidden.jpg", ".git/a.jpg",
            "scans/a.jpg", "scans/old/b.jpg", "x/y/z.gif", "private/.nomedia", "private/a.jpg", "private/in/b.jpg",
        ] { try place.write(name) }
        try watch(FolderOptions(excludes: ["*.gif", "scans/**"]))
        try store.pass()
        #expect(try store.names() == ["UPPER.JPG", "keep.jpg"])
    }

    @Test func whatIsHiddenOrAScreenshotComesWhenWanted() throws {
        for name in ["Screenshot.png", ".dot/.a.jpg", "scans/a.jpg", "scans/deep/b.jpg"] { try place.write(name) }
        try watch(FolderOptions(excludes: ["scans/*"], hidden: true, screenshots: true))
        try store.pass()
        #expect(try store.names() == [".dot/.a.jpg", "Screenshot.png"])
    }

    @Test func aDiscThatIsGoneTakesNothingWithIt() throws {
        try place.write("a.jpg")
        try watch()
        try store.pass()
        // The mount point without its disc: another folder, and empty.
        try FileManager.default.moveItem(atPath: place.url("").path, toPath: place.root.path + "/elsewhere")
        #expect(throws: LibraryError.self) { try store.pass() }
        try FileManager.default.createDirectory(atPath: place.url("").path, withIntermediateDirectories: true)
        #expect(throws: LibraryError.self) { try store.pass() }
        #expect(try store.names() == ["a.jpg"])
        try FileManager.default.removeItem(atPath: place.url("").path)
        try FileManager.default.moveItem(atPath: place.root.path + "/elsewhere", toPath: place.url("").path)
        #expect(try store.pass().unchanged == 1)
    }

    @Test func aPassOverOneFolderLeavesTheOthersAlone() throws {
        for name in ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"] { try place.write(name) }
        try watch()
        try store.pass()
        for name in ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"] { try FileManager.default.removeItem(at: place.url(name)) }
        #expect(try store.pass(from: "sub", isRecursive: false).missing == 1)
        #expect(try store.names(.missing) == ["sub/b.jpg"])
        // A folder that is gone is one without files.
        try FileManager.default.removeItem(at: place.url("sub"))
        #expect(try store.pass(from: "sub").missing == 1)
        #expect(try store.names(.new) == ["a.jpg"])
    }
}
