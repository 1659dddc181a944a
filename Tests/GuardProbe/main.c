// Puts guards of CSandbox up and tries what they forbid by system calls of its own, so that neither the guards nor their
// own checks have to be believed. Prints a line NAME=VALUE for each thing that it learns.
//
//   guard-probe none | process | inherited | core FOLDER | landlock FOLDER | worker | linger FIFO
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CSandbox.h"

static void tell(const char *name, long value) { dprintf(STDOUT_FILENO, "%s=%ld\n", name, value); }

static long closed(long fd) {
    if (fd >= 0) close((int)fd);
    return fd >= 0;
}

// How many of the first 50 address families but AF_UNIX make a socket of any kind.
static long foreign_sockets(void) {
    static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    long count = 0;
    for (int family = 0; family < 50; family++)
        for (int kind = 0; kind < 4 && family != AF_UNIX; kind++) count += closed(socket(family, kinds[kind], 0));
    return count;
}

static long unix_sockets(void) {
    int pair[2];
    long count = closed(socket(AF_UNIX, SOCK_STREAM, 0));
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) count += closed(pair[0]) + closed(pair[1]);
    return count;
}

static long io_uring(void) {
    uint32_t parameters[30] = {0};
    return closed(syscall(SYS_io_uring_setup, 4, parameters));
}

static sigjmp_buf after_fault;
static void fault(int signal) { siglongjmp(after_fault, signal); }

// Whether the system calls of other tables answer: x32, and 32-bit x86 (which a kernel may not have: a fault then).
static long foreign_calls(void) {
#if defined(__x86_64__)
    long answers = syscall(0x40000000L | SYS_getpid) > 0;
    struct sigaction action = {.sa_handler = fault}, old;
    sigaction(SIGSEGV, &action, &old);
    if (sigsetjmp(after_fault, 1) == 0) {
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
        answers += (int)result > 0;
    }
    sigaction(SIGSEGV, &old, NULL);
    return answers;
#else
    return 0;
#endif
}

static void tell_checks(void) {
    tell("check-no-core-dumps", refine_sandbox_no_core_dumps_check());
    tell("check-no-new-privileges", refine_sandbox_no_new_privileges_check());
    tell("check-unix-sockets-only", refine_sandbox_unix_sockets_only_check());
    tell("check-no-io-uring", refine_sandbox_no_io_uring_check());
    tell("check-native-syscalls-only", refine_sandbox_native_syscalls_only_check());
}

static void tell_tries(void) {
    tell("foreign-sockets", foreign_sockets() > 0);
    tell("unix-sockets", unix_sockets());
    tell("io-uring", io_uring());
    tell("foreign-calls", foreign_calls() > 0);
}

// --- What every process takes on ---------------------------------------------------------------------------------

static pthread_barrier_t guarded;
static void *old_thread(void *unused) {
    (void)unused;
    pthread_barrier_wait(&guarded);
    return (void *)foreign_sockets();
}

