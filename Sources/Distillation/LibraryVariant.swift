/// A library of photos as a user may have it, for the question of what stage 2 does with it.
public enum LibraryVariant: String, CaseIterable, Codable, Sendable {
    /// The photos as they are.
    case whole
    /// Three of them.
    case tiny
    /// All of them out of focus: blurred by about four pixels.
    case blurry
    /// Nine in ten are one picture, slightly brighter or darker, as in a burst.
    case duplicates
    /// Not photos at all: flat drawings with sharp edges.
    case offTopic = "off-topic"

    public var title: String {
        switch self {
        case .whole: "as it is"
        case .tiny: "three photos"
        case .blurry: "blurred"
        case .duplicates: "nine in ten duplicates"
        case .offTopic: "drawings instead of photos"
        }
    }

    /// This kind of library, made of `photos`.
    public func library(of photos: any PhotoSource) -> any PhotoSource { VariedLibrary(photos: photos, variant: self) }
}

private struct VariedLibrary: PhotoSource {
    let photos: any PhotoSource
    let variant: LibraryVariant

    var count: Int { variant == .tiny ? min(3, photos.count) : photos.count }

    func photo(at index: Int) throws -> TrainingPhoto {
        switch variant {
        case .whole: return try photos.photo(at: index)
        // Spread over the library, whose neighbours may be of one afternoon.
        case .tiny: return try photos.photo(at: index * photos.count / count)
        case .blurry: return try photos.photo(at: index).blurred(radius: 4)
        case .duplicates:
            return try index % 10 == 9 ? photos.photo(at: index) : photos.photo(at: 0).brighter(by: index % 7 - 3)
        case .offTopic:
            let side = 512
            return TrainingPhoto(
                width: side, height: side, pixels: SimpleScene.pixels(seed: 0x0FF_701C + UInt64(index), side: side))
        }
    }
}

extension TrainingPhoto {
    fileprivate func brighter(by levels: Int) -> TrainingPhoto {
        TrainingPhoto(
            width: width, height: height, pixels: pixels.map { UInt8(min(max(Int($0) + levels, 0), 255)) },
            caption: caption)
    }

    /// Two passes of a mean over 2 `radius` + 1 pixels in each direction, which is near a Gaussian of deviation `radius`.
    fileprivate func blurred(radius: Int) -> TrainingPhoto {
        var current = pixels
        for _ in 0..<2 {
            current = Self.mean(current, lines: height, stride: 3 * width, count: width, step: 3, radius: radius)
            current = Self.mean(current, lines: width, stride: 3, count: height, step: 3 * width, radius: radius)
        }
        return TrainingPhoto(width: width, height: height, pixels: current, caption: caption)
    }

    /// The running mean along `lines` lines of `count` pixels; at the ends over what is there.
    private static func mean(
        _ source: [UInt8], lines: Int, stride: Int, count: Int, step: Int, radius: Int
    ) -> [UInt8] {
        var result = source
        for line in 0..<lines {
            for channel in 0..<3 {
                let first = line * stride + channel
                var sum = 0, low = 0, high = 0
                for i in 0..<count {
                    while high < min(i + radius + 1, count) {
                        sum += Int(source[first + high * step])
                        high += 1
                    }
                    while low < i - radius {
                        sum -= Int(source[first + low * step])
                        low += 1
                    }
                    result[first + i * step] = UInt8((sum + (high - low) / 2) / (high - low))
                }
            }
        }
        return result
    }
}
