import CKernels
import Glibc
import Synchronization

/// Recycles tensor buffers, so that the second and later steps of the same shapes allocate nothing.
///
/// A request gets the smallest free buffer that holds it, up to twice as large: with buffers for each
/// size of its own a network of several resolutions would hold the sum of what its levels need, not the most.
/// A steady loop still comes to rest: a buffer is made only while all that would do are in use. For a forward pass that is
/// after the first one, or after the second, which finds other buffers free than the first did; a training step, whose
/// buffers live in another order, needs several, so training sets ``sharesSizes`` to false.
public enum StoragePool {
    /// Addresses rather than pointers: integers cross the lock without a Sendable promise, and a buffer in the pool
    /// has no other owner.
    private struct State {
        var free: [Int: [UInt]] = [:]
        /// The sizes of free buffers, ascending, each once.
        var sizes: [Int] = []
        var allocatedBytes = 0
        var freshAllocations = 0
        var liveBytes = 0
        var peakLiveBytes = 0
        var sharesSizes = true

        /// Where `count` stands, or would stand, among the sizes.
        private func position(of count: Int) -> Int {
            var (low, high) = (0, sizes.count)
            while low < high {
                let middle = (low + high) / 2
                if sizes[middle] < count { low = middle + 1 } else { high = middle }
            }
            return low
        }

        mutating func popSmallest(holding count: Int, exactly: Bool) -> (UInt, Int)? {
            let place = position(of: count)
            let largest = exactly || !sharesSizes ? count : count * StoragePool.largestExcess
            guard place < sizes.count, sizes[place] <= largest, let address = free[sizes[place]]?.popLast()
            else { return nil }
            let capacity = sizes[place]
            if free[capacity]?.isEmpty == true {
                free[capacity] = nil
                sizes.remove(at: place)
            }
            return (address, capacity)
        }

        mutating func push(_ address: UInt, capacity: Int) {
            let place = position(of: capacity)
            if place == sizes.count || sizes[place] != capacity { sizes.insert(capacity, at: place) }
            free[capacity, default: []].append(address)
        }
    }

    private static let state = Mutex(State())

    /// A free buffer is not used for less than its size divided by this.
    private static let largestExcess = 2

    /// Whether a buffer may be used for less than it holds.
    public static var sharesSizes: Bool {
        get { state.withLock { $0.sharesSizes } }
        set { state.withLock { $0.sharesSizes = newValue } }
    }

    /// A 64-byte aligned buffer for `count` floats or somewhat more, not cleared. Nil where the system has no memory for
    /// it.
    ///
    /// - Parameters:
    ///   - count: floats.
    ///   - exactly: whether a larger buffer will not do.
    /// - Returns: the buffer, and the number of floats to give it back with.
    static func take(count: Int, exactly: Bool = false) -> (pointer: UnsafeMutablePointer<Float>, capacity: Int)? {
        let found: (UInt, Int)? = state.withLock { state in
            let found = state.popSmallest(holding: count, exactly: exactly)
            if found == nil {
                state.allocatedBytes += count * MemoryLayout<Float>.stride
                state.freshAllocations += 1
            }
            state.liveBytes += (found?.1 ?? count) * MemoryLayout<Float>.stride
            state.peakLiveBytes = max(state.peakLiveBytes, state.liveBytes)
            return found
        }
        if let (address, capacity) = found, let pointer = UnsafeMutablePointer<Float>(bitPattern: address) {
            return (pointer, capacity)
        }
        var raw: UnsafeMutableRawPointer?
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        guard posix_memalign(&raw, 64, bytes) == 0, let raw else { return nil }
        return (raw.bindMemory(to: Float.self, capacity: max(count, 1)), count)
    }

    static func give(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
        state.withLock { state in
            state.liveBytes -= capacity * MemoryLayout<Float>.stride
            state.push(UInt(bitPattern: pointer), capacity: capacity)
        }
    }

    /// Returns every unused buffer to the system. Call it when a job is over and the shapes will not come again.
    public static func trim() {
        let addresses = state.withLock { state in
            let all = state.free.flatMap { count, list in
                state.allocatedBytes -= count * MemoryLayout<Float>.stride * list.count
                return list
            }
            state.free = [:]
            state.sizes = []
            return all
        }
        for address in addresses { free(UnsafeMutableRawPointer(bitPattern: address)) }
        LibraryConvolution.releaseWorkspace()
        rk_release_free_memory()
    }

    /// Bytes held by live tensors and the pool together.
    public static var allocatedBytes: Int { state.withLock { $0.allocatedBytes } }

    /// The most bytes that live tensors held at a time since `restartPeak`.
    public static var peakLiveBytes: Int { state.withLock { $0.peakLiveBytes } }

    /// Begins `peakLiveBytes` anew.
    public static func restartPeak() { state.withLock { $0.peakLiveBytes = $0.liveBytes } }

    /// How many buffers had to be made because the pool had none of that size; stands still in a steady loop.
    public static var freshAllocations: Int { state.withLock { $0.freshAllocations } }
}

/// One buffer of floats, returned to the pool with its last tensor.
final class TensorStorage {
    let pointer: UnsafeMutablePointer<Float>
    private let capacity: Int
    /// Raised by the functions that change elements in place.
    var version = 0

    init?(count: Int, isLasting: Bool = false) {
        guard let (pointer, capacity) = StoragePool.take(count: count, exactly: isLasting) else { return nil }
        self.capacity = capacity
        self.pointer = pointer
    }

    deinit { StoragePool.give(pointer, capacity: capacity) }
}
