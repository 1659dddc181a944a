#!/usr/bin/env python3
"""Kills refined and its tuner at random moments while it scans, tunes, judges, adopts and forgets.

    dbus-run-session -- python3 Tests/Peers/tuning_kills.py --bin .build/release --photos DIR --model DIR

After every kill -9 the daemon is started again. Checked each time: the database passes integrity_check, the daemon
answers with a model whose generation the rows know, and no folder is without a row. A tuner that outlives its daemon is
a failure. --model names a small model, so that runs are short and every phase is met often. Photos that were forgotten
are replaced and some are added, so that there is always something to learn. --awake gives scanner and tuner an
ordinary priority, without which they get nowhere on a machine that works. Needs numpy and Pillow.
"""
import argparse
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--photos", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--awake", action="store_true")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="refine-kills-") as folder:
        return Kills(arguments, pathlib.Path(folder)).run()


class Kills:
    def __init__(self, arguments, folder):
        self.bin = arguments.bin.resolve()
        self.kills = arguments.kills
        self.folder = folder
        self.photos = folder / "photos"
        self.photos.mkdir()
        self.awake = arguments.awake
        self.sources = sorted(arguments.photos.iterdir())
        self.tuners = set()
        self.added = 0
        for _ in self.sources:
            self.add_photo()
        self.data = folder / "data" / "refine-control"
        self.environment = dict(os.environ, XDG_DATA_HOME=str(folder / "data"), XDG_CONFIG_HOME=str(folder / "config"))
        self.model = arguments.model.resolve()
        self.daemon = None
        self.seen = {}

    def add_photo(self):
        """A part of one of the photos with a little noise: content that the library has not seen."""
        image = Image.open(self.sources[self.added % len(self.sources)]).convert("RGB")
        image.thumbnail((640, 640))
        noise = np.random.default_rng(self.added)
        left, top = noise.integers(0, max(1, image.width - 320)), noise.integers(0, max(1, image.height - 320))
        pixels = np.asarray(image, np.int16)[top:top + 320, left:left + 320]
        pixels = np.clip(pixels + noise.integers(-2, 3, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(self.photos / f"photo-{self.added}.png")
        self.added += 1

    def wake(self):
        """Ordinary priority for every thread of the daemon's children."""
        for pid in self.children():
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("refine-tuner"):
                    self.tuners.add(pid)
                for thread in os.listdir(f"/proc/{pid}/task") if self.awake else []:
                    os.sched_setscheduler(int(thread), os.SCHED_OTHER, os.sched_param(0))
                    os.setpriority(os.PRIO_PROCESS, int(thread), 0)
            except OSError:
                pass

    def start(self):
        self.daemon = subprocess.Popen([self.bin / "refined", "--model", self.model], env=self.environment,
                                       stderr=open(self.folder / "log", "ab"))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.ctl("model", "list", check=False)
            if answer.returncode == 0:
                return answer.stdout
            if self.daemon.poll() is not None:
                raise SystemExit(f"refined ended with {self.daemon.returncode}: {self.log()}")
            time.sleep(0.1)
        raise SystemExit(f"refined does not answer: {answer.stderr}")

    def ctl(self, *words, check=True):
        result = subprocess.run([self.bin / "refinectl", *words], env=self.environment, capture_output=True, text=True)
        if check and result.returncode != 0:
            raise SystemExit(f"refinectl {' '.join(words)}: {result.stderr}")
        return result

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def children(self):
        out = subprocess.run(["pgrep", "-P", str(self.daemon.pid)], capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in out]

    def check(self):
        database = sqlite3.connect(f"file:{self.data}/library.sqlite?mode=ro", uri=True)
        answer = database.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            raise SystemExit(f"integrity_check: {answer}")
        states = dict(database.execute("SELECT id, state FROM generations"))
        active = database.execute("SELECT value FROM settings WHERE name = 'active-generation'").fetchone()
        if active and states.get(active[0]) != "ready":
            raise SystemExit(f"the generation in use is {states.get(active[0])}")
        damaged = [name for name, state in states.items() if state == "damaged"]
        if damaged:
            raise SystemExit(f"damaged: {damaged}")
        for name in (self.data / "generations").glob("*"):
            if states.get(name.name) not in ("ready", "withdrawn"):
                raise SystemExit(f"{name.name} has files and is {states.get(name.name)}")
        state = database.execute("SELECT state FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        database.close()
        return (state or ["none"])[0], len(states)

    def run(self):
        self.start()
        self.ctl("library", "add", str(self.photos))
        while "up to date" not in (stats := self.ctl("library", "stats").stdout):
            self.wake()
            time.sleep(0.2)
        started = self.ctl("tune", "start", check=False)
        if started.returncode != 0:
            raise SystemExit(f"{stats}{started.stderr}")
        adopted = 0
        for number in range(self.kills):
            # Ended runs and restarts leave nothing that was started by hand.
            self.ctl("tune", "start", check=False)
            until = time.monotonic() + random.uniform(0.05, 6)
            while time.monotonic() < until:
                self.wake()
                time.sleep(0.2)
            what = random.random()
            if what < 0.1:
                photo = random.choice(sorted(self.photos.iterdir()))
                subprocess.Popen([self.bin / "refinectl", "library", "forget", photo], env=self.environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(random.uniform(0, 0.3))
                self.add_photo()
            elif what < 0.2:
                self.add_photo()
                self.ctl("library", "rescan", "--no-wait", check=False)
            victims = self.children()
            if victims and random.random() < 0.5:
                os.kill(random.choice(victims), signal.SIGKILL)
                phase = "child"
            else:
                phase = "daemon"
                self.daemon.kill()
                self.daemon.wait()
                self.start()
            state, generations = self.check()
            adopted = max(adopted, generations)
            self.seen[(phase, state)] = self.seen.get((phase, state), 0) + 1
            if number % 20 == 19:
                print(f"{number + 1} kills, newest run {state}, {generations} generations", flush=True)
        self.daemon.terminate()
        self.daemon.wait()
        time.sleep(1)
        left = [pid for pid in self.tuners if pathlib.Path(f"/proc/{pid}").exists()]
        print(f"{self.kills} kills: every time integrity_check ok and a known generation in use; most generations "
              f"{adopted}; by what was killed and the state of the newest run: {self.seen}; tuners left: {len(left)}")
        return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
