import CDBus
import Glibc

extension BusFileDescriptor {
    /// What a descriptor lacks to be memory that nobody can change any more.
    public enum SealFailure: Error, Sendable, Equatable {
        /// Not a memory file.
        case notMemory
        /// It was made without permission to seal, or its seals are final.
        case sealingForbidden
        /// Somebody, the caller perhaps, has it mapped for writing.
        case mappedForWriting
        /// The descriptor is open for reading only, and seals are missing.
        case readOnly
    }

    /// Makes sure that the memory file can neither shrink nor grow nor be written to, by anybody, from now on. Seals
    /// that are missing are added.
    ///
    /// - Throws: ``SealFailure``.
    public func seal() throws(SealFailure) {
        let wanted = Int32(CDBUS_SEALS)
        // Fails for what is not in memory: pipes, sockets, folders, devices, files on discs.
        let present = cdbus_seals(rawValue)
        guard present >= 0 else { throw .notMemory }
        guard present & wanted != wanted else { return }
        guard cdbus_add_seals(rawValue, wanted) != 0 else { return }
        switch errno {
        case EBUSY: throw .mappedForWriting
        // Also what the kernel says of a final seal; only the access mode tells them apart.
        case EPERM where fcntl(rawValue, F_GETFL) & O_ACCMODE == O_RDONLY: throw .readOnly
        default: throw .sealingForbidden
        }
    }

    /// Reads `buffer.count` bytes from `offset` on, without touching the descriptor's own offset.
    ///
    /// - Throws: `BusError` with code `system` where the file has fewer bytes or cannot be read.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < buffer.count {
            let count = pread(
                rawValue, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BusError.system("read pixels", count < 0 ? errno : EIO) }
            done += count
        }
    }
}
