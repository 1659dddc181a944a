import Glibc

/// Has the engine prepare for later fills while there is no job and the machine has nothing to do.
///
/// It works in pieces of tens of milliseconds and looks around before each of them, so a job that comes meanwhile waits
/// for one piece at most.
struct IdlePreparation {
    /// How long to wait after a moment that was not quiet, and after the start.
    static let pause = Duration.seconds(30)

    let service: InpaintService
    let room: EngineRoom
    let time: TimeSource
    let isMachineIdle: @Sendable () -> Bool

    /// Ends when everything is prepared, or its task is cancelled.
    func run() async {
        guard case .ready = await service.loadModel() else { return }
        repeat {
            guard (try? await time.sleep(Self.pause)) != nil else { return }
            while await service.queueLength == 0, isMachineIdle() {
                guard let isMoreLeft = await room.prepareFurther() else { break }
                guard isMoreLeft else { return }
            }
        } while !Task.isCancelled
    }
}

/// Whether other programs want the processors.
enum MachineLoad {
    /// True when the kernel has nothing to run but the thread that asks.
    static func isIdle() -> Bool {
        // "0.20 0.18 0.12 1/80 11206": the fourth field counts what could run now. Where it cannot be read the machine
        // counts as busy.
        guard let file = fopen("/proc/loadavg", "re") else { return false }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return false }
        return runnable(in: String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            .map { $0 <= 1 } ?? false
    }

    static func runnable(in line: String) -> Int? {
        let fields = line.split(separator: " ")
        guard fields.count >= 4 else { return nil }
        return fields[3].split(separator: "/").first.flatMap { Int($0) }
    }
}
