/// malloc_trim(3), which is not in glibc's headers as Swift imports them.
@_silgen_name("malloc_trim")
private func trimAllocator(_ kept: Int) -> Int32

/// mallopt(3), likewise.
@_silgen_name("mallopt")
private func setAllocator(_ parameter: Int32, _ value: Int32) -> Int32

/// What the allocator keeps for later.
enum FreeMemory {
    /// Has every block of a megabyte or more go back to the system as soon as it is freed. Else glibc learns from the
    /// first photo to take such blocks from its heaps, where one that lives on keeps all below it.
    static func keepNoLargeBlocks() {
        let mmapThreshold: Int32 = -3
        _ = setAllocator(mmapThreshold, 1 << 20)
    }

    /// Gives it back to the system. A photo's pixels are tens of megabytes, which an idle daemon must not hold.
    static func giveBack() {
        _ = trimAllocator(0)
    }
}
