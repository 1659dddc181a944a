import Synchronization

/// Where photos without labels, or with captions, come from: a folder in the laboratory, the user's library in the
/// tuner. Photos come in through this alone; training code opens no image file.
public protocol PhotoSource: Sendable {
    /// How many there are.
    var count: Int { get }
    /// The photo at an index below `count`, upright, in sRGB. Called on any thread, again and again; a photo that is
    /// scaled to 512...1024 pixels on its longer side is large enough.
    /// - Throws: anything, where it cannot be read; the photo is then left out and the reason kept.
    func photo(at index: Int) throws -> TrainingPhoto
}

/// Draws photos, and leaves out those that cannot be used.
///
/// Which photo stands in for one that is left out follows from the numbers alone, so a resumed run sees the same data.
final class PhotoPool: Sendable {
    private let source: any PhotoSource
    private let reasons = Mutex<[Int: String]>([:])

    init(_ source: any PhotoSource) { self.source = source }

    /// Photos that were left out so far, by index.
    var skipped: [Int: String] { reasons.withLock { $0 } }

    /// The photo at `index`, or the next one that can be used.
    /// - Throws: `StageError.noUsablePhotos` when there is none.
    func photo(from index: Int, size: Int) throws -> TrainingPhoto {
        for i in 0..<source.count {
            let candidate = (index + i) % source.count
            if skipped[candidate] != nil { continue }
            do {
                let photo = try source.photo(at: candidate)
                if photo.hasRoom(for: size) { return photo }
                leaveOut(candidate, "it has \(photo.width)x\(photo.height) pixels, crops need \(size)x\(size)")
            } catch {
                leaveOut(candidate, "\(error)")
            }
        }
        throw StageError.noUsablePhotos(skipped: skipped.count)
    }

    var count: Int { source.count }

    private func leaveOut(_ index: Int, _ reason: String) { reasons.withLock { $0[index] = reason } }
}

/// Why the second stage cannot go on.
public enum StageError: Error, CustomStringConvertible {
    /// A source has no photo, or none that can be read and is large enough.
    case noUsablePhotos(skipped: Int)

    public var description: String {
        switch self {
        case .noUsablePhotos(0): "there are no photos to learn from; add some"
        case .noUsablePhotos(let skipped):
            "none of the photos can be used: \(skipped) were left out as unreadable or too small; add others"
        }
    }
}
