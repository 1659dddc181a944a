import ArgumentParser
import BusTransport
import RefineBus

/// `refinectl cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End jobs, by their numbers in refinectl jobs.",
        discussion: """
            One job, or all of them:

              refinectl cancel 3
              refinectl cancel --all

            A job ends within one step; what it was to write is not written. Ends with 65 where there is no such job.
            """)

    @Argument(help: ArgumentHelp("Numbers of jobs.", valueName: "number"))
    var numbers: [UInt32] = []

    @Flag(help: "End all jobs, of all programs.")
    var all = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard all != numbers.isEmpty else { return }
        throw ValidationError(all ? "Give numbers or --all, not both." : "Give the numbers of jobs, or --all.")
    }

    func run() async throws {
        do {
            let bus = try await BusConnection.open(.session())
            let manager = ManagerProxy(bus)
            var cancelled: [UInt32] = []
            var missing: [UInt32] = []
            for number in all ? try await manager.jobs().map(\.number) : numbers {
                do {
                    try await manager.cancel(job: number)
                    cancelled.append(number)
                } catch let error as RefineError where error.code == .notFound {
                    missing.append(number)
                }
            }
            await bus.close()
            if json {
                Terminal.print(JSON.object([("cancelled", .array(cancelled.map { .integer(UInt64($0)) }))]).text)
            } else if !cancelled.isEmpty {
                Terminal.print("cancelled " + cancelled.map(String.init).joined(separator: ", "))
            } else if all {
                Terminal.print("no jobs")
            }
            // With --all, one that has just ended by itself is none that is missing.
            guard missing.isEmpty || all else {
                throw Failure(
                    Failure.Code.dataError, "no job \(missing.map(String.init).joined(separator: ", ")) waits or runs",
                    hint: "see: refinectl jobs")
            }
        } catch {
            throw Failure(error).report()
        }
    }
}
