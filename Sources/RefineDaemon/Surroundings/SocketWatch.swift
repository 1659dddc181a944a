import Dispatch
import Glibc

/// Tells when sockets of Wayland compositors come and go in the session's runtime folder.
///
/// `@unchecked Sendable`: constants only, and a dispatch source may be used from every thread.
final class SocketWatch: @unchecked Sendable {
    private let source: any DispatchSourceRead

    /// - Returns: nil where the folder cannot be watched.
    init?(folder: String, _ changed: @escaping @Sendable () -> Void) {
        let watch = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard watch >= 0 else { return nil }
        guard inotify_add_watch(watch, folder, UInt32(IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)) >= 0 else {
            close(watch)
            return nil
        }
        source = DispatchSource.makeReadSource(
            fileDescriptor: watch, queue: DispatchQueue(label: "org.refinecontrol.sockets"))
        source.setEventHandler { if Self.hasDisplay(watch) { changed() } }
        source.setCancelHandler { close(watch) }
        source.activate()
    }

    deinit { source.cancel() }

    func stop() { source.cancel() }

    /// Takes all events that wait; whether one of them is about a compositor's socket.
    private static func hasDisplay(_ watch: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var hasDisplay = false
        while true {
            let count = read(watch, &buffer, buffer.count)
            guard count > 0 else { return hasDisplay }
            // Names stand in the events as they are; one that is found by accident costs a look.
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            if text.contains("wayland-") { hasDisplay = true }
        }
    }
}
