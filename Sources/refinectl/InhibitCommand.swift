import ArgumentParser
import BusTransport
import Dispatch
import Glibc
import RefineBus

/// `refinectl inhibit`
struct InhibitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inhibit",
        abstract: "Run a command during which refined does not tune.",
        discussion: """
            A run that is under way is held, as if you had come back, and goes on afterwards.

              refinectl inhibit --why "a film" mpv film.mkv
              refinectl inhibit --why benchmark -- make bench

            Ends with the exit code of the command, 128 and the signal's number where a signal ended it, 126 where it cannot \
            be run and 127 where it is not there.
            """)

    @Option(help: ArgumentHelp("What must not be disturbed; refinectl why shows it.", valueName: "text"))
    var why: String

    @Option(help: ArgumentHelp("Who asks for it; the name of the command where not given.", valueName: "name"))
    var who: String?

    @Argument(
        parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String]

    func run() async throws {
        var command = command
        if command.first == "--" { command.removeFirst() }
        guard let name = command.first else { throw ValidationError("There is no command to run.") }
        let inhibitor = (who: who ?? String(name.split(separator: "/").last ?? "command"), why: why)
        do {
            let bus = try await BusConnection.open(.session())
            _ = try await PersonalizationProxy(bus).inhibit(who: inhibitor.who, why: inhibitor.why)
            let renewal = Task { try await Self.renew(inhibitor.who, inhibitor.why, on: bus) }
            let code = try await ChildCommand.run(command)
            renewal.cancel()
            // The daemon releases it when the connection ends.
            await bus.close()
            throw ExitCode(code)
        } catch let code as ExitCode {
            throw code
        } catch {
            throw Failure(error).report()
        }
    }

    /// A daemon that is started anew knows of no inhibitors.
    private static func renew(_ who: String, _ why: String, on bus: BusConnection) async throws {
        let owners = try await bus.signals(
            SignalMatch(
                sender: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
                member: "NameOwnerChanged", firstArgument: RefineNames.bus))
        for await change in owners {
            guard let owner: String = change.body.last?.content(), !owner.isEmpty else { continue }
            _ = try? await PersonalizationProxy(bus).inhibit(who: who, why: why)
        }
    }
}

/// A command of the user, run as a shell would.
enum ChildCommand {
    /// - Returns: its exit code as shells count it.
    /// - Throws: `Failure` where it cannot be started.
    static func run(_ command: [String]) async throws -> Int32 {
        let process = try start(command)
        // Ctrl-C goes to both; only the command is to end by it. A SIGTERM is for the command.
        let interrupts = await Interrupts()
        let forwarding = Task {
            for await number in interrupts.signals where number == SIGTERM { kill(process, number) }
        }
        defer { forwarding.cancel() }
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var status: Int32 = 0
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                let signal = status & 0x7F
                continuation.resume(returning: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
            }
        }
    }

    private static func start(_ command: [String]) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this program ignores the command must not ignore too.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // Threads of libdispatch, on one of which this runs, block all signals.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, command[0], nil, &attributes, &arguments, environ)
        guard error == 0 else {
            throw Failure(
                error == ENOENT ? 127 : 126, "cannot run \(command[0]): \(String(cString: strerror(error)))")
        }
        return process
    }
}
