import ArgumentParser
import RefineBus

/// `X,Y,W,H`
struct BoxArgument: ExpressibleByArgument {
    let box: InpaintOptions.Box

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
        guard numbers.count == 4, let x = numbers[0], let y = numbers[1], let width = numbers[2],
            let height = numbers[3], x >= 0, y >= 0, width > 0, height > 0
        else { return nil }
        box = InpaintOptions.Box(x: x, y: y, width: width, height: height)
    }
}

/// `X,Y`, one corner of a polygon whose others are the arguments beside it; or `X,Y X,Y X,Y`, a polygon in quotes.
struct PolygonArgument: ExpressibleByArgument {
    let corners: [InpaintOptions.Point]

    init?(argument: String) {
        let words = argument.split { $0 == " " || $0 == "\t" || $0 == "\n" }
        let points = words.compactMap { word -> InpaintOptions.Point? in
            let numbers = word.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
            guard numbers.count == 2, let x = numbers[0], let y = numbers[1], x >= 0, y >= 0 else { return nil }
            return InpaintOptions.Point(x: x, y: y)
        }
        guard !words.isEmpty, points.count == words.count else { return nil }
        corners = points
    }

    /// Each quoted polygon, and before them one of all single corners.
    static func polygons(_ arguments: [PolygonArgument]) -> [[InpaintOptions.Point]] {
        let single = arguments.filter { $0.corners.count == 1 }.flatMap(\.corners)
        return (single.isEmpty ? [] : [single]) + arguments.filter { $0.corners.count > 1 }.map(\.corners)
    }
}
