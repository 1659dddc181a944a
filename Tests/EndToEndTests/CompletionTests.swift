import Foundation
import TestSupport
import Testing

/// Completions as the shells themselves make them: bash by the function that it calls, zsh by a TAB on a terminal of its
/// own, fish by its command for that.
@Suite struct CompletionTests {
    private static let scripts = [
        "bash": """
        source "$1/refinectl"; COMP_LINE=$2; COMP_POINT=${#2}; read -ra COMP_WORDS <<<"$2"
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p refinectl | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')
        "$function" refinectl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
        """,
        // What stands on the line after TAB comes back from a function in refinectl's place.
        "zsh": """
        zmodload zsh/zpty
        zpty -b shell "TERM=dumb ZDOTDIR=/nonexistent zsh -f -i"
        zpty -w shell "PS1=; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -D"
        zpty -w shell "refinectl() { printf '%s<%s>%s' '<' \\"\\$*\\" '>' }"
        zpty -w -n shell "$2"$'\\t\\n'
        zpty -r -m shell out '*<<*>>*'
        print -r -- ${${${out##*<<}%%>>*}##* }
        zpty -d shell
        """,
        "fish": "source $argv[1]/refinectl; complete -C $argv[2] | string replace -r '\\t.*' ''",
    ]

    @Test(
        arguments: ["bash", "zsh", "fish"],
        [
            ("refinectl inp", "inpaint"), ("refinectl library forg", "forget"),
            ("refinectl config get jobs.q", "jobs.queue-length"), ("refinectl inpaint --show-", "--show-as"),
            ("refinectl inpaint --show-as si", "sixel"),
        ])
    func theShellCompletes(_ shell: String, _ line: (typed: String, word: String)) async throws {
        let refinectl = Program.product("refinectl", bus: nil)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-shell-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = try await refinectl.run(["completions", shell])
        #expect(text.code == 0)
        let name = shell == "zsh" ? "_refinectl" : "refinectl"
        try text.output.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        guard let path = ["/bin/\(shell)", "/usr/bin/\(shell)"].first(where: FileManager.default.isExecutableFile)
        else {
            Issue.record("there is no \(shell): scripts/dependencies --test installs it")
            return
        }
        let program = Program(executable: URL(fileURLWithPath: path), environment: refinectl.environment)
        let options = ["bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]][shell] ?? []
        let script = Self.scripts[shell] ?? ""
        // In fish the first argument is no name of the script.
        let arguments = (shell == "fish" ? [] : [shell]) + [folder.path, line.typed]
        let end = try await program.run(options + [script] + arguments)
        let words = end.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(words.contains(line.word), "\(end.output) \(end.errors)")
    }
}
