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

    func encode(_ image: [UInt8], filled: [UInt8], changed: [UInt8], _ photo: DecodedPhoto) async throws -> EncodedPhoto {
        let image = TemporaryFile(image)
        defer { withExtendedLifetime(image) {} }
        return try await codec.encode(
            source: image.descriptor, filled: .of(filled), changed: .of(changed), width: photo.width,
            height: photo.height, bitDepth: photo.bitDepth)
    }
}

/// The children of this process, by /proc.
func childProcesses() -> Set<pid_t> {
    var result: Set<pid_t> = []
    guard let listing = opendir("/proc") else { return [] }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let number = pid_t(name), let file = fopen("/proc/\(name)/stat", "r") else { continue }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 1024)
        guard fgets(&buffer, 1024, file) != nil else { continue }
        // "pid (name) state parent ..."; the name can hold anything but ends at the last bracket.
        let text = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        if fields.count > 1, pid_t(fields[1]) == getpid() { result.insert(number) }
    }
    return result
}

/// Tries again until the condition holds or ten seconds are over.
func eventually(_ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        await Task.yield()
        usleep(2000)
    }
    return condition()
}
