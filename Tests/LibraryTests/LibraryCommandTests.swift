import Foundation
import RefineBus
import TestSupport
import Testing

/// `refinectl library` against the real daemon and its sandboxed reader, on a bus of their own.
@Suite struct LibraryCommandTests {
    private struct Desk {
        let place: Place
        let refinectl: Program
        let daemon: RunningProgram
        let bus: PrivateBus

        func library(_ arguments: String...) async throws -> Program.Outcome {
            try await refinectl.run(["library"] + arguments)
        }

        func listing() async throws -> String { try await library("list", "--photos").output }
    }

    private func withDesk(_ body: (Desk) async throws -> Void) async throws {
        try await PrivateBus.with { bus in
            let place = try Place()
            try picture(400, 300, seed: 1).write(to: place.url("one.png"))
            try picture(400, 300, seed: 5).write(to: place.url("two.png"))
            try place.write("broken.png", "\u{89}PNG but not really")
            // No model: the library does not need one.
            try await RunningDaemon.with(["--model", "/nonexistent"], on: bus) {
                let daemon = $0.process
                try await body(Desk(place: place, refinectl: $0.refinectl, daemon: daemon, bus: bus))
                daemon.send(SIGTERM)
                #expect(try await daemon.outcome().code == 0)
                // No path in the log.
                #expect(!daemon.errors.contains(place.root.path), "\(daemon.errors)")
            }
        }
    }

    @Test func aFolderIsAddedReadListedAndRemoved() async throws {
        try await withDesk { desk in
            let folder = desk.place.url("").path
            #expect(try await desk.library("add", folder).code == 0)
            try await eventually("the photos to be read") {
                let state = try await desk.library("stats").output.split(separator: "\n").last ?? ""
                #expect(!state.contains("of 0"), "\(state)")
                return state == "state      up to date"
            }
            #expect(try await desk.library("rescan").code == 0)
            let listing = try await desk.listing()
            #expect(listing.contains("one.png  ready  400x300"))
            #expect(listing.contains("broken.png  quarantined"))
            #expect(try await desk.library("list").output.contains("2 ready, 1 quarantined"))
            #expect(try await desk.library("stats").output.contains("folders    1"))
            let json = try await desk.library("stats", "--json").output
            #expect(json.contains("\"images\": {\"quarantined\": 1, \"ready\": 2}"), "\(json)")
            let again = try await desk.library("add", folder)
            #expect(again.code == 65 && again.errors.contains("watched already"), "\(again.errors)")
            #expect(try await desk.library("remove", folder).code == 0)
            #expect(try await desk.listing().isEmpty)
        }
    }

    @Test func changesAreFollowedLive() async throws {
        try await withDesk { desk in
            #expect(try await desk.library("add", desk.place.url("").path).code == 0)
            try await eventually("the first pass") { try await desk.listing().contains("two.png  ready") }
            try FileManager.default.moveItem(at: desk.place.url("two.png"), to: desk.place.url("renamed.png"))
            try FileManager.default.createDirectory(
                at: desk.place.url("new/deeper"), withIntermediateDirectories: true)
            try picture(300, 300, seed: 8).write(to: desk.place.url("new/deeper/three.png"))
            try await eventually("the new names") {
                let listing = try await desk.listing()
                return listing.contains("new/deeper/three.png  ready") && listing.contains("renamed.png  ready")
                    && !listing.contains("two.png")
            }
        }
    }

    @Test func aForgottenPhotoIsGoneForGood() async throws {
        try await withDesk { desk in
            #expect(try await desk.library("add", desk.place.url("").path).code == 0)
            #expect(try await desk.library("rescan").code == 0)
            let end = try await desk.library("forget", desk.place.url("one.png").path)
            #expect(end.output == "forgot 1 photo\n", "\(end.errors)")
            #expect(try await desk.library("rescan").code == 0)
            #expect(!(try await desk.listing().contains("one.png")))
            let unknown = try await desk.library("forget", "/tmp/unknown.png")
            #expect(unknown.code == 66 && unknown.errors.contains("/tmp/unknown.png: nothing of this name"))
        }
    }

    @Test func wrongUseIsExplained() async throws {
        try await withDesk { desk in
            let missing = try await desk.library("add", "/nonexistent/photos")
            #expect(missing.code == 66 && missing.errors.contains("/nonexistent/photos: the folder is not there"))
            let small = try await desk.library("add", desk.place.url("").path, "--minimum-side", "3")
            #expect(small.code == 64, "\(small.errors)")
            #expect(try await desk.library("list", "--state", "ready").code == 64)
            let state = try await desk.library("list", "--photos", "--state", "nonsense")
            #expect(state.errors.contains("quarantined"), "\(state.errors)")
        }
    }
}
