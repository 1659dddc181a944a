import Distillation
import WorkerProtocol

/// The photos that the daemon has handed over, in memory.
struct TunePhotos: PhotoSource {
    private(set) var photos: [TrainingPhoto] = []
    private(set) var keys: [UInt64] = []

    /// Pixels of all photos together at most: 512 photos of 768x576.
    private static let mostPixels = 512 * 768 * 576

    var count: Int { photos.count }

    func photo(at index: Int) throws -> TrainingPhoto { photos[index] }

    /// Takes a photo in.
    /// - Throws: `WorkerError` where there are more than fit.
    mutating func add(_ pixels: SharedBuffer, _ layout: PixelLayout, key: UInt64) throws {
        let photo = pixels.withBytes {
            TrainingPhoto(width: layout.width, height: layout.height, pixels: Array($0))
        }.scaledDown(toLongerSide: PersonalRecipe.photoSide)
        let used = photos.reduce(photo.width * photo.height) { $0 + $1.width * $1.height }
        guard used <= Self.mostPixels else {
            throw WorkerError(
                .tooLarge, argument: "image", reason: "too-many-photos",
                message: "The tuner was given more photos than it keeps. Report it as a defect.")
        }
        photos.append(photo)
        keys.append(key)
    }
}
