"""Tries, from inside a unit with refined's own settings, what each directive forbids and what must stay allowed.

Prints a line for each that is not as it should be and ends with 1 where there is one. The in-the-machine script runs it
through a copy of refined.service with another ExecStart=.
"""

import ctypes
import errno
import os
import resource
import socket
import stat
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
wrong = []


def refused(name, action):
    """The action must fail with an error of the kernel."""
    try:
        action()
    except OSError:
        return
    wrong.append(f"{name}: not refused")


def allowed(name, action):
    try:
        action()
    except OSError as error:
        wrong.append(f"{name}: refused, {error}")


def expect(name, holds):
    if not holds:
        wrong.append(f"{name}: does not hold")


def call(number, *arguments):
    """A system call by its x86-64 number."""
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def write_to(path):
    with open(path, "w") as file:
        file.write("x")


def status():
    with open("/proc/self/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


home = os.path.expanduser("~")
mine = status()

# Memory and files.
expect("LimitCORE=0", resource.getrlimit(resource.RLIMIT_CORE) == (0, 0))
expect("UMask=0077", mine["Umask"] == "0077")
expect("NoNewPrivileges=yes", mine["NoNewPrivs"] == "1")
expect("SystemCallFilter=", mine["Seccomp"] == "2")
expect("CapabilityBoundingSet=", int(mine["CapBnd"], 16) == 0 and int(mine["CapEff"], 16) == 0)
expect("PrivateUsers=yes", len(open("/proc/self/uid_map").read().split("\n")) <= 3)
refused("ProtectSystem=strict", lambda: write_to("/var/tmp/../lib/probe"))
refused("ProtectHome=read-only", lambda: write_to(f"{home}/probe"))
refused("ProtectHome=read-only, folder of photos", lambda: write_to(f"{home}/Pictures/photo.png"))
allowed("photos can be read", lambda: open(f"{home}/Pictures/photo.png", "rb").read(1))
for folder in (".local/share", ".local/state", ".cache"):
    allowed(f"ReadWritePaths={folder}", lambda: write_to(f"{home}/{folder}/refine-control/probe"))
    os.unlink(f"{home}/{folder}/refine-control/probe")
expect("PrivateTmp=yes", not os.path.exists("/tmp/outside") and tempfile.gettempdir() == "/tmp")
allowed("PrivateTmp=yes, own files", lambda: write_to("/tmp/inside"))
expect("PrivateDevices=yes", not os.path.exists("/dev/fuse") and not os.path.exists("/dev/net"))
refused("ProtectKernelTunables=yes", lambda: write_to("/proc/sys/kernel/core_pattern"))
refused("ProtectControlGroups=yes", lambda: os.mkdir("/sys/fs/cgroup/probe"))
refused("syslog", lambda: call(103, 3, 0, 0))  # syslog
refused("ProtectKernelModules=yes", lambda: call(313, -1, 0, 0))  # finit_module
refused("ProtectClock=yes", lambda: call(227, 0, 0))  # clock_settime
refused("ProtectHostname=yes", lambda: socket.sethostname("probe"))

# Network.
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 40):
    refused(f"RestrictAddressFamilies=AF_UNIX, family {int(family)}", lambda: socket.socket(family, socket.SOCK_DGRAM))
allowed("AF_UNIX", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close())
with open("/proc/self/net/dev") as file:
    expect("PrivateNetwork=yes", [line.split(":")[0].strip() for line in file][2:] == ["lo"])

# Calls.
refused("RestrictNamespaces=yes", lambda: call(272, 0x10000000))  # unshare(CLONE_NEWUSER)
refused("LockPersonality=yes", lambda: call(135, 0x0008))  # personality(PER_LINUX32)
refused("RestrictRealtime=yes", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))


def set_user_id_bit():
    write_to("/tmp/suid")
    os.chmod("/tmp/suid", 0o4700)
    if os.stat("/tmp/suid").st_mode & stat.S_ISUID:
        return
    raise OSError(errno.EPERM, "not set")


refused("RestrictSUIDSGID=yes", set_user_id_bit)
refused("io_uring_setup", lambda: call(425, 1, 0))
refused("keyctl", lambda: call(250, 0, -3, 0))
refused("userfaultfd", lambda: call(323, 0))
refused("mount", lambda: call(165, 0, 0, 0, 0, 0))
refused("chroot", lambda: os.chroot("/"))
refused("bpf", lambda: call(321, 0, 0, 0))

# What the programs need.
allowed("SCHED_IDLE", lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)))
allowed("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, 19))
allowed("ionice", lambda: call(251, 1, 0, 3 << 13))  # ioprio_set, idle
allowed("memfd", lambda: os.close(os.memfd_create("probe")))
action = ctypes.c_uint32(0x7FFF0000)
allowed("seccomp", lambda: call(317, 2, 0, ctypes.addressof(action)))  # GET_ACTION_AVAIL
try:
    call(444, 0, 0, 1)  # landlock_create_ruleset: its version
except OSError as error:
    if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP):
        wrong.append(f"Landlock: refused, {error}")
allowed("fork", lambda: os.waitpid(os.fork() or os._exit(0), 0))

for line in wrong:
    print(line)
raise SystemExit(1 if wrong else 0)
