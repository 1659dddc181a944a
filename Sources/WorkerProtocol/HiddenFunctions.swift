import Glibc

// Functions of glibc that its headers declare only with _GNU_SOURCE, which Swift's import of them does not set.

/// memfd_create(2).
@_silgen_name("memfd_create")
func makeMemoryFile(_ name: UnsafePointer<CChar>, _ flags: UInt32) -> Int32

/// Has the new process close every descriptor from `first` on. glibc 2.34.
@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
func addCloseFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: Int32) -> Int32
