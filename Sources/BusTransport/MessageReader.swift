import CDBus

/// Reads the arguments of a message into values. libdbus has checked lengths, depth, UTF-8 and paths already.
struct MessageReader {
    /// All arguments in order.
    ///
    /// - Parameter limit: The most values, the ones in containers included. A message of the largest size could hold
    ///   sixteen million, which take fifty times its size here.
    /// - Throws: `BusError` with code `invalidValue` for more values, with code `system` where a descriptor could not be
    ///   duplicated.
    static func values(of message: OpaquePointer, limit: Int = .max) throws -> [BusValue] {
        var iterator = DBusMessageIter()
        guard dbus_message_iter_init(message, &iterator) != 0 else { return [] }
        var reader = MessageReader(left: limit)
        return try reader.sequence(&iterator)
    }

    private var left: Int

    private mutating func sequence(_ iterator: inout DBusMessageIter) throws -> [BusValue] {
        var values: [BusValue] = []
        while dbus_message_iter_get_arg_type(&iterator) != CDBUS_TYPE_INVALID {
            guard left > 0 else { throw BusError(.invalidValue, "a message with too many values") }
            left -= 1
            values.append(try value(&iterator))
            dbus_message_iter_next(&iterator)
        }
        return values
    }

    private mutating func value(_ iterator: inout DBusMessageIter) throws -> BusValue {
        switch dbus_message_iter_get_arg_type(&iterator) {
        case CDBUS_TYPE_ARRAY: try array(&iterator)
        case CDBUS_TYPE_STRUCT: .structure(try inner(&iterator))
        case CDBUS_TYPE_VARIANT: try variant(&iterator)
        case let code: try Self.basic(&iterator, code)
        }
    }

    private mutating func inner(_ iterator: inout DBusMessageIter) throws -> [BusValue] {
        var content = DBusMessageIter()
        dbus_message_iter_recurse(&iterator, &content)
        return try sequence(&content)
    }

    private mutating func variant(_ iterator: inout DBusMessageIter) throws -> BusValue {
        guard let content = try inner(&iterator).first else {
            throw BusError(.invalidValue, "a variant without content")
        }
        return .variant(content)
    }

    private mutating func array(_ iterator: inout DBusMessageIter) throws -> BusValue {
        var content = DBusMessageIter()
        dbus_message_iter_recurse(&iterator, &content)
        guard dbus_message_iter_get_element_type(&iterator) != CDBUS_TYPE_BYTE else {
            var start: UnsafePointer<UInt8>?
            var count: Int32 = 0
            dbus_message_iter_get_fixed_array(&content, &start, &count)
            // Valid until the message is freed, which is after this copy.
            return .bytes(Array(UnsafeBufferPointer(start: start, count: Int(count))))
        }
        // From the signature, so that an empty array has its element type too.
        switch try Self.type(&iterator) {
        case .dictionary(let key, let value): return .dictionary(key: key, value: value, try entries(&content))
        case .array(let element): return .array(of: element, try sequence(&content))
        default: throw BusError(.invalidValue, "an array of no type")
        }
    }

    private static func type(_ iterator: inout DBusMessageIter) throws -> BusType {
        guard let signature = dbus_message_iter_get_signature(&iterator) else {
            throw BusError(.system, "out of memory")
        }
        defer { dbus_free(signature) }
        guard let type = try BusType.parse(String(cString: signature)).first else {
            throw BusError(.invalidValue, "a value without type")
        }
        return type
    }

    private mutating func entries(_ content: inout DBusMessageIter) throws -> [BusValue.Entry] {
        var entries: [BusValue.Entry] = []
        while dbus_message_iter_get_arg_type(&content) == CDBUS_TYPE_DICT_ENTRY {
            let pair = try inner(&content)
            guard pair.count == 2 else { throw BusError(.invalidValue, "a dictionary entry without key or value") }
            entries.append(.init(pair[0], pair[1]))
            dbus_message_iter_next(&content)
        }
        return entries
    }

    private static func basic(_ iterator: inout DBusMessageIter, _ code: Int32) throws -> BusValue {
        var raw = DBusBasicValue()
        dbus_message_iter_get_basic(&iterator, &raw)
        switch code {
        case CDBUS_TYPE_BYTE: return .byte(raw.byt)
        case CDBUS_TYPE_BOOLEAN: return .bool(raw.bool_val != 0)
        case CDBUS_TYPE_INT16: return .int16(raw.i16)
        case CDBUS_TYPE_UINT16: return .uint16(raw.u16)
        case CDBUS_TYPE_INT32: return .int32(raw.i32)
        case CDBUS_TYPE_UINT32: return .uint32(raw.u32)
        case CDBUS_TYPE_INT64: return .int64(Int64(raw.i64))
        case CDBUS_TYPE_UINT64: return .uint64(UInt64(raw.u64))
        case CDBUS_TYPE_DOUBLE: return .double(raw.dbl)
        case CDBUS_TYPE_UNIX_FD:
            guard raw.fd >= 0 else { throw BusError(.system, "cannot duplicate a received file descriptor") }
            return .unixFD(BusFileDescriptor(owning: raw.fd))
        case CDBUS_TYPE_STRING: return .string(try text(raw))
        case CDBUS_TYPE_OBJECT_PATH: return .objectPath(BusObjectPath(try text(raw)))
        case CDBUS_TYPE_SIGNATURE: return .signature(try text(raw))
        default: throw BusError(.invalidValue, "unknown type code \(code) in a message")
        }
    }

    private static func text(_ raw: DBusBasicValue) throws -> String {
        guard let start = raw.str else { throw BusError(.invalidValue, "a string without content") }
        return String(cString: start)
    }
}
