import Dispatch
import Glibc

/// Tells when sockets of Wayland compositors come in the session's runtime folder.
enum SocketWatch {
    /// One element for each look at the folder in which sockets had come. The folder is watched when this returns, until the
    /// stream ends; a folder that cannot be watched gives a stream that has ended.
    static func arrivals(in folder: String) -> AsyncStream<Void> {
        let (stream, sink) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watch = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard watch >= 0, inotify_add_watch(watch, folder, UInt32(IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)) >= 0 else {
            if watch >= 0 { close(watch) }
            sink.finish()
            return stream
        }
        // Unsafe in name alone: a dispatch source may be used from every thread.
        nonisolated(unsafe) let source = DispatchSource.makeReadSource(
            fileDescriptor: watch, queue: DispatchQueue(label: "org.refinecontrol.sockets"))
        source.setEventHandler { if names(from: watch).contains(where: isSocket) { sink.yield() } }
        source.setCancelHandler { close(watch) }
        // Keeps the source too, for as long as the stream is there.
        sink.onTermination = { _ in source.cancel() }
        source.activate()
        return stream
    }

    /// Whether a file is a compositor's socket, by its name. Beside each lies a file that locks it, which comes first.
    static func isSocket(_ name: String) -> Bool { name.hasPrefix("wayland-") && !name.hasSuffix(".lock") }

    /// Takes all events that wait, and gives the names that they are about.
    private static func names(from watch: Int32) -> [String] {
        var names: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let header = MemoryLayout<inotify_event>.size
        while true {
            let count = read(watch, &buffer, buffer.count)
            guard count > 0 else { return names }
            buffer.withUnsafeBytes { bytes in
                // The kernel gives whole events: a header, then a name of `len` bytes that ends with zeros.
                var at = 0
                while at + header <= count {
                    let event = bytes.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                    let end = min(at + header + Int(event.len), count)
                    names.append(String(decoding: bytes[(at + header)..<end].prefix { $0 != 0 }, as: UTF8.self))
                    at = end
                }
            }
        }
    }
}
