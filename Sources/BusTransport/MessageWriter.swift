import CDBus

/// Appends values to a message.
///
/// libdbus aborts the process on invalid text, so everything that it would assert is checked here first.
enum MessageWriter {
    /// Appends `values` as the arguments of `message`.
    ///
    /// - Throws: `BusError` with code `invalidValue` where a value does not fit its type or the bus.
    static func append(_ values: [BusValue], to message: OpaquePointer) throws {
        var iterator = DBusMessageIter()
        dbus_message_iter_init_append(message, &iterator)
        for value in values {
            let type = value.type
            guard dbus_signature_validate(type.signature, nil) != 0 else {
                throw invalid("'\(type.signature)' nests too deeply or is too long for a message")
            }
            try append(value, as: type, to: &iterator)
        }
    }

    private static func append(_ value: BusValue, as type: BusType, to iterator: inout DBusMessageIter) throws {
        switch (value, type) {
        case (.byte(let content), .byte): try basic(content, CDBUS_TYPE_BYTE, &iterator)
        case (.bool(let content), .bool): try basic(dbus_bool_t(content ? 1 : 0), CDBUS_TYPE_BOOLEAN, &iterator)
        case (.int16(let content), .int16): try basic(content, CDBUS_TYPE_INT16, &iterator)
        case (.uint16(let content), .uint16): try basic(content, CDBUS_TYPE_UINT16, &iterator)
        case (.int32(let content), .int32): try basic(content, CDBUS_TYPE_INT32, &iterator)
        case (.uint32(let content), .uint32): try basic(content, CDBUS_TYPE_UINT32, &iterator)
        case (.int64(let content), .int64): try basic(content, CDBUS_TYPE_INT64, &iterator)
        case (.uint64(let content), .uint64): try basic(content, CDBUS_TYPE_UINT64, &iterator)
        case (.double(let content), .double): try basic(content, CDBUS_TYPE_DOUBLE, &iterator)
        case (.unixFD(let content), .unixFD): try basic(content.rawValue, CDBUS_TYPE_UNIX_FD, &iterator)
        case (.string(let content), .string): try text(content, CDBUS_TYPE_STRING, &iterator)
        case (.objectPath(let path), .objectPath):
            guard dbus_validate_path(path.rawValue, nil) != 0 else { throw invalid("'\(path)' is not an object path") }
            try text(path.rawValue, CDBUS_TYPE_OBJECT_PATH, &iterator)
        case (.signature(let content), .signature):
            guard dbus_signature_validate(content, nil) != 0 else { throw invalid("'\(content)' is not a signature") }
            try text(content, CDBUS_TYPE_SIGNATURE, &iterator)
        case (.bytes(let content), .array(.byte)): try bytes(content, &iterator)
        case (.array(_, let content), .array(let element)):
            try container(CDBUS_TYPE_ARRAY, element.signature, &iterator) { inner in
                for item in content { try append(item, as: element, to: &inner) }
            }
        case (.dictionary(_, _, let entries), .dictionary(let keyType, let valueType)):
            let signature = "{" + keyType.signature + valueType.signature + "}"
            try container(CDBUS_TYPE_ARRAY, signature, &iterator) { inner in
                for entry in entries {
                    try container(CDBUS_TYPE_DICT_ENTRY, nil, &inner) { pair in
                        try append(entry.key, as: keyType, to: &pair)
                        try append(entry.value, as: valueType, to: &pair)
                    }
                }
            }
        case (.structure(let fields), .structure(let types)) where fields.count == types.count:
            try container(CDBUS_TYPE_STRUCT, nil, &iterator) { inner in
                for (field, type) in zip(fields, types) { try append(field, as: type, to: &inner) }
            }
        case (.variant(let content), .variant):
            let type = content.type
            guard dbus_signature_validate_single(type.signature, nil) != 0 else {
                throw invalid("'\(type.signature)' cannot be the content of a variant")
            }
            try container(CDBUS_TYPE_VARIANT, type.signature, &iterator) { inner in
                try append(content, as: type, to: &inner)
            }
        default:
            throw invalid("a value of type '\(value.type.signature)' where '\(type.signature)' is declared")
        }
    }

    private static func basic<T>(_ content: T, _ code: Int32, _ iterator: inout DBusMessageIter) throws {
        let done = withUnsafePointer(to: content) { dbus_message_iter_append_basic(&iterator, code, $0) }
        guard done != 0 else { throw invalid("out of memory or file descriptors") }
    }

    private static func text(_ content: String, _ code: Int32, _ iterator: inout DBusMessageIter) throws {
        guard !content.utf8.contains(0) else { throw invalid("text with a zero byte") }
        try content.withCString { try basic($0, code, &iterator) }
    }

    private static func bytes(_ content: [UInt8], _ iterator: inout DBusMessageIter) throws {
        guard content.count <= dbusArrayLimit else { throw invalid("a byte array over 64 MiB") }
        try container(CDBUS_TYPE_ARRAY, "y", &iterator) { inner in
            let done = content.withUnsafeBufferPointer { buffer -> dbus_bool_t in
                // An empty array has no base address, and libdbus wants none.
                guard var start = buffer.baseAddress else { return 1 }
                return withUnsafePointer(to: &start) {
                    dbus_message_iter_append_fixed_array(&inner, CDBUS_TYPE_BYTE, $0, Int32(buffer.count))
                }
            }
            guard done != 0 else { throw invalid("out of memory") }
        }
    }

    private static func container(
        _ code: Int32, _ signature: String?, _ iterator: inout DBusMessageIter,
        _ fill: (inout DBusMessageIter) throws -> Void
    ) throws {
        var inner = DBusMessageIter()
        guard dbus_message_iter_open_container(&iterator, code, signature, &inner) != 0 else {
            throw invalid("out of memory")
        }
        do {
            try fill(&inner)
        } catch {
            dbus_message_iter_abandon_container(&iterator, &inner)
            throw error
        }
        guard dbus_message_iter_close_container(&iterator, &inner) != 0 else { throw invalid("out of memory") }
    }

    /// The limit of the D-Bus specification for one array.
    private static let dbusArrayLimit = 1 << 26

    private static func invalid(_ message: String) -> BusError { BusError(.invalidValue, message) }
}
