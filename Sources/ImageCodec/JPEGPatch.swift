import CJPEG

/// Puts a fill into a JPEG file by changing only the blocks that it touches.
///
/// In a touched block the samples that the fill leaves alone keep their values, before rounding; only the others are
/// computed from the filled picture. All other blocks stay as they are, coefficient by coefficient.
struct JPEGPatch {
    /// What changes, and where.
    let fill: FilledPart
    /// `[fill.box.height, fill.box.width, bands]`, 8 bits: the part of the upright photo with its hole filled, in the
    /// colours that the file decodes to: one grey, three RGB, or four inks, 255 = full ink.
    let samples: UnsafeBufferPointer<UInt8>
    let bands: Int
    let orientation: Orientation

    /// How many blocks there are, and how many of them were touched.
    struct Count: Equatable {
        var all = 0
        var touched = 0
    }

    /// Changes the coefficients.
    ///
    /// - Returns: nil where the file is of a kind that cannot be changed in this way; it may be half changed then.
    func apply(to file: JPEGCoefficients) -> Count? {
        guard file.info.width == Int32(orientation.storedWidth), file.info.height == Int32(orientation.storedHeight),
            let converter = JPEGColour(file.info, bands: bands)
        else { return nil }
        let most = (
            file.components.map(\.horizontal).max() ?? 1, file.components.map(\.vertical).max() ?? 1
        )
        let transform = BlockTransform()
        var count = Count()
        for (index, component) in file.components.enumerated() {
            // Such as 3 against 2: samples that cover no whole number of pixels.
            guard component.horizontal > 0, component.vertical > 0, most.0 % component.horizontal == 0,
                most.1 % component.vertical == 0
            else { return nil }
            let footprint = (most.0 / component.horizontal, most.1 / component.vertical)
            let touched = touchedBlocks(component, footprint)
            count.all += touched.count
            for row in 0..<component.rows {
                let flags = touched[row * component.columns..<(row + 1) * component.columns]
                guard flags.contains(true) else { continue }
                guard let blocks = file.blocks(component: index, row: row, writable: true) else { return nil }
                for (column, isTouched) in flags.enumerated() where isTouched {
                    count.touched += 1
                    let block = UnsafeMutableBufferPointer(rebasing: blocks[column * 64..<column * 64 + 64])
                    change(
                        block, component.table, at: (column * 8, row * 8), footprint: footprint, transform: transform
                    ) { converter.value(index, samples, at: $0) }
                }
            }
        }
        return count
    }

    /// The blocks of which a pixel is changed.
    private func touchedBlocks(_ component: JPEGCoefficients.Component, _ footprint: (Int, Int)) -> [Bool] {
        var touched = [Bool](repeating: false, count: component.columns * component.rows)
        let box = fill.box
        for row in 0..<box.height {
            for column in 0..<box.width where fill.changed[row * box.width + column] > 0 {
                let (x, y) = orientation.stored(box.x + column, box.y + row)
                touched[y / footprint.1 / 8 * component.columns + x / footprint.0 / 8] = true
            }
        }
        return touched
    }

    /// - Parameters:
    ///   - origin: the block's first sample.
    ///   - value: the component's value, 0...255, of a pixel of the filled part.
    private func change(
        _ block: UnsafeMutableBufferPointer<Int16>, _ table: [Float], at origin: (Int, Int), footprint: (Int, Int),
        transform: BlockTransform, value: (_ pixel: Int) -> Float
    ) {
        var samples = transform.samples((0..<64).map { Float(block[$0]) * table[$0] })
        for y in 0..<8 {
            for x in 0..<8 {
                var sum: Float = 0
                var isChanged = false
                for dy in 0..<footprint.1 {
                    for dx in 0..<footprint.0 {
                        // Beyond the border the last pixel goes on, as encoders do it.
                        let (ux, uy) = orientation.upright(
                            min((origin.0 + x) * footprint.0 + dx, orientation.storedWidth - 1),
                            min((origin.1 + y) * footprint.1 + dy, orientation.storedHeight - 1))
                        isChanged = isChanged || fill.isChanged(ux, uy)
                        // Clamped for samples that are not changed, which may lie outside: their sum is not used.
                        let (x, y) = (
                            min(max(ux - fill.box.x, 0), fill.box.width - 1),
                            min(max(uy - fill.box.y, 0), fill.box.height - 1)
                        )
                        sum += value(y * fill.box.width + x)
                    }
                }
                if isChanged { samples[y * 8 + x] = sum / Float(footprint.0 * footprint.1) - 128 }
            }
        }
        let coefficients = transform.coefficients(samples)
        for index in 0..<64 {
            // 11 bits and a sign are what 8-bit JPEG can hold (T.81, table F.1); the DC difference has one more.
            let limit: Float = index == 0 ? 1024 : 1023
            block[index] = Int16(min(max((coefficients[index] / table[index]).rounded(), -limit), limit))
        }
    }
}
