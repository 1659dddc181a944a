/// Columns of text, each as wide as its widest cell.
struct Table {
    private let rows: [[String]]

    init(_ rows: [[String]]) {
        precondition(rows.allSatisfy { $0.count == rows[0].count }, "all rows have as many cells as the first")
        self.rows = rows
    }

    /// - Parameter limit: The most characters of a line; the last column is cut where it does not fit. Nil cuts nothing,
    ///   as is right where programs read along.
    func text(within limit: Int? = Terminal.outputSize?.columns) -> String {
        guard let first = rows.first else { return "" }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let line = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
                .joined(separator: "  ").replacing(/\s+$/, with: "")
            guard let limit, line.count > limit, limit > 1 else { return line }
            return line.prefix(limit - 1) + "\u{2026}"
        }.joined(separator: "\n")
    }
}
