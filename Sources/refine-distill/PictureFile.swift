import Distillation
import Foundation
import ImageCodec
import Layers

/// Writes pictures of runs as PNG files, readable by their owner alone.
enum PictureFile {
    /// - Throws: `CodecError`, or `ModelError` with code `cannotWrite`.
    static func write(_ sheet: SampleSheet, to path: String) throws {
        let bytes = try sheet.pixels.withUnsafeBytes {
            try PixelFile.png(samples: $0, width: sheet.width, height: sheet.height, bands: 3)
        }
        try AtomicFile.write(Data(bytes), to: path)
    }
}
