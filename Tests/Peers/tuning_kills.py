#!/usr/bin/env python3
"""Kills refined and its tuner at random moments while it scans, tunes, judges, adopts and forgets.

    dbus-run-session -- python3 Tests/Peers/tuning_kills.py --bin .build/release --photos DIR --model DIR

After every kill -9 the daemon is started again. Checked each time: the database passes integrity_check, the daemon
answers with a model whose generation the rows know, and no folder is without a row. A tuner that outlives its daemon is
a failure, and so is a run that has a checkpoint and begins anew. --model names a small model, so that runs are short;
--noise gives its last layer noise, which every run can take away: then generations are adopted, also after what saw a
photo was removed because the photo is forgotten. Photos that were forgotten are replaced and some are added, so that
there is always something to learn. Moments are random: any, or at most a second after a run has got a checkpoint, waits
to be judged, or was adopted or kept out. --awake gives scanner and tuner an ordinary priority,
without which they get nowhere on a machine that works. Needs numpy, Pillow and safetensors.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import numpy as np
import safetensors.numpy
from PIL import Image


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--photos", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=110, help="of a run; its checkpoint comes after 100")
    parser.add_argument("--longest", type=float, default=12, help="seconds between two kills")
    parser.add_argument("--noise", type=float, default=0.02)
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
        (folder / "config" / "refine-control").mkdir(parents=True)
        (folder / "config" / "refine-control" / "refined.toml").write_text(
            f"[tuning]\nsteps = {arguments.steps}\nnew-photos = 0\nleast-photos = 5\nkept-generations = 3\n")
        self.model = self.noisy(arguments.model.resolve(), folder / "model", arguments.noise)
        self.longest = arguments.longest
        self.daemon = None
        self.seen, self.ends, self.restored = {}, {}, {}

    @staticmethod
    def noisy(source, target, deviation):
        """The model with noise for its last layer."""
        shutil.copytree(source, target)
        path = target / "unet" / "diffusion_pytorch_model.safetensors"
        weights = safetensors.numpy.load_file(path)
        last = weights["conv_out.weight"]
        weights["conv_out.weight"] = np.random.default_rng(1).normal(0, deviation, last.shape).astype(last.dtype)
        safetensors.numpy.save_file(weights, path, metadata={"format": "pt"})
        return target

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
        for run, began, state in database.execute("SELECT id, started_at, state FROM runs"):
            if state not in ("open", "tuned"):
                self.ends[run, began] = state
        database.close()
        return len(states)

    def phase(self):
        """What is under way, by the rows and files."""
        database = sqlite3.connect(f"file:{self.data}/library.sqlite?mode=ro", uri=True, timeout=10)
        run = database.execute(
            "SELECT id, started_at, state, steps FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        waiting = database.execute("SELECT count(*) FROM images WHERE state = 'new'").fetchone()[0]
        database.close()
        # A number alone is given again after the run was forgotten.
        number, began, state, steps = run or (0, 0, "none", 0)
        has_checkpoint = (self.data / "runs" / str(number) / "latest.json").exists()
        if has_checkpoint and state == "open" and 0 < steps < 100 and self.restored.get((number, began), steps) != steps:
            raise SystemExit(f"run {number} has a checkpoint and made step {steps}")
        names = {"open": "tuning, with a checkpoint" if has_checkpoint else "tuning", "tuned": "judging"}
        return (number, began), steps if has_checkpoint else None, names.get(state, "scanning" if waiting else "resting")

    def wait(self):
        """Until a random moment, or one soon after a phase has begun that is chosen at random.
        - Returns: the run, its steps where it has a checkpoint, and the phase."""
        phase = random.choice(["", "tuning, with a checkpoint", "judging", "resting"])
        until = time.monotonic() + (4 * self.longest if phase else random.uniform(0.05, self.longest))
        before = self.phase()[2]
        while time.monotonic() < until:
            self.wake()
            now = self.phase()[2]
            if now == phase != before:
                until = time.monotonic() + random.uniform(0, 1)
            before = now
            time.sleep(0.05)
        return self.phase()

    def run(self):
        self.start()
        self.ctl("library", "add", str(self.photos))
        while "up to date" not in (stats := self.ctl("library", "stats").stdout):
            self.wake()
            time.sleep(0.2)
        started = self.ctl("tune", "start", check=False)
        if started.returncode != 0:
            raise SystemExit(f"{stats}{started.stderr}")
        most = 0
        for number in range(self.kills):
            # Ended runs and restarts leave nothing that was started by hand.
            self.ctl("tune", "start", check=False)
            run, steps, phase = self.wait()
            forgetting = None
            what = random.random()
            if what < 0.1:
                photo = random.choice(sorted(self.photos.iterdir()))
                forgetting = subprocess.Popen([self.bin / "refinectl", "library", "forget", photo], env=self.environment,
                                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(random.uniform(0, 0.3))
                phase = "forgetting"
                self.add_photo()
            elif what < 0.2:
                self.add_photo()
                self.ctl("library", "rescan", "--no-wait", check=False)
                time.sleep(random.uniform(0, 0.3))
                phase = "scanning"
            victims = self.children()
            if victims and random.random() < 0.5:
                os.kill(random.choice(victims), signal.SIGKILL)
                killed = "child"
            else:
                killed = "daemon"
                self.daemon.kill()
                self.daemon.wait()
                self.start()
            if forgetting:
                # Rows go first, then, after the database was rewritten, files: done, or ended with the daemon.
                forgetting.wait()
            if steps is not None:
                # The rows may be behind the checkpoint, so that these are no new steps.
                self.restored[run] = steps
            most = max(most, self.check())
            self.seen[(killed, phase)] = self.seen.get((killed, phase), 0) + 1
            if number % 20 == 19:
                print(f"{number + 1} kills, {self.ended()}", flush=True)
        self.daemon.terminate()
        self.daemon.wait()
        time.sleep(1)
        left = [pid for pid in self.tuners if pathlib.Path(f"/proc/{pid}").exists()]
        resumed = [run for run in self.restored if self.ends.get(run) in ("adopted", "kept")]
        print(f"{self.kills} kills: every time integrity_check ok and a known generation in use; {self.ended()}; "
              f"{len(resumed)} runs came to their end after a kill behind their checkpoint; at most {most} generations "
              f"known; tuners left: {len(left)}")
        for (killed, phase), count in sorted(self.seen.items()):
            print(f"  {killed:7} {phase:26} {count}")
        return 1 if left else 0

    def ended(self):
        """The runs by how they ended."""
        counts = {}
        for state in self.ends.values():
            counts[state] = counts.get(state, 0) + 1
        return "runs " + (", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "none ended")


if __name__ == "__main__":
    sys.exit(main())
