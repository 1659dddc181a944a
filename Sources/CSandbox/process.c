// Guards on the process itself: privileges, core dumps, resource limits.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSandbox.h"
#include "sanitizers.h"

int refine_sandbox_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno; }

int refine_sandbox_no_new_privileges_check(void) {
    int value = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    return value < 0 ? -errno : value == 1;
}

int refine_sandbox_no_core_dumps(void) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno;
}

int refine_sandbox_no_core_dumps_check(void) {
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) != 0) return -errno;
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (dumpable < 0) return -errno;
    return dumpable == 0 && core.rlim_max == 0;
}

static int limit(__rlimit_resource_t resource, uint64_t soft, uint64_t hard) {
    if (soft == 0) return 0;
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return -errno;
    // A lower limit that is there already stays: raising a hard limit needs privileges.
    struct rlimit wanted = {soft < now.rlim_max ? soft : now.rlim_max, hard < now.rlim_max ? hard : now.rlim_max};
    return setrlimit(resource, &wanted) == 0 ? 0 : -errno;
}

int refine_sandbox_limits(const refine_limits *limits) {
    int result = IS_SANITIZED ? 0 : limit(RLIMIT_AS, limits->address_space, limits->address_space);
    if (result == 0) result = limit(RLIMIT_CPU, limits->cpu_seconds, limits->cpu_seconds + 1);
    if (result == 0) result = limit(RLIMIT_FSIZE, limits->file_size, limits->file_size);
    if (result == 0) result = limit(RLIMIT_NOFILE, limits->open_files, limits->open_files);
    return result;
}

static int is_limited(__rlimit_resource_t resource, uint64_t most) {
    struct rlimit now;
    if (most == 0) return 1;
    if (getrlimit(resource, &now) != 0) return -errno;
    return now.rlim_cur <= most;
}

int refine_sandbox_limits_check(const refine_limits *limits) {
    int result = IS_SANITIZED ? 1 : is_limited(RLIMIT_AS, limits->address_space);
    if (result == 1) result = is_limited(RLIMIT_CPU, limits->cpu_seconds);
    if (result == 1) result = is_limited(RLIMIT_FSIZE, limits->file_size);
    if (result == 1) result = is_limited(RLIMIT_NOFILE, limits->open_files);
    return result;
}

int refine_sandbox_thread_count(void) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return -errno;
    int count = 0;
    for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks))
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

int refine_fork_sibling(void) {
    // All arguments but the flags are 0, so that their order, which differs from machine to machine, says nothing.
    long copy = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    return copy < 0 ? -errno : (int)copy;
}

void refine_background_priority(void) {
    setpriority(PRIO_PROCESS, 0, 19);
    struct sched_param none = {0};
    sched_setscheduler(0, SCHED_IDLE, &none);
    // ioprio_set(IOPRIO_WHO_PROCESS, this thread, class 3: idle), which glibc does not wrap.
    syscall(__NR_ioprio_set, 1, 0, 3 << 13);
}
