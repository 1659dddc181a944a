import ArgumentParser
import BusTransport
import RefineBus

/// What every command that talks to refined does around that.
enum Session {
    /// Runs `body` on the session bus, and says what went wrong.
    ///
    /// - Throws: `ExitCode` alone.
    static func with(_ body: (BusConnection) async throws -> Void) async throws {
        do {
            let bus = try await BusConnection.open(.session())
            try await body(bus)
            await bus.close()
        } catch let code as ExitCode {
            throw code
        } catch {
            throw Failure(error).report()
        }
    }
}
