import Glibc
import Testing

/// F_SETLEASE of linux/fcntl.h, which glibc shows only with _GNU_SOURCE.
private let setLease: Int32 = 1024

/// A program that runs a line of shell instead of the worker; its socket is descriptor 3.
struct StandIn {
    let path: String

    init(_ line: String) async throws {
        var template = Array("/tmp/refine-stand-in-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        let text = "#!/bin/sh\n\(line)\n"
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
        fchmod(descriptor, 0o700)
        close(descriptor)
        // A process that another test is just starting holds our descriptor until its exec, and a file that is open for
        // writing cannot be executed. A read lease is given when nobody writes.
        let reading = open(template, O_RDONLY | O_CLOEXEC)
        defer { close(reading) }
        #expect(await eventually { fcntl(reading, setLease, F_RDLCK) == 0 })
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func remove() { unlink(path) }
}
