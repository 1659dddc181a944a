import Layers

/// Confidence intervals by resampling photos (Efron 1979): crops of one photo are alike, so photos are the unit.
public struct PhotoBootstrap: Sendable {
    public static let rounds = 2000

    /// Indices of the samples of each photo, in the order in which the photos first appear.
    private let groups: [[Int]]
    private let seed: UInt64

    /// - Parameters:
    ///   - photos: the photo of every sample.
    ///   - seed: of the drawing.
    public init(photos: [String], seed: UInt64 = 0) {
        var order: [String: Int] = [:]
        var groups: [[Int]] = []
        for (index, photo) in photos.enumerated() {
            if let group = order[photo] {
                groups[group].append(index)
            } else {
                order[photo] = groups.count
                groups.append([index])
            }
        }
        self.groups = groups
        self.seed = seed
    }

    /// How many photos there are.
    public var photoCount: Int { groups.count }

    /// The 2.5th and 97.5th percentile of a statistic over draws of as many photos, with replacement; nil for less than
    /// two photos. The draws are the same at every call.
    ///
    /// - Parameter statistic: of the samples with these indices, some of them several times.
    public func interval(_ statistic: (_ samples: [Int]) -> Double) -> ClosedRange<Double>? {
        guard groups.count > 1 else { return nil }
        var random = SeededRandom(seed: seed)
        var values: [Double] = []
        values.reserveCapacity(Self.rounds)
        var chosen: [Int] = []
        for _ in 0..<Self.rounds {
            chosen.removeAll(keepingCapacity: true)
            for _ in groups { chosen += groups[Int(random.next() % UInt64(groups.count))] }
            values.append(statistic(chosen))
        }
        values.sort()
        return Self.percentile(0.025, of: values)...Self.percentile(0.975, of: values)
    }

    /// Between neighbours by their distance, as numpy's default.
    private static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place), above = min(below + 1, sorted.count - 1)
        return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
}
