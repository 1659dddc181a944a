/// Numbers that are the same in every run (SplitMix64, Steele et al. 2014).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, number: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 &+ number &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Damages a file: bytes changed, inserted, taken out, cut off, and large numbers written over sizes.
func mutated(_ file: [UInt8], using numbers: inout SeededNumbers) -> [UInt8] {
    var file = file
    let rounds = [1, 1, 2, 4, 16].randomElement(using: &numbers) ?? 1
    for _ in 0..<rounds where !file.isEmpty {
        let place = Int.random(in: 0..<file.count, using: &numbers)
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0: file[place] = .random(in: 0...255, using: &numbers)
        case 1: file[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: file.removeLast(file.count - place)
        case 3:
            let bytes = (0..<Int.random(in: 0..<40, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
            file.insert(contentsOf: bytes, at: place)
        case 4: file.removeSubrange(place..<min(place + .random(in: 1..<40, using: &numbers), file.count))
        default:
            let values: [[UInt8]] = [[255, 255, 255, 255], [0, 0, 0, 0], [127, 255, 255, 255], [0, 1, 0, 0]]
            for (offset, byte) in (values.randomElement(using: &numbers) ?? []).enumerated()
            where place + offset < file.count {
                file[place + offset] = byte
            }
        }
    }
    // With the right checksums again, so that what is wrong in a PNG is not found out at once.
    return Double.random(in: 0..<1, using: &numbers) < 0.7 ? withChecksums(file) : file
}

private func withChecksums(_ file: [UInt8]) -> [UInt8] {
    guard file.starts(with: [0x89, 0x50, 0x4E, 0x47]), file.count > 8 else { return file }
    var fixed = Array(file[..<8])
    var place = 8
    while place + 12 <= file.count {
        let length = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
        let chunk = file[(place + 4)..<min(place + 8 + length, file.count)]
        fixed += file[place..<place + 4] + chunk
        let sum = checksum(chunk)
        fixed += [UInt8(truncatingIfNeeded: sum >> 24), UInt8(truncatingIfNeeded: sum >> 16)]
        fixed += [UInt8(truncatingIfNeeded: sum >> 8), UInt8(truncatingIfNeeded: sum)]
        place += 12 + length
    }
    return fixed
}

/// CRC-32 of ISO/IEC 15948 annex D.
private let checksums: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
}

private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { checksums[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
}
