import CVips

/// Owns one reference to an image of libvips. Not Sendable: it stays with the thread that made it.
final class VipsPicture {
    let image: UnsafeMutablePointer<VipsImage>

    /// Takes over the reference.
    init(owning image: UnsafeMutablePointer<VipsImage>) { self.image = image }

    deinit { g_object_unref(image) }

    /// Runs an operation that makes an image.
    /// - Returns: nil when the operation failed; the reason is in libvips' error buffer.
    static func make(_ operation: (UnsafeMutablePointer<UnsafeMutablePointer<VipsImage>?>) -> Int32) -> VipsPicture? {
        var out: UnsafeMutablePointer<VipsImage>?
        let result = operation(&out)
        guard let out else { return nil }
        let picture = VipsPicture(owning: out)
        return result == 0 ? picture : nil
    }

    var width: Int { Int(vips_image_get_width(image)) }
    var height: Int { Int(vips_image_get_height(image)) }
    var bands: Int { Int(vips_image_get_bands(image)) }

    /// True when there is metadata of this name.
    func has(_ field: String) -> Bool { vips_image_get_typeof(image, field) != 0 }

    func remove(_ field: String) { vips_image_remove(image, field) }

    func integer(_ field: String) -> Int? {
        var value: Int32 = 0
        guard has(field), vips_image_get_int(image, field, &value) == 0 else { return nil }
        return Int(value)
    }

    /// A copy of binary metadata; nil when there is none.
    func blob(_ field: String) -> [UInt8]? {
        var data: UnsafeRawPointer?
        var size = 0
        guard has(field), vips_image_get_blob(image, field, &data, &size) == 0, let data else { return nil }
        return Array(UnsafeRawBufferPointer(start: data, count: size))
    }

    func setBlob(_ field: String, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { vips_image_set_blob_copy(image, field, $0.baseAddress, $0.count) }
    }

    /// Hands out the rows from top to bottom, decoding a strip at a time, so that a streaming loader never holds them
    /// all.
    ///
    /// - Parameter body: the row's index and its samples, bands interleaved. The memory is valid in the call only.
    /// - Returns: false when decoding failed; the reason is in libvips' error buffer.
    func forEachRow(_ body: (_ row: Int, _ samples: UnsafeRawBufferPointer) throws -> Void) rethrows -> Bool {
        guard let region = vips_region_new(image) else { return false }
        defer { g_object_unref(region) }
        let rowBytes = refine_vips_row_size(image)
        // libvips' own loaders work in strips of 16 rows.
        let most = 16
        for first in stride(from: 0, to: height, by: most) {
            var area = VipsRect(
                left: 0, top: Int32(first), width: Int32(width), height: Int32(min(most, height - first)))
            guard vips_region_prepare(region, &area) == 0 else { return false }
            for row in 0..<Int(area.height) {
                guard let start = refine_vips_row(region, Int32(first + row)) else { return false }
                try body(first + row, UnsafeRawBufferPointer(start: start, count: rowBytes))
            }
        }
        return true
    }
}
