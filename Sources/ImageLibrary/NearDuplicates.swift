/// Finds pictures that look the same among many, by hashes that differ in a few of their 64 bits.
///
/// Two hashes that differ in fewer than 8 bits agree in at least one of their 8 bytes, so only hashes that share a byte
/// with the wanted one are compared.
struct NearDuplicates {
    /// Bits by which two hashes of the same picture may differ: above this, different scenes begin to meet.
    static let threshold = 6

    private struct Item {
        let hash: UInt64
        let cluster: Int64
    }

    private var bands = [[Item]](repeating: [], count: 8 * 256)

    /// The cluster that each cluster has become part of.
    private var merged: [Int64: Int64] = [:]

    mutating func insert(_ hash: UInt64, cluster: Int64) {
        for band in 0..<8 { bands[Self.bucket(hash, band)].append(Item(hash: hash, cluster: cluster)) }
    }

    /// The clusters of all hashes near `hash`, in ascending order.
    func clusters(near hash: UInt64) -> [Int64] {
        var found: Set<Int64> = []
        for band in 0..<8 {
            for item in bands[Self.bucket(hash, band)]
            where (item.hash ^ hash).nonzeroBitCount <= Self.threshold { found.insert(current(item.cluster)) }
        }
        return found.sorted()
    }

    /// Makes one cluster part of another.
    mutating func merge(_ cluster: Int64, into other: Int64) { merged[cluster] = other }

    private func current(_ cluster: Int64) -> Int64 {
        var cluster = cluster
        while let next = merged[cluster] { cluster = next }
        return cluster
    }

    private static func bucket(_ hash: UInt64, _ band: Int) -> Int {
        band * 256 + Int(truncatingIfNeeded: (hash >> (UInt64(band) * 8)) & 255)
    }
}
