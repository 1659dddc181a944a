/// What each place of a picture shows, one label for every 2x2 pixels: a quarter of a byte for a pixel.
struct ContentMap: Sendable {
    private static let cell = 2
    private let columns: Int
    private let labels: [UInt8]

    /// - Parameter labels: [height, width], raw values of `SceneContent`.
    init(_ labels: [UInt8], width: Int, height: Int) {
        precondition(
            labels.count == width * height && width >= Self.cell && height >= Self.cell,
            "Distillation: \(labels.count) labels for \(width)x\(height)")
        let columns = width / Self.cell
        self.columns = columns
        self.labels = (0..<(height / Self.cell * columns)).map { i in
            labels[i / columns * Self.cell * width + i % columns * Self.cell]
        }
    }

    /// The label at a pixel of the picture.
    func label(x: Int, y: Int) -> UInt8 {
        let column = min(x / Self.cell, columns - 1), row = min(y / Self.cell, labels.count / columns - 1)
        return labels[row * columns + column]
    }
}
