import CKernels
import Glibc
import Synchronization

/// Recycles tensor buffers, so that the second and later steps of the same shapes allocate nothing.
///
/// Buffers are kept by exact size: a network asks for the same sizes at every step.
public enum StoragePool {
    /// Addresses rather than pointers: integers cross the lock without a Sendable promise, and a buffer in the pool
    /// has no other owner.
    private struct State {
        var free: [Int: [UInt]] = [:]
        var allocatedBytes = 0
        var freshAllocations = 0
        var liveBytes = 0
        var peakLiveBytes = 0
    }

    private static let state = Mutex(State())

    /// A 64-byte aligned buffer for `count` floats, not cleared. Nil where the system has no memory for it.
    static func take(count: Int) -> UnsafeMutablePointer<Float>? {
        let address: UInt? = state.withLock { state in
            state.liveBytes += count * MemoryLayout<Float>.stride
            state.peakLiveBytes = max(state.peakLiveBytes, state.liveBytes)
            if let address = state.free[count]?.popLast() { return address }
            state.allocatedBytes += count * MemoryLayout<Float>.stride
            state.freshAllocations += 1
            return nil
        }
        if let address, let pointer = UnsafeMutablePointer<Float>(bitPattern: address) { return pointer }
        var raw: UnsafeMutableRawPointer?
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        guard posix_memalign(&raw, 64, bytes) == 0, let raw else { return nil }
        return raw.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    static func give(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
        state.withLock { state in
            state.liveBytes -= count * MemoryLayout<Float>.stride
            state.free[count, default: []].append(UInt(bitPattern: pointer))
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
            return all
        }
        for address in addresses { free(UnsafeMutableRawPointer(bitPattern: address)) }
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
    let count: Int
    /// Raised by the functions that change elements in place.
    var version = 0

    init?(count: Int) {
        guard let pointer = StoragePool.take(count: count) else { return nil }
        self.count = count
        self.pointer = pointer
    }

    deinit { StoragePool.give(pointer, count: count) }
}
