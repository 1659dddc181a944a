import CJPEG

/// A JPEG file as quantised DCT coefficients, which can be changed block by block and written again.
///
/// Not Sendable: it stays with the thread that made it.
final class JPEGCoefficients {
    /// A component: its sampling, its size in blocks of 8x8, its divisors.
    struct Component {
        let horizontal: Int
        let vertical: Int
        let columns: Int
        let rows: Int
        /// 64 divisors, row by row.
        let table: [Float]
    }

    struct Marker {
        /// 0xE0...0xEF, or 0xFE for a comment.
        let code: Int32
        let bytes: [UInt8]
    }

    let info: refine_jpeg_info
    let components: [Component]
    /// Application and comment markers in the file's order.
    let markers: [Marker]
    private let handle: OpaquePointer
    /// libjpeg reads from it as long as the handle is there.
    private let file: FileBytes

    /// - Returns: nil for a file of which libjpeg cannot hand out coefficients.
    init?(_ file: FileBytes) {
        guard let handle = refine_jpeg_open(file.memory.baseAddress, file.count) else { return nil }
        self.handle = handle
        self.file = file
        info = refine_jpeg_get_info(handle)
        var components: [Component] = []
        for index in 0..<info.components {
            let component = refine_jpeg_get_component(handle, index)
            guard let table = component.table else { break }
            components.append(
                Component(
                    horizontal: Int(component.horizontal), vertical: Int(component.vertical),
                    columns: Int(component.columns), rows: Int(component.rows),
                    table: (0..<64).map { Float(table[$0]) }))
        }
        self.components = components
        var found = [refine_jpeg_marker](
            repeating: refine_jpeg_marker(), count: Int(refine_jpeg_get_markers(handle, nil, 0)))
        _ = refine_jpeg_get_markers(handle, &found, Int32(found.count))
        markers = found.map {
            Marker(code: $0.code, bytes: Array(UnsafeBufferPointer(start: $0.bytes, count: Int($0.count))))
        }
        // From here on deinit closes the handle.
        guard components.count == Int(info.components),
            // T.81 has no divisor of 0, but libjpeg reads one: coefficients cannot be computed with it.
            components.allSatisfy({ $0.table.allSatisfy { $0 > 0 } })
        else { return nil }
    }

    deinit { refine_jpeg_close(handle) }

    /// A row of blocks, 64 coefficients each, valid until the next call; nil when libjpeg fails.
    func blocks(component: Int, row: Int, writable: Bool) -> UnsafeMutableBufferPointer<Int16>? {
        precondition(components.indices.contains(component) && (0..<components[component].rows).contains(row))
        let start = refine_jpeg_blocks(handle, Int32(component), Int32(row), writable ? 1 : 0)
        return start.map { UnsafeMutableBufferPointer(start: $0, count: components[component].columns * 64) }
    }

    /// The file with the coefficients as they are now, and with these markers; nil when libjpeg fails.
    func written(markers: [Marker]) -> [UInt8]? {
        // One block of memory for all payloads, so that one pointer serves them.
        let payload = markers.flatMap(\.bytes)
        return payload.withUnsafeBufferPointer { payload -> [UInt8]? in
            var offset = 0
            let list = markers.map { marker in
                defer { offset += marker.bytes.count }
                return refine_jpeg_marker(
                    code: marker.code, bytes: payload.baseAddress.map { $0 + offset },
                    count: UInt32(marker.bytes.count))
            }
            var bytes: UnsafeMutablePointer<UInt8>?
            var size = 0
            guard refine_jpeg_write(handle, list, Int32(list.count), &bytes, &size) == 0, let bytes else { return nil }
            defer { refine_jpeg_free(bytes) }
            return Array(UnsafeBufferPointer(start: bytes, count: size))
        }
    }
}
