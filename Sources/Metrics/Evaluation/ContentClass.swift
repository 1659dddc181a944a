/// What the hole of a sample hides, by the gradients of the true picture.
public enum ContentClass: String, CaseIterable, Codable, Sendable {
    /// The mean gradient is below 1 % of the range per pixel.
    case smooth
    /// Few pixels (18 %) hold half of all gradient.
    case edges
    /// All others.
    case texture

    /// The same rule as Tests/Peers/make_crops.py: Sobel gradients of the luma, over the pixels of the hole.
    ///
    /// - Parameters:
    ///   - image: the true picture.
    ///   - mask: `[height, width]`, 255 (128 and up) = hole; nil for the whole picture.
    public init(of image: MetricImage, mask: [UInt8]? = nil) {
        let (width, height) = (image.width, image.height), plane = width * height
        let luma = (0..<plane).map {
            0.299 * image.values[$0] + 0.587 * image.values[plane + $0] + 0.114 * image.values[2 * plane + $0]
        }
        func mirrored(_ i: Int, _ count: Int) -> Int {
            count == 1 ? 0 : i < 0 ? -i : i >= count ? 2 * count - 2 - i : i
        }
        var gradients: [Float] = []
        for y in 0..<height {
            let rows = (-1...1).map { mirrored(y + $0, height) * width }
            for x in 0..<width {
                if let mask, mask[y * width + x] < 128 { continue }
                let (left, right) = (mirrored(x - 1, width), mirrored(x + 1, width))
                let across =
                    luma[rows[0] + right] - luma[rows[0] + left] + 2 * (luma[rows[1] + right] - luma[rows[1] + left])
                    + luma[rows[2] + right] - luma[rows[2] + left]
                let down =
                    luma[rows[2] + left] - luma[rows[0] + left] + 2 * (luma[rows[2] + x] - luma[rows[0] + x])
                    + luma[rows[2] + right] - luma[rows[0] + right]
                gradients.append((across * across + down * down).squareRoot() / 8)
            }
        }
        let total = gradients.reduce(0.0) { $0 + Double($1) }
        guard !gradients.isEmpty, total / Double(gradients.count) >= 0.01 else {
            self = .smooth
            return
        }
        var sum = 0.0
        var strongest = 0
        for value in gradients.sorted(by: >) {
            strongest += 1
            sum += Double(value)
            if sum >= total / 2 { break }
        }
        self = Double(strongest) / Double(gradients.count) < 0.18 ? .edges : .texture
    }
}
