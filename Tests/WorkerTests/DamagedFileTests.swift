import ImageCodec
import Testing
import WorkerProtocol

/// Files cut short or with flipped bits end in a typed error or a result, in a real worker and in time.
@Suite struct DamagedFileTests {
    private static let rounds = 240

    private struct Damage: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    private func damaged(_ count: Int) throws -> [Damage] {
        var numbers = SeededNumbers(seed: 77)
        var originals = try SampleFiles.all()
        let photo = TestPhoto.gradient(64, 48)
        originals += [("png", try photo.png()), ("jpeg", try photo.jpeg()), ("tiff", try photo.tiff())]
        return (0..<count).map { round in
            let (name, original) = originals[round % originals.count]
            var bytes = original
            if round / originals.count % 3 == 0 {
                bytes.removeLast(.random(in: 1..<bytes.count, using: &numbers))
            } else {
                for _ in 0..<Int.random(in: 1...8, using: &numbers) {
                    bytes[.random(in: 0..<bytes.count, using: &numbers)] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
                }
            }
            return Damage(name: "\(name) round \(round)", bytes: bytes)
        }
    }

    @Test(.timeLimit(.minutes(2))) func damagedFilesEndInAnErrorOrAResult() async throws {
        let worker = try TestWorker(limits: WorkerLimits(pixels: 4_000_000, deadlineMilliseconds: 20_000))
        let box = FillBox(x: 0, y: 0, width: 1, height: 1)
        var (results, errors, deaths) = (0, 0, [String]())
        for damage in try damaged(Self.rounds) {
            do {
                let decoded = try await worker.decode(damage.bytes, boxes: [box])
                #expect(decoded.pixels.count == decoded.width * decoded.height * 3 * decoded.bitDepth / 8)
                _ = try await worker.encode(
                    damage.bytes, filled: decoded.pixels.array, changed: decoded.mask.array, decoded)
                results += 1
            } catch let error as WorkerError {
                errors += 1
                if error.reason == "worker-died" { deaths.append(damage.name) }
                #expect(error.reason != "deadline" && error.reason != "protocol", "\(damage.name): \(error.message)")
            }
        }
        #expect(results + errors == Self.rounds && errors > 50)
        // A crash is contained and typed; with these files there should be none all the same.
        #expect(deaths == [])
    }
}
