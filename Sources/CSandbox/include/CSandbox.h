#pragma once
#include <stddef.h>
#include <stdint.h>

// Guards that a process puts on itself, without privileges. Each returns 0, or -errno when the kernel refused it;
// a guard that was taken on cannot be dropped again. Each has a `_check` that tries what the guard forbids and
// returns 1 when it is really enforced on the calling thread, 0 when it is not, and -errno when it cannot tell.
// x86-64 and arm64.

#ifdef __cplusplus
extern "C" {
#endif

// --- Every process of this project ---------------------------------------------------------------------------

/// No execve of this process or its children gains privileges. The seccomp filters and Landlock need it and set it.
int refine_sandbox_no_new_privileges(void);
int refine_sandbox_no_new_privileges_check(void);

/// No core dump, no ptrace by other processes of the user, no /proc/PID/mem: PR_SET_DUMPABLE 0 and RLIMIT_CORE 0.
/// An execve resets the first of the two, so each program calls this at its own start.
int refine_sandbox_no_core_dumps(void);
int refine_sandbox_no_core_dumps_check(void);

/// seccomp filter on all threads: socket() and socketpair() make AF_UNIX sockets only (else EAFNOSUPPORT), io_uring is
/// denied (it makes sockets too), and so are the syscall tables that the filter does not read (32-bit x86, x32,
/// 32-bit ARM). Children inherit it. Call it before connecting anywhere; existing sockets are left alone.
int refine_sandbox_unix_sockets_only(void);
int refine_sandbox_unix_sockets_only_check(void);
int refine_sandbox_no_io_uring_check(void);
int refine_sandbox_native_syscalls_only_check(void);

// --- Landlock -------------------------------------------------------------------------------------------------

/// What a rule allows beneath its path.
enum {
    REFINE_LANDLOCK_READ = 1,     // read files, list folders
    REFINE_LANDLOCK_WRITE = 2,    // create, write, truncate, rename, remove
    REFINE_LANDLOCK_EXECUTE = 4,  // execve
};

typedef struct {
    const char *path;
    uint32_t allowed;  // REFINE_LANDLOCK_*
} refine_landlock_rule;

/// What a call of refine_sandbox_landlock really put in force.
typedef struct {
    int abi;               // 0: the kernel has no Landlock, nothing is in force
    uint64_t filesystem;   // LANDLOCK_ACCESS_FS_* bits that are denied but for the rules
    uint64_t network;      // LANDLOCK_ACCESS_NET_* bits, all denied (ABI 4)
    uint64_t scoped;       // LANDLOCK_SCOPE_* bits: abstract sockets and signals stay inside (ABI 6, on request)
    int every_thread;      // 1: all threads of the process (ABI 8), 0: the calling thread and what it starts
    int skipped_rules;     // rules whose path is not there
} refine_landlock_report;

enum {
    REFINE_LANDLOCK_SCOPED = 1,  // flag: no abstract sockets of, and no signals to, processes outside
};

/// The kernel's Landlock ABI; 0 where there is none or it is switched off.
int refine_landlock_abi(void);

/// Denies the filesystem (and TCP) but for the rules; `count` 0 denies all of it. Open files keep working.
/// Without Landlock in the kernel it returns 0 with report->abi == 0: the caller decides whether that is enough.
/// Below ABI 8 it holds for the calling thread and those that it starts later: call it while there is one thread.
int refine_sandbox_landlock(const refine_landlock_rule *rules, size_t count, uint32_t flags,
                            refine_landlock_report *report);
/// 1 when `path` (which must be there) cannot be opened for reading.
int refine_sandbox_unreadable_check(const char *path);
/// 1 when no file can be created in `folder`; a file that could be made is removed again.
int refine_sandbox_unwritable_check(const char *folder);

/// The number of threads of this process, or -errno; needs /proc.
int refine_sandbox_thread_count(void);

// --- The worker -------------------------------------------------------------------------------------------------

/// Resource limits, soft and hard alike; 0 leaves one as it is.
typedef struct {
    uint64_t address_space;  // bytes; mapped files count too
    uint64_t cpu_seconds;    // SIGXCPU, then SIGKILL a second later
    uint64_t file_size;      // bytes of the largest file (or memfd) that the process can write
    uint64_t open_files;     // descriptors
} refine_limits;
int refine_sandbox_limits(const refine_limits *limits);
int refine_sandbox_limits_check(const refine_limits *limits);

/// The worker's first filter: all of refine_sandbox_unix_sockets_only, and no sockets whatever (also no connect,
/// bind, listen, accept), no execve, no ptrace, no reading of other processes. Files can still be opened, so that
/// libraries find their plugins.
int refine_sandbox_worker_start(void);
int refine_sandbox_no_sockets_check(void);
int refine_sandbox_no_exec_check(void);

/// The worker's second filter, before it looks at a photo: a short list of system calls (memory, threads, clocks,
/// memfds, reading and writing what is open). No open, no new executable memory, no signals to others; EPERM for
/// all that is not on the list.
int refine_sandbox_worker_close(void);
int refine_sandbox_no_open_check(void);

/// The tuner's second filter, after refine_sandbox_worker_start: the worker's short list, and the calls that open, write,
/// rename and remove files, which Landlock confines to its folders, and executable memory, which oneDNN generates its
/// kernels in. Nothing that reaches other processes.
int refine_sandbox_tuner_close(void);

int refine_sandbox_no_executable_memory_check(void);

/// Copies this process as fork(2) does; the copy is a child of this process's parent, and of its process group. The caller
/// must have one thread. Returns the copy's number, 0 in the copy, or -errno.
/// glibc is not told, as its fork() cannot do this: in the copy the main thread's number, which only locks that know
/// their owner look at, is that of the original, and handlers of pthread_atfork are not run.
int refine_fork_sibling(void);

/// The lowest priority for the processor (nice 19, SCHED_IDLE) and for the disc (the idle class). The calling thread and
/// those that it starts later. What the system refuses is left as it is. Call it before the worker's filters.
void refine_background_priority(void);

#ifdef __cplusplus
}
#endif
