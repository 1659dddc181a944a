import ArgumentParser
import BusTransport
import RefineBus

/// Shows pictures in the terminal behind standard output.
struct PictureShow: Sendable {
    /// Ways to show a picture.
    enum Method: String, Sendable, CaseIterable, ExpressibleByArgument {
        case auto, kitty, sixel, blocks
    }

    private enum Encoding: Sendable, Equatable {
        case kitty, sixel
        case blocks(inTrueColor: Bool)
    }

    private let encoding: Encoding
    /// The size of a character, in pixels of the picture.
    private let cell: (width: Int, height: Int)
    private let columns, rows: Int

    /// Nil where standard output is no terminal that can show anything.
    ///
    /// - Throws: `Failure` where colours are wanted and forbidden at once.
    init?(_ method: Method) throws {
        guard let size = Terminal.outputSize else { return nil }
        (columns, rows) = size
        let answers =
            method == .blocks ? TerminalAnswers() : TerminalQuery.ask(withKitty: !Terminal.isMultiplexed)
        encoding =
            switch method {
            case .kitty: .kitty
            case .sixel: .sixel
            case .auto where answers.hasKittyGraphics: .kitty
            case .auto where answers.hasSixel: .sixel
            case .auto, .blocks: .blocks(inTrueColor: Terminal.hasTrueColor)
            }
        guard case .blocks = encoding else {
            cell = answers.cell ?? (8, 16)
            return
        }
        guard !Terminal.forbidsColors else {
            throw Failure(
                Failure.Code.usage, "--show needs colours, and NO_COLOR is set",
                hint: "leave out --show, or unset NO_COLOR: NO_COLOR= refinectl inpaint --show ...")
        }
        cell = (1, 2)
    }

    /// The most pixels that each of `count` pictures side by side may have.
    ///
    /// - Throws: `Failure` for a terminal that is too small.
    func size(of count: Int) throws -> InpaintOptions.PreviewSize {
        let columns = min(self.columns - (count - 1), 160) / count
        // What stands above and below has room, and no more than 32 lines are needed.
        let rows = min(self.rows - 4, 32)
        guard columns >= 4, rows >= 2 else {
            throw Failure(
                Failure.Code.usage, "the terminal is too small to show \(count) pictures",
                hint: "make it larger, or leave out --show")
        }
        return InpaintOptions.PreviewSize(
            width: UInt32(min(columns * cell.width, 4096)), height: UInt32(min(rows * cell.height, 4096)))
    }

    /// Shows the small pictures of a result, with a word above each.
    ///
    /// - Throws: `Failure` where there are none.
    func show(_ result: JobProxy.Result) throws {
        // No larger than was asked for, whoever answers.
        let sides = 1...UInt32(4096)
        guard let preview = result.info.preview, sides.contains(preview.width), sides.contains(preview.height),
            result.images.count > Int(preview.index) + 1
        else {
            throw Failure(
                Failure.Code.software, "refined sent no small pictures",
                hint: "use a refined and a refinectl of the same version")
        }
        let (width, height) = (Int(preview.width), Int(preview.height))
        let pictures = try result.images[Int(preview.index)...].map {
            try RGBPicture($0, width: width, height: height)
        }
        let row = PictureRow(pictures, gap: cell.width)
        Terminal.put(captions(pictures.count, columnsEach: (width + cell.width - 1) / cell.width + 1), to: 1)
        Terminal.put(text(row), to: 1)
    }

    private func captions(_ count: Int, columnsEach: Int) -> String {
        let words = ["before"] + (count == 2 ? ["after"] : (1..<count).map { "after \($0)" })
        // Narrower than its words a picture has none.
        guard words.allSatisfy({ $0.count < columnsEach }) else { return "" }
        return words.map { $0 + String(repeating: " ", count: columnsEach - $0.count) }.joined() + "\n"
    }

    private func text(_ row: PictureRow) -> String {
        switch encoding {
        case .kitty: row.kitty
        case .sixel: row.sixel
        case .blocks(let inTrueColor): row.blocks(inTrueColor: inTrueColor)
        }
    }
}
