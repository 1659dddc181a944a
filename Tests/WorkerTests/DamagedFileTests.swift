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
                    bytes[.random(in: 0..<bytes.count, using: &numbers)] ^=
                        1 << UInt8.random(in: 0..<8, using: &numbers)
                }
            }
            return Damage(name: "\(name) round \(round)", bytes: bytes)
        }
    }

    @Test(.timeLimit(.minutes(5))) func damagedFilesEndInAnErrorOrAResult() async throws {
        let damages = try damaged(Self.rounds)
        // Two at a time, each with processes of its own.
        async let odd = outcomes(of: damages.enumerated().filter { $0.offset % 2 == 1 }.map(\.element))
        let even = try await outcomes(of: damages.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
        let all = try await odd + even
        #expect(all.count == Self.rounds && all.count { $0 != nil } > 50)
        // A crash is contained and typed; with these files there should be none all the same.
        #expect(all.count { $0?.reason == "worker-died" } == 0)
    }

    /// The error that each file ended in, nil where it could be filled.
    private func outcomes(of damages: [Damage]) async throws -> [WorkerError?] {
        let worker = try TestWorker(limits: WorkerLimits(pixels: 4_000_000, deadlineMilliseconds: 60_000))
        let box = FillBox(x: 0, y: 0, width: 1, height: 1)
        var result: [WorkerError?] = []
        for damage in damages {
            do {
                let decoded = try await worker.decode(damage.bytes, boxes: [box])
                #expect(decoded.pixels.count == decoded.width * decoded.height * 3 * decoded.bitDepth / 8)
                _ = try await worker.encode(
                    damage.bytes, filled: decoded.pixels.array, changed: decoded.mask.array, decoded)
                result.append(nil)
            } catch let error as WorkerError {
                result.append(error)
                let isExpected = !["deadline", "protocol", "worker-died"].contains(error.reason)
                #expect(isExpected, "\(damage.name): \(error.reason)")
            }
        }
        return result
    }
}
