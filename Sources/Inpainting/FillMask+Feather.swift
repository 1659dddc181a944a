extension FillMask {
    /// The largest `dilate` and `feather` that are accepted, in pixels.
    public static let largestRadius = 1024

    /// The mask grown by a disc: 255 where the distance to a filled pixel is at most `radius`, between pixel centres.
    public func dilated(by radius: Int) -> FillMask {
        precondition(radius >= 0 && radius <= Self.largestRadius, "radius out of range")
        return radius == 0 ? binarized() : binarized().painted(reach: radius) { $0 <= radius * radius ? 255 : 0 }
    }

    /// The opacity by which a fill replaces the photo: 255 in the mask, falling linearly with the distance to it over
    /// `radius` pixels outside, `255 * (1 - distance / (radius + 1))` rounded, and 0 beyond `radius`.
    public func feathered(by radius: Int) -> FillMask {
        precondition(radius >= 0 && radius <= Self.largestRadius, "radius out of range")
        if radius == 0 { return binarized() }
        // Squared distances are whole numbers: one table for all of them.
        let ramp = (0...(radius * radius)).map { squared -> UInt8 in
            UInt8((255 * (1 - Double(squared).squareRoot() / Double(radius + 1))).rounded())
        }
        return binarized().painted(reach: radius) { $0 < ramp.count ? ramp[$0] : 0 }
    }

    /// A new mask whose values are a function of the squared distance to this one, 0 further away than `reach`.
    private func painted(reach: Int, value: (Int) -> UInt8) -> FillMask {
        var result = self
        guard let box = boundingBox()?.grown(by: reach, imageWidth: width, imageHeight: height) else { return result }
        values.withUnsafeBufferPointer { old in
            result.values.withUnsafeMutableBufferPointer { new in
                SquaredDistance.forEachRow(width: box.width, height: box.height, reach: reach) { x, y in
                    old[(box.y + y) * width + box.x + x] != 0
                } row: { y, squared in
                    let start = (box.y + y) * width + box.x
                    for x in 0..<box.width { new[start + x] = value(squared[x]) }
                }
            }
        }
        return result
    }
}
