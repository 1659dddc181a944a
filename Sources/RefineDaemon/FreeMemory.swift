/// malloc_trim(3), which is not in glibc's headers as Swift imports them.
@_silgen_name("malloc_trim")
private func trimAllocator(_ kept: Int) -> Int32

/// What the allocator keeps for later.
enum FreeMemory {
    /// Gives it back to the system. A photo's pixels are tens of megabytes, which an idle daemon must not hold.
    static func giveBack() {
        _ = trimAllocator(0)
    }
}
