/// EXIF's orientation: how the stored picture is to be turned to be upright.
struct Orientation {
    /// 1...8; anything else counts as upright.
    let value: Int
    /// The size of the upright picture.
    let width: Int
    let height: Int

    /// Columns and rows change places.
    var swaps: Bool { (5...8).contains(value) }
    var storedWidth: Int { swaps ? height : width }
    var storedHeight: Int { swaps ? width : height }

    /// Where a stored pixel is in the upright picture.
    func upright(_ x: Int, _ y: Int) -> (x: Int, y: Int) {
        switch value {
        case 2: (width - 1 - x, y)
        case 3: (width - 1 - x, height - 1 - y)
        case 4: (x, height - 1 - y)
        case 5: (y, x)
        case 6: (width - 1 - y, x)
        case 7: (width - 1 - y, height - 1 - x)
        case 8: (y, height - 1 - x)
        default: (x, y)
        }
    }

    /// Where an upright pixel is in the stored picture.
    func stored(_ x: Int, _ y: Int) -> (x: Int, y: Int) {
        switch value {
        case 2: (width - 1 - x, y)
        case 3: (width - 1 - x, height - 1 - y)
        case 4: (x, height - 1 - y)
        case 5: (y, x)
        case 6: (y, width - 1 - x)
        case 7: (height - 1 - y, width - 1 - x)
        case 8: (height - 1 - y, x)
        default: (x, y)
        }
    }
}
