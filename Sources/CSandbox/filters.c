// The seccomp filters, written as classic BPF so that no library is needed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSandbox.h"

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "The seccomp filters are written for x86-64 and arm64."
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The filters read the low half of an argument at its first bytes."
#endif

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define NUMBER offsetof(struct seccomp_data, nr)
#define LOW(i) offsetof(struct seccomp_data, args[i])
#define HIGH(i) (offsetof(struct seccomp_data, args[i]) + 4)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define DENY(error) RETURN(SECCOMP_RET_ERRNO | (error))
// Skips `skip` statements unless the loaded word is `value`.
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
// Skips `skip` statements unless one of `bits` is set.
#define UNLESS_ANY(bits, skip) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (skip))

#define ALLOW_CALL(name) UNLESS(__NR_##name, 1), ALLOW
#define DENY_CALL(name, error) UNLESS(__NR_##name, 1), DENY(error)

// Leaves the system call's number loaded. A number of x32 has bit 30 set.
#define NATIVE_ONLY                                                                      \
    LOAD(offsetof(struct seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0), \
        DENY(EPERM), LOAD(NUMBER), UNLESS_ANY(0x40000000U, 1), DENY(EPERM)

#define NO_IO_URING \
    DENY_CALL(io_uring_setup, EPERM), DENY_CALL(io_uring_enter, EPERM), DENY_CALL(io_uring_register, EPERM)

static int install(const struct sock_filter *statements, size_t count) {
    int result = refine_sandbox_no_new_privileges();
    if (result != 0) return result;
    const struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)statements};
    long blocked_by = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (blocked_by < 0) return -errno;
    // A positive answer is the thread that could not be brought in line: nothing was installed.
    return blocked_by == 0 ? 0 : -EBUSY;
}
#define INSTALL(statements) install(statements, sizeof statements / sizeof statements[0])

