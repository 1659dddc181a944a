import Dispatch
import Glibc
import Synchronization

/// Where workers come from: copies of a template, which are there in a millisecond or two, while the program takes 40 to
/// start, most of it in the dynamic linker. One copy waits ahead of its job.
///
/// The template is `refine-worker template`: a process with its libraries ready and its first guards up that never takes
/// a photo, only the sockets of its copies. A copy takes one job and ends with it, as a worker does that was started by
/// itself; that is what is done where there is no template. Every copy is a child of this process.
final class WorkerSource: Sendable {
    private let executable: String
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "org.refinecontrol.worker-source")

    private struct State: Sendable {
        var template: WorkerProcess?
        var spare: WorkerProcess?
        var copies = 0
        var lastUse = ContinuousClock.now
    }

    /// What nobody needs ends after this time.
    private static let patience = Duration.seconds(60)
    /// Copies share the places of code and data in memory with their template. What photos find out about those must
    /// not be good for long.
    private static let copiesOfTemplate = 500
    /// Milliseconds that a copy gets to say that it is there, where nobody waits for it or its caller has gone.
    private static let grace: Int32 = 1000

    init(executable: String) {
        self.executable = executable
    }

    /// Makes a worker ahead of time, and a template where there is none. Errors show when a worker is wanted.
    func prepare() {
        queue.async { [self] in
            guard let template = try? template(), state.withLock({ $0.spare == nil }) else { return }
            let copy = try? copy(of: template) { try Self.wait(on: $0, atMost: Self.grace) }
            // One whose template has been given up meanwhile goes as well, outside of the lock.
            let surplus = state.withLock { state in
                guard state.template === template, state.spare == nil else { return copy }
                state.spare = copy
                return nil
            }
            withExtendedLifetime(surplus) {}
        }
    }

    /// Ends what waits: a worker came to a bad end. The next ones lie elsewhere in memory.
    func renew() { drop { _ in true } }

    /// A process that waits for its job.
    ///
    /// - Parameter wait: returns when a socket can be read, and throws when nobody wants the worker any more.
    /// - Throws: what `wait` throws, or `WorkerError` when the executable cannot be started.
    func worker(_ wait: (Int32) throws -> Void) throws -> WorkerProcess {
        // One that has died while it waited, for want of memory perhaps, must not cost a job.
        if let spare = state.withLock({ $0.spare.take() }), spare.isRunning { return spare }
        let template = try template()
        if let copy = try copy(of: template, wait) { return copy }
        // It is gone, or cannot copy itself. A worker that is started by itself does not need it.
        discard(template)
        return try WorkerProcess(executable: executable)
    }

    /// The template in use, or a new one.
    private func template() throws -> WorkerProcess {
        // Those that are done for are ended outside of the lock.
        var old: WorkerProcess?
        defer { withExtendedLifetime(old) {} }
        let (template, isNew) = try state.withLock { state in
            state.lastUse = .now
            if let template = state.template, state.copies < Self.copiesOfTemplate, template.isRunning {
                return (template, false)
            }
            old = state.template.take()
            let template = try WorkerProcess(executable: executable, role: "template")
            state.template = template
            state.copies = 0
            return (template, true)
        }
        if isNew { endWhenIdle(template) }
        return template
    }

    private func endWhenIdle(_ template: WorkerProcess) {
        Task { [weak self, weak template] in
            while let idleSince = self?.state.withLock({ $0.lastUse }) {
                let left = Self.patience - (ContinuousClock.now - idleSince)
                guard left > .zero else { break }
                try? await Task.sleep(for: left)
                guard let template, self?.state.withLock({ $0.template === template }) == true else { return }
            }
            if let self, let template { self.discard(template) }
        }
    }

    private func discard(_ template: WorkerProcess) { drop { $0 === template } }

    /// Ends the template, and the copy that waits, where `condition` holds of the template.
    private func drop(where condition: (WorkerProcess?) -> Bool) {
        let old = state.withLock { state -> [WorkerProcess?] in
            guard condition(state.template) else { return [] }
            return [state.spare.take(), state.template.take()]
        }
        withExtendedLifetime(old) {}
    }

    /// - Returns: nil where the template made none.
    private func copy(of template: WorkerProcess, _ wait: (Int32) throws -> Void) throws -> WorkerProcess? {
        guard let socket = try Self.request(of: template) else { return nil }
        state.withLock { $0.copies += 1 }
        do {
            try wait(socket.number)
        } catch {
            // The copy may be on its way, and as a child of ours it has to be ended by us.
            do {
                try Self.wait(on: socket.number, atMost: Self.grace)
                _ = Self.greeted(socket, template)
            } catch {
                discard(template)
            }
            throw error
        }
        return Self.greeted(socket, template)
    }

    /// Asks for a copy.
    ///
    /// - Returns: our end of the copy's socket. The other end is the template's alone, so that it closes with the copy.
    private static func request(of template: WorkerProcess) throws -> OwnedDescriptor? {
        let (ours, theirs) = try WorkerChannel.pair()
        let channel = WorkerChannel(socket: template.socket.number)
        return try channel.send(TemplateRequest.copy, descriptors: [theirs.number]) ? ours : nil
    }

    private static func wait(on socket: Int32, atMost milliseconds: Int32) throws {
        var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, milliseconds) > 0 else { throw WorkerError.system("Copying a worker", ETIMEDOUT) }
    }

    /// Hears the copy out, which tells its number.
    private static func greeted(_ socket: OwnedDescriptor, _ template: WorkerProcess) -> WorkerProcess? {
        guard let (reply, _) = try? WorkerChannel(socket: socket.number).receive(WorkerReply.self),
            case .copied(let identifier) = reply
        else { return nil }
        return WorkerProcess(copy: identifier, socket: socket, of: template)
    }
}
