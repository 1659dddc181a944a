import Glibc

/// Bytes in a sealed memfd: they can be handed to another process, and nobody can change or shrink them any more.
///
/// ```swift
/// let buffer = try SharedBuffer(count: 3 * width * height) { $0.copyBytes(from: pixels) }
/// buffer.withBytes { use($0) }
/// ```
///
/// `@unchecked Sendable`: the mapping is read-only, made in `init`, removed in `deinit`, and the seals keep its bytes
/// as they are.
public final class SharedBuffer: @unchecked Sendable {
    /// The memfd, at offset 0. It closes with this object.
    public let descriptor: Int32
    /// Bytes.
    public let count: Int
    private let bytes: UnsafeRawBufferPointer

    private static let seals = Seals.seal | Seals.shrink | Seals.grow | Seals.write

    /// Makes a buffer and lets `fill` write its bytes, which are 0 before.
    ///
    /// - Throws: `WorkerError` when the kernel gives no memory, and what `fill` throws.
    public convenience init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        let descriptor = makeMemoryFile("refine-buffer", Seals.closeOnExec | Seals.allowSealing)
        guard descriptor >= 0 else { throw WorkerError.system("Making a memory file", errno) }
        do {
            if count > 0 {
                // Allocated at once: a machine without that memory answers with an error here, not with SIGBUS later.
                guard ftruncate(descriptor, off_t(count)) == 0, posix_fallocate(descriptor, 0, off_t(count)) == 0 else {
                    throw WorkerError.system("Reserving memory", errno)
                }
                // All of it is written, so all of its pages are mapped at once and not one by one.
                let memory = mmap(
                    nil, count, PROT_READ | PROT_WRITE, MAP_SHARED | Int32(MAP_POPULATE), descriptor, 0)
                guard let memory, memory != MAP_FAILED else { throw WorkerError.system("Mapping memory", errno) }
                // A writable mapping forbids the seal against writing: it must be gone before.
                defer { munmap(memory, count) }
                try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
            }
            guard fcntl(descriptor, Seals.add, Self.seals) == 0 else {
                throw WorkerError.system("Sealing memory", errno)
            }
        } catch {
            close(descriptor)
            throw error
        }
        try self.init(adopting: descriptor, count: count)
    }

    /// Makes a buffer with these bytes.
    public convenience init(_ source: UnsafeRawBufferPointer) throws {
        try self.init(count: source.count) { $0.copyMemory(from: source) }
    }

    /// Takes over a memfd that another process made, and checks it before mapping it.
    ///
    /// - Parameters:
    ///   - descriptor: closed by this object, also when `init` throws.
    ///   - count: the size that it must have; nil takes its own.
    /// - Throws: `WorkerError` when it is not sealed against writing and resizing, or has another size.
    public init(adopting descriptor: Int32, count: Int? = nil) throws {
        var status = stat()
        var mapping: UnsafeMutableRawPointer?
        do {
            let present = fcntl(descriptor, Seals.get)
            guard present >= 0, present & Self.seals == Self.seals else {
                throw WorkerError.protocolViolation("a buffer without seals")
            }
            guard fstat(descriptor, &status) == 0, count == nil || Int(status.st_size) == count else {
                throw WorkerError.protocolViolation("a buffer of another size")
            }
            if status.st_size > 0 {
                mapping = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0)
                guard mapping != MAP_FAILED else { throw WorkerError.system("Mapping memory", errno) }
            }
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.count = Int(status.st_size)
        bytes = UnsafeRawBufferPointer(start: mapping, count: Int(status.st_size))
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
        close(descriptor)
    }

    /// Gives read access to the bytes; the pointer is valid in the call only.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(bytes)
    }
}

/// Numbers of the kernel's ABI (linux/memfd.h, linux/fcntl.h), which glibc's headers show only with _GNU_SOURCE.
private enum Seals {
    static let closeOnExec: UInt32 = 1
    static let allowSealing: UInt32 = 2
    static let add: Int32 = 1033
    static let get: Int32 = 1034
    static let seal: Int32 = 1
    static let shrink: Int32 = 2
    static let grow: Int32 = 4
    static let write: Int32 = 8
}
