import Glibc

/// sendmsg and recvmsg with SCM_RIGHTS. The control message is laid out by hand, as the CMSG macros do not import:
/// a `cmsghdr` (16 bytes) and the descriptors, 4 bytes each, padded to 8.
extension WorkerChannel {
    private static let controlHeaderSize = MemoryLayout<cmsghdr>.size
    private static let controlSize = controlHeaderSize + (mostDescriptors * 4 + 7) / 8 * 8

    func sendFrame(_ frame: inout [UInt8], descriptors: [Int32]) throws -> Bool {
        var control = [UInt64](repeating: 0, count: Self.controlSize / 8)
        var result = 0
        var code: Int32 = 0
        frame.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { controlBytes in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                withUnsafeMutablePointer(to: &part) { partPointer in
                    var message = msghdr()
                    message.msg_iov = partPointer
                    message.msg_iovlen = 1
                    if !descriptors.isEmpty {
                        var header = cmsghdr()
                        header.cmsg_len = Self.controlHeaderSize + descriptors.count * 4
                        header.cmsg_level = SOL_SOCKET
                        header.cmsg_type = Int32(SCM_RIGHTS)
                        controlBytes.storeBytes(of: header, as: cmsghdr.self)
                        for (index, descriptor) in descriptors.enumerated() {
                            controlBytes.storeBytes(
                                of: descriptor, toByteOffset: Self.controlHeaderSize + index * 4, as: Int32.self)
                        }
                        message.msg_control = controlBytes.baseAddress
                        message.msg_controllen = Self.controlHeaderSize + (descriptors.count * 4 + 7) / 8 * 8
                    }
                    repeat {
                        result = sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
                        code = errno
                    } while result < 0 && code == EINTR
                }
            }
        }
        if result < 0, code == EPIPE || code == ECONNRESET { return false }
        guard result == frame.count else { throw WorkerError.system("Sending to the other process", code) }
        return true
    }

    func receiveFrame() throws -> (frame: [UInt8], descriptors: [OwnedDescriptor])? {
        // One byte more than allowed, so that a packet that is too long shows.
        var frame = [UInt8](repeating: 0, count: Self.largestMessage + 9)
        var control = [UInt64](repeating: 0, count: Self.controlSize / 8)
        var descriptors: [OwnedDescriptor] = []
        var flags: Int32 = 0
        var result = 0
        var code: Int32 = 0
        frame.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { controlBytes in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                withUnsafeMutablePointer(to: &part) { partPointer in
                    var message = msghdr()
                    message.msg_iov = partPointer
                    message.msg_iovlen = 1
                    message.msg_control = controlBytes.baseAddress
                    message.msg_controllen = controlBytes.count
                    // ECONNRESET says, once, that the other end closed without reading all that we sent. What it sent
                    // before is still there.
                    var resets = 0
                    repeat {
                        result = recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC))
                        code = errno
                        if result < 0, code == ECONNRESET { resets += 1 }
                    } while result < 0 && (code == EINTR || (code == ECONNRESET && resets == 1))
                    flags = message.msg_flags
                    guard result >= 0, message.msg_controllen >= Self.controlHeaderSize else { return }
                    descriptors = Self.descriptors(
                        in: UnsafeRawBufferPointer(rebasing: controlBytes[..<message.msg_controllen]))
                }
            }
        }
        if result < 0 {
            if code == ECONNRESET { return nil }
            throw WorkerError.system("Receiving from the other process", code)
        }
        guard result > 0 else { return nil }
        guard flags & Int32(MSG_TRUNC | MSG_CTRUNC) == 0, result < frame.count else {
            throw WorkerError.protocolViolation("a frame that is too large")
        }
        return (Array(frame[..<result]), descriptors)
    }

    /// The kernel merges the descriptors of one packet into one control message.
    private static func descriptors(in control: UnsafeRawBufferPointer) -> [OwnedDescriptor] {
        let header = control.load(as: cmsghdr.self)
        guard header.cmsg_level == SOL_SOCKET, header.cmsg_type == Int32(SCM_RIGHTS),
            header.cmsg_len >= controlHeaderSize, header.cmsg_len <= control.count
        else { return [] }
        return (0..<(header.cmsg_len - controlHeaderSize) / 4).map {
            OwnedDescriptor(control.load(fromByteOffset: controlHeaderSize + $0 * 4, as: Int32.self))
        }
    }
}