static void process(const char *self) {
    // A thread from before the guards is bound as well.
    pthread_t thread;
    void *sockets = NULL;
    pthread_barrier_init(&guarded, NULL, 2);
    pthread_create(&thread, NULL, old_thread, NULL);
    tell("put-up", refine_sandbox_no_core_dumps() == 0 && refine_sandbox_unix_sockets_only() == 0);
    pthread_barrier_wait(&guarded);
    pthread_join(thread, &sockets);
    tell("sockets-of-old-thread", (long)sockets);
    tell_checks();
    tell_tries();
    pid_t child = fork();
    if (child == 0) {
        execl(self, self, "inherited", (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
}

// Whether a child that aborts leaves a core.
static long core(int is_guarded) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_CORE, &all);
        if (is_guarded && refine_sandbox_no_core_dumps() != 0) _exit(1);
        abort();
    }
    waitpid(child, &status, 0);
    tell(is_guarded ? "aborted-guarded" : "aborted-unguarded", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    return WCOREDUMP(status) != 0;
}

// --- Landlock ------------------------------------------------------------------------------------------------------

static void landlock(const char *folder) {
    refine_landlock_rule rule = {folder, REFINE_LANDLOCK_READ | REFINE_LANDLOCK_WRITE};
    refine_landlock_report report;
    char path[4096];
    snprintf(path, sizeof path, "%s/inside", folder);
    tell("put-up", refine_sandbox_landlock(&rule, 1, 0, &report) == 0);
    tell("abi", report.abi);
    tell("skipped-rules", report.skipped_rules);
    tell("inside-write", closed(open(path, O_WRONLY | O_CREAT, 0600)));
    tell("inside-read", closed(open(path, O_RDONLY)));
    tell("outside-read", closed(open("/etc/passwd", O_RDONLY)));
    tell("outside-write", closed(open("/tmp/refine-guard-probe", O_WRONLY | O_CREAT | O_EXCL, 0600)));
    tell("outside-execute", execl("/bin/true", "true", (char *)NULL) == 0);
    tell("check-unreadable", refine_sandbox_unreadable_check("/etc/passwd"));
    tell("check-unwritable", refine_sandbox_unwritable_check("/tmp"));
}

// --- The worker ------------------------------------------------------------------------------------------------------

// Says the name of what went through.
static void escaped(const char *name, int went_through) {
    if (went_through) tell(name, 1);
}

static void worker(int is_guarded) {
    char byte = 0;
    struct iovec piece = {&byte, 1};
    struct rlimit more = {1 << 20, 1 << 20};
    int pair[2];
    refine_landlock_report report = {0};
    refine_limits limits = {.address_space = 1UL << 32, .cpu_seconds = 60, .file_size = 1 << 20, .open_files = 32};
    if (is_guarded) {
        tell("put-up", refine_sandbox_no_core_dumps() == 0 && refine_sandbox_worker_start() == 0 &&
                           refine_sandbox_limits(&limits) == 0 &&
                           refine_sandbox_landlock(NULL, 0, REFINE_LANDLOCK_SCOPED, &report) == 0 &&
                           refine_sandbox_worker_close() == 0);
    }
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    escaped("escape-open", (int)closed(open("/etc/passwd", O_RDONLY)));
    escaped("escape-proc", (int)closed(open("/proc/self/maps", O_RDONLY)));
    escaped("escape-create", (int)closed(open("/tmp", O_TMPFILE | O_WRONLY, 0600)));
    escaped("escape-folder", chdir("/") == 0);
    escaped("escape-foreign-socket", foreign_sockets() > 0);
    escaped("escape-unix-socket", unix_sockets() > 0);
    escaped("escape-socket-pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    escaped("escape-io-uring", io_uring() > 0);
    escaped("escape-foreign-calls", foreign_calls() > 0);
    escaped("escape-signal", kill(getppid(), 0) == 0);
    escaped("escape-read-parent", process_vm_readv(getppid(), &piece, 1, &piece, 1, 0) >= 0 || errno == EFAULT);
    escaped("escape-pidfd", (int)closed(syscall(SYS_pidfd_open, getppid(), 0)));
    escaped("escape-executable-page", mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                                          MAP_FAILED);
    escaped("escape-make-executable", mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    escaped("escape-dumpable", prctl(PR_SET_DUMPABLE, 1) == 0);
    escaped("escape-limits", setrlimit(RLIMIT_NOFILE, &more) == 0);
    escaped("escape-watch", (int)closed(syscall(SYS_inotify_init1, 0)));
    escaped("escape-namespace", unshare(CLONE_FS) == 0);
    pid_t child = fork();
    if (child == 0) _exit(0);
    escaped("escape-fork", child > 0);
    // Memory, clocks and what is open still work.
    int memory = (int)syscall(SYS_memfd_create, "probe", 0);
    tell("memory-file", memory >= 0 && ftruncate(memory, 4096) == 0);
    char *const nothing[] = {NULL};
    tell("escape-execute-errno", execve("/bin/true", nothing, nothing) == 0 ? 0 : errno == EPERM);
}

// --- A worker that takes long to die ---------------------------------------------------------------------------------

// A process that is traced and has ended cannot be waited for by its parent until its tracer is gone. This one is traced
// as long as somebody has the FIFO open for writing, a minute at most. Says nonsense at its socket when it is so.
static void linger(const char *fifo) {
    int pair[2];
    char byte = 0;
    pid_t worker = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) return;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    pid_t tracer = fork();
    if (tracer == 0) {
        setpgid(0, 0);
        close(3);
        alarm(60);
        int gate = open(fifo, O_RDONLY);
        byte = ptrace(PTRACE_SEIZE, worker, NULL, NULL) == 0;
        if (write(pair[1], &byte, 1) == 1 && read(gate, &byte, 1) >= 0) _exit(0);
        _exit(1);
    }
    if (tracer > 0 && read(pair[0], &byte, 1) == 1 && byte == 1 && write(3, "nonsense", 8) == 8) pause();
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "";
    if (strcmp(mode, "none") == 0) {
        tell_checks();
        tell_tries();
    } else if (strcmp(mode, "process") == 0) {
        process("/proc/self/exe");
    } else if (strcmp(mode, "inherited") == 0) {
        tell("inherited-foreign-sockets", foreign_sockets());
        tell("inherited-io-uring", io_uring());
        tell("inherited-foreign-calls", foreign_calls());
    } else if (strcmp(mode, "core") == 0 && count > 2 && chdir(arguments[2]) == 0) {
        tell("core-guarded", core(1));
        tell("core-unguarded", core(0));
    } else if (strcmp(mode, "landlock") == 0 && count > 2) {
        landlock(arguments[2]);
    } else if (strcmp(mode, "worker") == 0) {
        worker(1);
    } else if (strcmp(mode, "worker-without-guards") == 0) {
        worker(0);
    } else if (strcmp(mode, "linger") == 0 && count > 2) {
        linger(arguments[2]);
    } else {
        return 64;
    }
    return 0;
}
