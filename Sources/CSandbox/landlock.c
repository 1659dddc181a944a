// Landlock: the kernel denies paths (and TCP) to this process. Constants newer than Debian 12's headers are written
// out here; the numbers are the kernel's ABI (include/uapi/linux/landlock.h).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSandbox.h"

struct ruleset_attribute {
    uint64_t filesystem;
    uint64_t network;
    uint64_t scoped;
};

struct path_beneath_attribute {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

#define RULESET_VERSION (1U << 0)
#define RULE_PATH_BENEATH 1
#define RESTRICT_EVERY_THREAD (1U << 3)

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_ABI_1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEVICE (1ULL << 15)
#define FS_OF_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEVICE)
#define NET_TCP 3ULL
#define SCOPE_ALL 3ULL

int refine_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static uint64_t filesystem_rights(int abi) {
    uint64_t rights = FS_ABI_1;
    if (abi >= 2) rights |= FS_REFER;
    if (abi >= 3) rights |= FS_TRUNCATE;
    if (abi >= 5) rights |= FS_IOCTL_DEVICE;
    return rights;
}

static uint64_t allowed_rights(uint32_t allowed, uint64_t handled) {
    uint64_t rights = 0;
    if (allowed & REFINE_LANDLOCK_READ) rights |= FS_READ_FILE | FS_READ_DIR;
    if (allowed & REFINE_LANDLOCK_EXECUTE) rights |= FS_EXECUTE | FS_READ_FILE;
    if (allowed & REFINE_LANDLOCK_WRITE) rights |= handled & ~(FS_EXECUTE | FS_READ_FILE | FS_READ_DIR);
    return rights & handled;
}

// Adds one rule. 1: the path is not there.
static int add_rule(int ruleset, const refine_landlock_rule *rule, uint64_t handled) {
    int fd = open(rule->path, O_PATH | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 1 : -errno;
    struct stat status;
    int result = 0;
    if (fstat(fd, &status) != 0) {
        result = -errno;
    } else {
        struct path_beneath_attribute attribute = {allowed_rights(rule->allowed, handled), fd};
        // Rights of folders are refused for a file.
        if (!S_ISDIR(status.st_mode)) attribute.allowed &= FS_OF_FILES;
        if (attribute.allowed != 0 && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attribute, 0) != 0)
            result = -errno;
    }
    close(fd);
    return result;
}

int refine_sandbox_landlock(const refine_landlock_rule *rules, size_t count, uint32_t flags,
                            refine_landlock_report *report) {
    memset(report, 0, sizeof *report);
    int abi = refine_landlock_abi();
    if (abi == 0) return 0;

    struct ruleset_attribute attribute = {.filesystem = filesystem_rights(abi)};
    size_t size = sizeof attribute.filesystem;
    if (abi >= 4) {
        attribute.network = NET_TCP;
        size += sizeof attribute.network;
    }
    if (abi >= 6) {
        attribute.scoped = (flags & REFINE_LANDLOCK_SCOPED) ? SCOPE_ALL : 0;
        size += sizeof attribute.scoped;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attribute, size, 0);
    if (ruleset < 0) return -errno;

    int result = refine_sandbox_no_new_privileges();
    for (size_t i = 0; i < count && result == 0; i++) {
        int added = add_rule(ruleset, &rules[i], attribute.filesystem);
        if (added == 1) report->skipped_rules++;
        if (added < 0) result = added;
    }
    if (result == 0) {
        report->every_thread = abi >= 8;
        if (syscall(SYS_landlock_restrict_self, ruleset, abi >= 8 ? RESTRICT_EVERY_THREAD : 0) != 0) result = -errno;
    }
    close(ruleset);
    if (result != 0) {
        memset(report, 0, sizeof *report);
        return result;
    }
    report->abi = abi;
    report->filesystem = attribute.filesystem;
    report->network = attribute.network;
    report->scoped = attribute.scoped;
    return 0;
}

int refine_sandbox_unreadable_check(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    return errno == EACCES || errno == EPERM ? 1 : -errno;
}

int refine_sandbox_unwritable_check(const char *folder) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/.refine-check-%d", folder, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof path) return -ENAMETOOLONG;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        unlink(path);
        return 0;
    }
    return errno == EACCES || errno == EPERM || errno == EROFS ? 1 : -errno;
}
