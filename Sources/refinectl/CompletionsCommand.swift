import ArgumentParser

/// `refinectl completions`
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the script that completes refinectl's commands and options in a shell.",
        discussion: """
            An installed refinectl has them in place. For one in a build folder, in the shell at hand:

              source <(refinectl completions bash)
              refinectl completions fish | source

            In zsh, into a folder of $fpath:

              refinectl completions zsh > ~/.zfunc/_refinectl
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Terminal.print(Refinectl.completionScript(for: kind))
    }
}
