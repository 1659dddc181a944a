import Foundation
import Testing
import WorkerProtocol

/// The real refine-worker in its scan role.
@Suite struct ScanWorkerTests {
    private let worker: ScanWorker
    private let place: Place

    init() throws {
        worker = ScanWorker(executable: try WorkerExecutable.find())
        place = try Place()
    }

    private func scan(_ data: Data, by worker: ScanWorker? = nil) async throws -> ScannedPhoto {
        try data.write(to: place.url("file"))
        let file = try FileHandle(forReadingFrom: place.url("file"))
        defer { try? file.close() }
        return try await (worker ?? self.worker).scan(file.fileDescriptor)
    }

    @Test func sizesAndHashesAreThoseOfTheFile() async throws {
        let photo = try await scan(Data(try picture(300, 200, seed: 1)))
        #expect((photo.width, photo.height) == (300, 200))
        let sum = Process()
        let output = Pipe()
        sum.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        sum.arguments = [place.url("file").path]
        sum.standardOutput = output
        try sum.run()
        let line = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(photo.contentHash.map { String(format: "%02x", $0) }.joined() == line.prefix(64))
    }

    @Test func theSamePictureInAnotherSizeHasNearlyTheSameHash() async throws {
        let large = try await scan(try picture(640, 480, seed: 4))
        let small = try await scan(try picture(320, 240, seed: 4))
        let other = try await scan(try picture(640, 480, seed: 9))
        #expect((large.perceptualHash ^ small.perceptualHash).nonzeroBitCount <= 6)
        #expect((large.perceptualHash ^ other.perceptualHash).nonzeroBitCount > 12)
        #expect(large.contentHash != small.contentHash)
    }

    @Test(arguments: [("damaged", 0.5), ("not-an-image", 0.0)])
    func whatCannotBeReadHasAReason(_ reason: String, _ kept: Double) async throws {
        let whole = try picture(300, 200, seed: 2)
        let data = whole.prefix(max(Int(Double(whole.count) * kept), 4))
        await #expect {
            _ = try await scan(Data(data))
        } throws: {
            ($0 as? WorkerError)?.reason == reason
        }
        // The same process goes on with the next one.
        #expect(try await scan(try picture(300, 200, seed: 3)).width == 300)
    }

    @Test func aHungReaderCostsOnePhoto() async throws {
        // Takes the photo and never says a word, however fast the machine is.
        let program = place.url("reader")
        try Data("#!/bin/sh\nexec sleep 600\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program.path)
        let hasty = ScanWorker(
            executable: program.path, limits: WorkerLimits(cpuSeconds: 60, deadlineMilliseconds: 0))
        await #expect {
            _ = try await scan(try picture(300, 200, seed: 5), by: hasty)
        } throws: {
            ($0 as? WorkerError)?.reason == "deadline"
        }
    }

    @Test func aCrashedReaderCostsOnePhoto() async throws {
        // Memory for the program and not for the picture.
        let poor = ScanWorker(
            executable: "/bin/true", limits: WorkerLimits(cpuSeconds: 60, deadlineMilliseconds: 20_000))
        await #expect {
            _ = try await scan(try picture(300, 200, seed: 5), by: poor)
        } throws: {
            ($0 as? WorkerError)?.reason == "worker-died"
        }
    }

    @Test func manyPhotosAreServedByFewProcesses() async throws {
        let data = try picture(64, 64, seed: 6)
        for _ in 0..<70 { #expect(try await scan(data).height == 64) }
    }

    @Test func aSampleFitsItsSide() async throws {
        try picture(640, 480, seed: 7).write(to: place.url("file"))
        let file = try FileHandle(forReadingFrom: place.url("file"))
        let sample = try await worker.sample(file.fileDescriptor, side: 128)
        #expect((sample.width, sample.height) == (128, 96))
        #expect(sample.pixels.count == 128 * 96 * 3)
        let large = try await worker.sample(file.fileDescriptor, side: 4000)
        #expect((large.width, large.height) == (640, 480))
    }
}
