import Foundation
import Glibc
import ImageCodec
import Testing
import WorkerProtocol

/// Runs the real refine-worker for a test.
struct TestWorker {
    let codec: CodecWorker

    init(limits: WorkerLimits = WorkerLimits()) throws {
        codec = CodecWorker(executable: try WorkerExecutable.find(), limits: limits)
    }

    func decode(_ image: [UInt8], mask: [UInt8]) async throws -> DecodedPhoto {
        let (image, mask) = (TemporaryFile(image), TemporaryFile(mask))
        defer { withExtendedLifetime((image, mask)) {} }
        return try await codec.decode(image: image.descriptor, mask: mask.descriptor)
    }

    func decode(_ image: [UInt8], boxes: [FillBox]) async throws -> DecodedPhoto {
        let image = TemporaryFile(image)
        defer { withExtendedLifetime(image) {} }
        return try await codec.decode(image: image.descriptor, mask: nil, options: DecodeOptions(boxes: boxes))
    }

    func encode(_ image: [UInt8], filled: [UInt8], changed: [UInt8], _ photo: DecodedPhoto) async throws -> EncodedPhoto
    {
        let image = TemporaryFile(image)
        defer { withExtendedLifetime(image) {} }
        return try await codec.encode(
            source: image.descriptor, filled: .of(filled), changed: .of(changed),
            region: FillBox(x: 0, y: 0, width: photo.width, height: photo.height), width: photo.width,
            height: photo.height, bitDepth: photo.bitDepth)
    }
}

/// The children of this process whose first argument is `name`, by /proc.
func children(named name: String) -> [pid_t] {
    var result: [pid_t] = []
    guard let listing = opendir("/proc") else { return [] }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
        let folder = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let number = pid_t(folder) else { continue }
        // "pid (name) state parent ..."; the name can hold anything but ends at the last bracket.
        let fields = firstBytes(of: "/proc/\(folder)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 1, pid_t(fields[1]) == getpid() else { continue }
        if firstBytes(of: "/proc/\(folder)/cmdline").hasPrefix("\(name)\u{0}") { result.append(number) }
    }
    return result
}

/// Children of this process by the name that the kernel keeps, of which it cuts off all but 15 letters: those too that have
/// ended and not been waited for.
///
/// - Parameter path: of the program, in /tmp.
func childProcesses(of path: String) throws -> [(number: pid_t, hasEnded: Bool)] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { folder in
        guard let number = pid_t(folder),
            let line = try? String(contentsOfFile: "/proc/\(folder)/stat", encoding: .utf8),
            let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")")
        else { return nil }
        let name = line[line.index(after: open)..<close]
        let fields = line[close...].split(separator: " ")
        guard name == path.dropFirst("/tmp/".count).prefix(15), pid_t(fields[2]) == getpid() else { return nil }
        return (number, fields[1] == "Z")
    }
}

private func firstBytes(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
}

/// Tries again until the condition holds or ten seconds are over.
func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        await Task.yield()
        usleep(2000)
    }
    return try condition()
}
