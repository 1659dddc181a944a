import CSandbox
import Glibc
import ImageCodec

/// Decodes and encodes mutated photos and masks as refine-worker does, thousands in one sandboxed process:
///
///     mutation-probe [--files 100000] [--first 0] [--seed 1] [--sanitized] FILE...
///
/// AddressSanitizer maps more addresses than a worker may have, and needs what the list of system calls forbids when it has
/// found something; with `--sanitized` there are neither limits nor that list.
///
/// What is asked: a file may be refused or decoded, but must not end the process, which would cost its job, nor keep it
/// busy. A process that ends is counted, and the next one goes on with the next file. Exit code 1 where any ended.

/// fork(2), which Swift hides: the child does nothing that another thread's lock could stop, since there is no other.
@_silgen_name("fork") private func forkProcess() -> pid_t

/// What the child tells while it works, in memory that it shares with its parent.
private struct Progress {
    var current = 0
    var filled = 0
    var refused = 0
}

private func fail(_ text: String) -> Never {
    let line = "mutation-probe: \(text)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(64)
}

private func readFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { fail("\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&part, 1, part.count, file)
        guard count > 0 else { return bytes }
        bytes += part[..<count]
    }
}

private struct Settings {
    var files = 100_000
    /// The number of the first file: one that ended its process is made again by its number alone.
    var first = 0
    var seed: UInt64 = 1
    var isSanitized = false
    var samples: [[UInt8]] = []

    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            switch argument {
            case "--files": files = rest.popFirst().flatMap { Int($0) } ?? 0
            case "--first": first = rest.popFirst().flatMap { Int($0) } ?? 0
            case "--seed": seed = rest.popFirst().flatMap { UInt64($0) } ?? 0
            case "--sanitized": isSanitized = true
            default: samples.append(readFile(argument))
            }
        }
        guard files > 0, first >= 0, !samples.isEmpty else {
            fail("usage: mutation-probe [--files N] [--first N] [--seed N] [--sanitized] FILE...")
        }
    }
}

/// One photo with its mask, from the bytes to the file that is written: what the codec role does with them.
private func attempt(_ number: Int, _ settings: Settings) throws {
    // Small, so that a header that claims more is refused as it is in the worker, only sooner.
    let limits = CodecLimits(pixels: 4_000_000, side: 30_000, fileBytes: 1 << 26)
    var numbers = SeededNumbers(seed: settings.seed, number: UInt64(number))
    guard var image = settings.samples.randomElement(using: &numbers) else { return }
    let whole = try PhotoReader(file: FileBytes(image), argument: "image").info
    var mask = maskFile(whole.width, whole.height)
    let which = Double.random(in: 0..<1, using: &numbers)
    if which < 0.8 { image = mutated(image, using: &numbers) }
    if which > 0.7 { mask = mutated(mask, using: &numbers) }

    let file = FileBytes(image)
    let photo = try PhotoReader(file: file, argument: "image", limits: limits)
    let hole = try HoleMask(
        file: FileBytes(mask), width: photo.info.width, height: photo.info.height, fits: true, limits: limits)
    var pixels = [UInt8](repeating: 0, count: photo.rgbByteCount)
    try pixels.withUnsafeMutableBytes { try photo.readRGB(into: $0) }
    let box = PixelBox(x: 0, y: 0, width: photo.info.width, height: photo.info.height)
    _ = try pixels.withUnsafeBytes { filled in
        try hole.values.withUnsafeBytes { changed in
            try PhotoWriter.encode(
                source: file, fill: FilledPart(box: box, filled: filled, changed: changed), width: box.width,
                height: box.height, bitDepth: photo.info.layout.bitDepth, limits: limits)
        }
    }
}

private func maskFile(_ width: Int, _ height: Int) -> [UInt8] {
    var values = [UInt8](repeating: 0, count: width * height)
    for pixel in values.indices where pixel % width < width / 2 && pixel / width < height / 2 + 1 {
        values[pixel] = 255
    }
    if !values.contains(0) { values[values.count - 1] = 0 }
    return (try? values.withUnsafeBytes { try PixelFile.png(samples: $0, width: width, height: height, bands: 1) })
        ?? []
}

private func work(_ range: Range<Int>, _ settings: Settings, _ progress: UnsafeMutablePointer<Progress>) -> Never {
    var resources = refine_limits(
        address_space: 4 << 30, cpu_seconds: 3600, file_size: 64 << 20, open_files: 64)
    if !settings.isSanitized {
        guard refine_sandbox_limits(&resources) == 0, refine_sandbox_worker_close() == 0 else { _exit(99) }
    }
    for number in range {
        progress.pointee.current = number
        do {
            try attempt(number, settings)
            progress.pointee.filled += 1
        } catch {
            progress.pointee.refused += 1
        }
    }
    _exit(0)
}

private func run(_ settings: Settings) -> Int32 {
    let memory = mmap(
        nil, MemoryLayout<Progress>.size, PROT_READ | PROT_WRITE, MAP_SHARED | Int32(MAP_ANONYMOUS), -1, 0)
    guard let memory, memory != MAP_FAILED else { fail("no shared memory") }
    let progress = memory.bindMemory(to: Progress.self, capacity: 1)
    progress.initialize(to: Progress())
    let (batch, patienceSeconds) = (5000, 30)
    var next = settings.first
    let end = settings.first + settings.files
    var ended: [(number: Int, how: String)] = []
    var largest = 0
    while next < end {
        let range = next..<min(next + batch, end)
        progress.pointee.current = range.lowerBound
        let child = forkProcess()
        guard child >= 0 else { fail("no process") }
        if child == 0 { work(range, settings, progress) }
        var status: Int32 = 0
        var usage = rusage()
        var (seen, idle) = (-1, 0)
        while wait4(child, &status, WNOHANG, &usage) == 0 {
            usleep(20_000)
            idle = progress.pointee.current == seen ? idle + 1 : 0
            seen = progress.pointee.current
            if idle * 20 > patienceSeconds * 1000 { kill(child, SIGALRM) }
        }
        largest = max(largest, usage.ru_maxrss)
        if status == 0 {
            next = range.upperBound
        } else {
            let signal = status & 0x7F
            ended.append((progress.pointee.current, signal == 0 ? "code \(status >> 8 & 255)" : "signal \(signal)"))
            next = progress.pointee.current + 1
        }
    }
    print(
        """
        \(settings.files) files: \(progress.pointee.filled) filled, \(progress.pointee.refused) refused, \(ended.count) \
        ended their process; largest resident set \(largest / 1000) MB
        """)
    for end in ended { print("  file \(end.number) of seed \(settings.seed): \(end.how)") }
    return ended.isEmpty ? 0 : 1
}

guard refine_sandbox_no_core_dumps() == 0, refine_sandbox_worker_start() == 0 else { fail("no sandbox") }
do { try CodecLibrary.start(heif: true) } catch { fail("\(error)") }
exit(run(Settings(CommandLine.arguments)))