// The kernel reads the address family as an int, so the low half of the argument decides.
int refine_sandbox_unix_sockets_only(void) {
    static const struct sock_filter filter[] = {
        NATIVE_ONLY,
        NO_IO_URING,
        UNLESS(__NR_socket, 3), LOAD(LOW(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 5), ALLOW,
        UNLESS(__NR_socketpair, 2), LOAD(LOW(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1),
        ALLOW,
        DENY(EAFNOSUPPORT),
    };
    return INSTALL(filter);
}

int refine_sandbox_worker_start(void) {
    static const struct sock_filter filter[] = {
        NATIVE_ONLY,
        NO_IO_URING,
        DENY_CALL(socket, EPERM), DENY_CALL(socketpair, EPERM), DENY_CALL(connect, EPERM), DENY_CALL(bind, EPERM),
        DENY_CALL(listen, EPERM), DENY_CALL(accept, EPERM), DENY_CALL(accept4, EPERM),
        DENY_CALL(execve, EPERM), DENY_CALL(execveat, EPERM), DENY_CALL(ptrace, EPERM),
        DENY_CALL(process_vm_readv, EPERM), DENY_CALL(process_vm_writev, EPERM), DENY_CALL(pidfd_getfd, EPERM),
        DENY_CALL(bpf, EPERM), DENY_CALL(perf_event_open, EPERM), DENY_CALL(userfaultfd, EPERM),
        ALLOW,
    };
    return INSTALL(filter);
}

int refine_sandbox_worker_close(void) {
    static const struct sock_filter filter[] = {
        NATIVE_ONLY,
        // Memory. Executable memory is refused; the rest of mmap and mprotect is free.
        UNLESS(__NR_mmap, 4), LOAD(LOW(2)), UNLESS_ANY(PROT_EXEC, 1), DENY(EPERM), ALLOW,
        UNLESS(__NR_mprotect, 4), LOAD(LOW(2)), UNLESS_ANY(PROT_EXEC, 1), DENY(EPERM), ALLOW,
        ALLOW_CALL(munmap), ALLOW_CALL(mremap), ALLOW_CALL(madvise), ALLOW_CALL(brk),
        // Threads of this process only. clone3 hides its flags behind a pointer: ENOSYS makes glibc take clone.
        UNLESS(__NR_clone, 4), LOAD(LOW(0)), UNLESS_ANY(CLONE_THREAD, 1), ALLOW, DENY(EPERM),
        DENY_CALL(clone3, ENOSYS),
        ALLOW_CALL(futex), ALLOW_CALL(set_robust_list), ALLOW_CALL(rseq), ALLOW_CALL(gettid), ALLOW_CALL(getpid),
        ALLOW_CALL(sched_yield), ALLOW_CALL(sched_getaffinity), ALLOW_CALL(exit), ALLOW_CALL(exit_group),
        ALLOW_CALL(membarrier), ALLOW_CALL(getcpu),
        // Handlers of signals; none can be sent (abort() ends in a trap instead).
        ALLOW_CALL(rt_sigaction), ALLOW_CALL(rt_sigprocmask), ALLOW_CALL(rt_sigreturn), ALLOW_CALL(sigaltstack),
        ALLOW_CALL(restart_syscall),
        // What is open already, and memfds.
        ALLOW_CALL(read), ALLOW_CALL(write), ALLOW_CALL(readv), ALLOW_CALL(writev), ALLOW_CALL(pread64),
        ALLOW_CALL(pwrite64), ALLOW_CALL(lseek), ALLOW_CALL(close), ALLOW_CALL(fstat),
        ALLOW_CALL(dup), ALLOW_CALL(ftruncate), ALLOW_CALL(fallocate), ALLOW_CALL(memfd_create),
        ALLOW_CALL(recvmsg), ALLOW_CALL(sendmsg), ALLOW_CALL(ppoll),
#ifdef __NR_poll
        ALLOW_CALL(poll),
#endif
        // fcntl but for the commands that aim signals at other processes.
        UNLESS(__NR_fcntl, 8), LOAD(LOW(1)),
        UNLESS(F_SETOWN, 1), DENY(EPERM), UNLESS(F_SETSIG, 1), DENY(EPERM), UNLESS(F_SETOWN_EX, 1), DENY(EPERM), ALLOW,
        // glibc's fstat: newfstatat of a descriptor.
        UNLESS(__NR_newfstatat, 4), LOAD(LOW(3)), UNLESS_ANY(AT_EMPTY_PATH, 1), ALLOW, DENY(EPERM),
        // Clocks, randomness, sizes of the machine.
        ALLOW_CALL(clock_gettime), ALLOW_CALL(clock_getres), ALLOW_CALL(clock_nanosleep), ALLOW_CALL(nanosleep),
        ALLOW_CALL(gettimeofday), ALLOW_CALL(getrandom), ALLOW_CALL(sysinfo), ALLOW_CALL(uname),
        ALLOW_CALL(getrusage),
        // Reading one's own limits, not setting them: no pointer to a new limit.
        UNLESS(__NR_prlimit64, 6), LOAD(LOW(2)), UNLESS(0, 3), LOAD(HIGH(2)), UNLESS(0, 1), ALLOW, DENY(EPERM),
#ifdef __NR_getrlimit
        ALLOW_CALL(getrlimit),
#endif
        // Names of threads, and the flags that the checks read.
        UNLESS(__NR_prctl, 9), LOAD(LOW(0)),
        UNLESS(PR_SET_NAME, 1), ALLOW, UNLESS(PR_GET_DUMPABLE, 1), ALLOW, UNLESS(PR_GET_NO_NEW_PRIVS, 1), ALLOW,
        UNLESS(PR_GET_SECCOMP, 1), ALLOW,
        DENY(EPERM),
    };
    return INSTALL(filter);
}

// The tuner writes files, in the folder that Landlock leaves it, and its convolutions are machine code made at run time.
int refine_sandbox_tuner_close(void) {
    static const struct sock_filter filter[] = {
        NATIVE_ONLY,
        ALLOW_CALL(mmap), ALLOW_CALL(mprotect), ALLOW_CALL(munmap), ALLOW_CALL(mremap), ALLOW_CALL(madvise),
        ALLOW_CALL(brk),
        // Threads of this process only, as in the worker.
        UNLESS(__NR_clone, 4), LOAD(LOW(0)), UNLESS_ANY(CLONE_THREAD, 1), ALLOW, DENY(EPERM),
        DENY_CALL(clone3, ENOSYS),
        ALLOW_CALL(futex), ALLOW_CALL(set_robust_list), ALLOW_CALL(rseq), ALLOW_CALL(gettid), ALLOW_CALL(getpid),
        ALLOW_CALL(sched_yield), ALLOW_CALL(sched_getaffinity), ALLOW_CALL(sched_getparam),
        ALLOW_CALL(sched_getscheduler), ALLOW_CALL(exit), ALLOW_CALL(exit_group), ALLOW_CALL(membarrier),
        ALLOW_CALL(getcpu), ALLOW_CALL(getuid), ALLOW_CALL(geteuid), ALLOW_CALL(getgid), ALLOW_CALL(getegid),
        ALLOW_CALL(rt_sigaction), ALLOW_CALL(rt_sigprocmask), ALLOW_CALL(rt_sigreturn), ALLOW_CALL(sigaltstack),
        ALLOW_CALL(restart_syscall),
        // Files, as far as Landlock goes.
        ALLOW_CALL(openat), ALLOW_CALL(newfstatat), ALLOW_CALL(statx), ALLOW_CALL(faccessat), ALLOW_CALL(faccessat2),
        ALLOW_CALL(readlinkat), ALLOW_CALL(getdents64), ALLOW_CALL(mkdirat), ALLOW_CALL(renameat),
        ALLOW_CALL(renameat2), ALLOW_CALL(unlinkat), ALLOW_CALL(fchmod), ALLOW_CALL(fchmodat), ALLOW_CALL(getcwd),
        ALLOW_CALL(fstatfs), ALLOW_CALL(statfs), ALLOW_CALL(fsync), ALLOW_CALL(fdatasync), ALLOW_CALL(umask),
        ALLOW_CALL(fchown), ALLOW_CALL(flock),
#ifdef __NR_open
        ALLOW_CALL(open), ALLOW_CALL(stat), ALLOW_CALL(lstat), ALLOW_CALL(access), ALLOW_CALL(readlink),
        ALLOW_CALL(mkdir), ALLOW_CALL(rename), ALLOW_CALL(unlink), ALLOW_CALL(rmdir), ALLOW_CALL(chmod),
        ALLOW_CALL(poll),
#endif
        ALLOW_CALL(read), ALLOW_CALL(write), ALLOW_CALL(readv), ALLOW_CALL(writev), ALLOW_CALL(pread64),
        ALLOW_CALL(pwrite64), ALLOW_CALL(lseek), ALLOW_CALL(close), ALLOW_CALL(fstat), ALLOW_CALL(dup),
        ALLOW_CALL(ftruncate), ALLOW_CALL(fallocate), ALLOW_CALL(recvmsg), ALLOW_CALL(sendmsg), ALLOW_CALL(ppoll),
        UNLESS(__NR_fcntl, 8), LOAD(LOW(1)),
        UNLESS(F_SETOWN, 1), DENY(EPERM), UNLESS(F_SETSIG, 1), DENY(EPERM), UNLESS(F_SETOWN_EX, 1), DENY(EPERM), ALLOW,
        // Dispatch keeps its timers and wake-ups there.
        ALLOW_CALL(epoll_create1), ALLOW_CALL(epoll_ctl), ALLOW_CALL(epoll_pwait), ALLOW_CALL(eventfd2),
        ALLOW_CALL(timerfd_create), ALLOW_CALL(timerfd_settime),
#ifdef __NR_epoll_wait
        ALLOW_CALL(epoll_wait),
#endif
        ALLOW_CALL(clock_gettime), ALLOW_CALL(clock_getres), ALLOW_CALL(clock_nanosleep), ALLOW_CALL(nanosleep),
        ALLOW_CALL(gettimeofday), ALLOW_CALL(getrandom), ALLOW_CALL(sysinfo), ALLOW_CALL(uname),
        ALLOW_CALL(getrusage), ALLOW_CALL(setpriority), ALLOW_CALL(getpriority),
        UNLESS(__NR_prlimit64, 6), LOAD(LOW(2)), UNLESS(0, 3), LOAD(HIGH(2)), UNLESS(0, 1), ALLOW, DENY(EPERM),
#ifdef __NR_getrlimit
        ALLOW_CALL(getrlimit),
#endif
        UNLESS(__NR_prctl, 9), LOAD(LOW(0)),
        UNLESS(PR_SET_NAME, 1), ALLOW, UNLESS(PR_GET_DUMPABLE, 1), ALLOW, UNLESS(PR_GET_NO_NEW_PRIVS, 1), ALLOW,
        UNLESS(PR_GET_SECCOMP, 1), ALLOW,
        DENY(EPERM),
    };
    return INSTALL(filter);
}

// --- Checks -----------------------------------------------------------------------------------------------------

// 1 when the call failed with `error`, 0 when it went through or failed otherwise.
static int is_denied_with(long answer, int error) { return answer == -1 && errno == error; }

// systemd's RestrictAddressFamilies= and outer sandboxes answer with any of the three.
static int denies_family(int family) {
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    return errno == EAFNOSUPPORT || errno == EPERM || errno == EACCES;
}

int refine_sandbox_unix_sockets_only_check(void) {
    static const int families[] = {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_BLUETOOTH, AF_VSOCK};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (!denies_family(families[i])) return 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    close(fd);
    return 1;
}

int refine_sandbox_no_sockets_check(void) {
    int pair[2];
    if (!denies_family(AF_INET) || !denies_family(AF_INET6) || !denies_family(AF_UNIX)) return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
        close(pair[0]);
        close(pair[1]);
        return 0;
    }
    return errno == EPERM;
}

// With bad arguments, so that nothing happens where it is allowed: EFAULT, EINVAL or ENOSYS then, never EPERM.
// (A kernel.io_uring_disabled of 2 answers EPERM too, and forbids it as well.)
int refine_sandbox_no_io_uring_check(void) {
    return is_denied_with(syscall(__NR_io_uring_setup, 0, NULL), EPERM) &&
           is_denied_with(syscall(__NR_io_uring_enter, -1, 0, 0, 0, NULL, 0), EPERM) &&
           is_denied_with(syscall(__NR_io_uring_register, -1, 0, NULL, 0), EPERM);
}

int refine_sandbox_native_syscalls_only_check(void) {
#if defined(__x86_64__)
    // getpid of x32: a pid or ENOSYS without the filter.
    return is_denied_with(syscall(0x40000000L | __NR_getpid), EPERM);
#else
    // A 64-bit ARM process cannot issue a 32-bit call itself: that a filter is there is all that can be seen.
    int mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
    return mode < 0 ? -errno : mode == SECCOMP_MODE_FILTER;
#endif
}

// The path does not exist, so that execve cannot succeed: ENOENT without the filter.
int refine_sandbox_no_exec_check(void) {
    char *const nothing[] = {NULL};
    return is_denied_with(execve("/nonexistent/refine-check", nothing, nothing), EPERM);
}

int refine_sandbox_no_open_check(void) {
    return is_denied_with(open("/nonexistent/refine-check", O_RDONLY), EPERM) &&
           is_denied_with(open("/etc/passwd", O_RDONLY), EPERM);
}

int refine_sandbox_no_executable_memory_check(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) {
        munmap(page, 4096);
        return 0;
    }
    return errno == EPERM;
}
