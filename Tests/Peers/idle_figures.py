#!/usr/bin/env python3
"""What an idle refined costs: wake-ups and processor time over some minutes.

    dbus-run-session -- python3 Tests/Peers/idle_figures.py --bin .build/release [--seconds 120] [--strace]

Starts python-dbusmock's UPower, logind, power-profiles-daemon and GNOME screen saver on the bus of the session, which
stands for the system's bus too, then refined with an empty library, and waits until it has settled. A wake-up is a
voluntary context switch of any of its threads. With --strace the system calls are counted for as long again.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

TEMPLATES = ["upower", "logind", "power_profiles_daemon", "gnome_screensaver"]


def switches(process):
    total = 0
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/status") as status:
            total += next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
    return total


def processor_seconds(process):
    with open(f"/proc/{process}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--strace", action="store_true")
    options = parser.parse_args()
    folder = tempfile.TemporaryDirectory()
    environment = dict(
        os.environ, XDG_DATA_HOME=folder.name, XDG_RUNTIME_DIR=folder.name, OMP_WAIT_POLICY="passive",
        DBUS_SYSTEM_BUS_ADDRESS=os.environ["DBUS_SESSION_BUS_ADDRESS"])
    environment.pop("WAYLAND_DISPLAY", None)
    # Debian's modules are the system's Python's.
    services = [
        subprocess.Popen(["/usr/bin/python3", "-m", "dbusmock", "--session", "--template", name], env=environment)
        for name in TEMPLATES
    ]
    daemon = subprocess.Popen([f"{options.bin}/refined"], env=environment)
    refinectl = f"{options.bin}/refinectl"
    try:
        for _ in range(100):
            if subprocess.run([refinectl, "status"], env=environment, capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
        subprocess.run([refinectl, "why"], env=environment, check=True, stdout=sys.stderr)
        time.sleep(15)
        before, used = switches(daemon.pid), processor_seconds(daemon.pid)
        time.sleep(options.seconds)
        figures = {
            "seconds": options.seconds, "wakeups": switches(daemon.pid) - before,
            "processor_seconds": round(processor_seconds(daemon.pid) - used, 3),
            "threads": len(os.listdir(f"/proc/{daemon.pid}/task")),
        }
        print(json.dumps(figures))
        if options.strace:
            tracer = subprocess.Popen(["strace", "-f", "-c", "-p", str(daemon.pid)])
            time.sleep(options.seconds)
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
    finally:
        for process in [daemon] + services:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
