import Foundation
import ImageCodec
import Metrics
import TestSupport
import Testing

/// `refine-distill evaluate` as users run it.
@Suite struct EvaluateCommandTests {
    /// A folder of folders that is removed with the test.
    final class Folder {
        let path = NSTemporaryDirectory() + "refine-\(UUID().uuidString)"

        func write(_ bytes: [UInt8], _ name: String) throws {
            let file = URL(fileURLWithPath: "\(path)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }

        func png(_ name: String, side: Int = 32, bands: Int = 3, _ value: (Int) -> UInt8) throws {
            let samples = (0..<(side * side * bands)).map(value)
            try write(
                samples.withUnsafeBytes { try PixelFile.png(samples: $0, width: side, height: side, bands: bands) },
                name)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func evaluate(_ arguments: String...) async throws -> Program.Outcome {
        var program = Program.product("refine-distill", bus: nil)
        // Whoever runs the tests may have weights.
        program.environment["XDG_DATA_HOME"] = "/nowhere/at/all"
        return try await program.run(["evaluate"] + arguments)
    }

    private func truth(_ i: Int) -> UInt8 { UInt8((i * 37 + i / 96 * 11) % 200) }

    private func photos() throws -> Folder {
        let folder = Folder()
        for name in ["a", "b"] {
            try folder.png("photos/\(name).png", truth)
            try folder.png("near/\(name).png") { truth($0) + 1 }
            try folder.png("far/\(name).png") { truth($0) + 10 }
            try folder.png("masks/\(name).png", bands: 1) { $0 % 32 < 12 ? 255 : 0 }
        }
        return folder
    }

    @Test func foldersGiveARowEach() async throws {
        let folder = try photos()
        let outcome = try await evaluate(
            "--references", "\(folder.path)/photos", "--masks", "\(folder.path)/masks", "--fills",
            "near=\(folder.path)/near", "--fills", "\(folder.path)/far", "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let rows = try #require(json["rows"] as? [[String: Any]])
        #expect(rows.map { $0["name"] as? String } == ["near", "far"])
        let values = rows.map {
            (($0["metrics"] as? [String: Any])?["psnr"] as? [String: Any])?["value"] as? Double ?? 0
        }
        #expect(abs(values[0] - 20 * log10(255)) < 1e-4)
        #expect(abs(values[1] - 20 * log10(25.5)) < 1e-4)
        let fid = (rows[0]["metrics"] as? [String: Any])?["fid"] as? [String: Any]
        #expect(fid?["not_measured"] as? String == "weights not installed")
    }

    @Test func damagedAndLonelyPicturesAreListedAndTheRestIsMeasured() async throws {
        let folder = try photos()
        try folder.write([1, 2, 3], "photos/c.png")
        try folder.png("photos/d.png", truth)
        try folder.png("near/d.png", side: 20, truth)
        try folder.png("near/e.png", truth)
        let outcome = try await evaluate(
            "--references", "\(folder.path)/photos", "--fills", "near=\(folder.path)/near")
        #expect(outcome.code == 0)
        #expect(outcome.output.hasPrefix("2 samples of 2 photos"))
        #expect(outcome.errors.hasPrefix("skipped 3:"))
        for part in ["c.png", "20x20", "\"e\" has no true picture"] {
            #expect(outcome.errors.contains(part), "\(outcome.errors)")
        }
    }

    @Test func whatCannotBeMeasuredIsRefused() async throws {
        let folder = try photos()
        try folder.write([], "empty/readme.txt")
        try folder.png("other/z.png", truth)
        let photos = "\(folder.path)/photos"
        for (arguments, word) in [
            (["--references", photos, "--fills", "x=\(folder.path)/empty"], "holds no picture"),
            (["--references", photos, "--fills", "x=\(folder.path)/missing"], "not a folder"),
            (["--references", photos, "--fills", "x=\(folder.path)/other"], "can be compared"),
            (["--references", photos], "--fills NAME=DIR"),
            (["--references", photos, "--fills", "x=y", "--prompt", "brick"], "go with --crops"),
            (["--fills", "x=y"], "either --crops FILE or --references DIR"),
            (["--crops", "a", "--fills", "x=y", "--masks", "m"], "--masks goes with"),
            (["--crops", "\(folder.path)/none", "--fills", "x=y"], "there is no such file"),
            (
                ["--references", photos, "--fills", photos, "--weights", "\(folder.path)/none"],
                "no such folder of weights"
            ),
            (["--crops", "a", "--model", "m", "--steps", "0"], "1 to 64"),
        ] {
            let outcome = try await Program.product("refine-distill", bus: nil).run(["evaluate"] + arguments)
            #expect(outcome.code != 0)
            #expect(outcome.errors.contains(word), "\(arguments): \(outcome.errors)")
        }
    }
}
