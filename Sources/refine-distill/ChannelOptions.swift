import ArgumentParser

/// The width of a new network.
struct ChannelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Channels of a new network at each resolution, finest first: multiples of 16, such as 64,96,160,192.",
            valueName: "list"),
        transform: { text in
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
            guard (1...6).contains(numbers.count), numbers.allSatisfy({ $0 > 0 && $0 <= 2048 && $0 % 16 == 0 }) else {
                throw ValidationError("give 1 to 6 multiples of 16, such as 64,96,160,192")
            }
            return numbers
        })
    var channels: [Int]?
}
