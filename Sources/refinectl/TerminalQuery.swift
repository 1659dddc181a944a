import Glibc

/// What a terminal tells of itself when it is asked.
struct TerminalAnswers: Sendable, Equatable {
    var hasKittyGraphics = false
    var hasSixel = false
    /// The size of a character in pixels.
    var cell: (width: Int, height: Int)?

    /// Reads what came back: the kitty answer `ESC _ G i=31;OK ESC \`, the cell's size `ESC [ 6 ; HEIGHT ; WIDTH t`, and
    /// the attributes `ESC [ ? ... c`, of which 4 is sixel.
    init(_ bytes: [UInt8] = []) {
        // The reply to 8-bit controls is not asked for, so all of it is ASCII.
        let text = String(decoding: bytes, as: UTF8.self)
        hasKittyGraphics = text.contains("\u{1b}_Gi=31;OK")
        if let match = text.firstMatch(of: /\x1b\[6;(\d{1,4});(\d{1,4})t/), let height = Int(match.1),
            let width = Int(match.2), (1...256).contains(height), (1...256).contains(width)
        {
            cell = (width, height)
        }
        if let match = text.firstMatch(of: /\x1b\[\?([\d;]*)c/) {
            hasSixel = match.1.split(separator: ";").dropFirst().contains("4")
        }
    }

    static func == (left: TerminalAnswers, right: TerminalAnswers) -> Bool {
        left.hasKittyGraphics == right.hasKittyGraphics && left.hasSixel == right.hasSixel
            && left.cell?.width == right.cell?.width && left.cell?.height == right.cell?.height
    }
}

/// Asks the terminal what it can show. Every terminal answers the last question, so its answer ends the wait; one that
/// does not is given up on after a second.
enum TerminalQuery {
    private static let kitty = "\u{1b}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1b}\\"
    private static let cellSize = "\u{1b}[16t"
    private static let attributes = "\u{1b}[c"
    private static let deadline = Duration.seconds(1)

    /// - Parameter withKitty: False where the question would be taken for something else, as tmux and screen do.
    /// - Returns: No answers where there is no terminal, or this process is not in its foreground.
    static func ask(withKitty: Bool) -> TerminalAnswers {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return TerminalAnswers() }
        defer { close(terminal) }
        var before = termios()
        // In the background the first change of the terminal would stop this process.
        guard tcgetpgrp(terminal) == getpgrp(), tcgetattr(terminal, &before) == 0 else { return TerminalAnswers() }
        var raw = before
        // Not even signals: Ctrl-C must not leave the terminal as it is now.
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        guard tcsetattr(terminal, TCSANOW, &raw) == 0 else { return TerminalAnswers() }
        Terminal.put((withKitty ? kitty : "") + cellSize + attributes, to: terminal)
        let bytes = answer(from: terminal)
        tcsetattr(terminal, TCSANOW, &before)
        if bytes.contains(3) { raise(SIGINT) }
        return TerminalAnswers(bytes)
    }

    /// Reads up to the answer to the last question.
    private static func answer(from terminal: Int32) -> [UInt8] {
        let end = ContinuousClock.now + deadline
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while bytes.count < 1 << 16, !String(decoding: bytes, as: UTF8.self).contains(/\x1b\[\?[\d;]*c/) {
            let left = Int32(max(0, (end - .now) / .milliseconds(1)))
            var ready = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            let count = poll(&ready, 1, left)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            let length = read(terminal, &buffer, buffer.count)
            guard length > 0 else { break }
            bytes += buffer[..<length]
        }
        return bytes
    }
}
