#!/usr/bin/env python3
"""Times refine-bench against PyTorch/diffusers and ONNX Runtime on the same folders and shapes, and prints ratios.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch diffusers transformers safetensors onnx onnxruntime \\
        onnxscript
    swift build -c release
    /tmp/peers/bin/python Tests/Peers/speed_peers.py --work /tmp/models --prepare --rows conv,student,train
    /tmp/peers/bin/python Tests/Peers/speed_peers.py --work /tmp/models --rows train --rounds 5 --json train.json

Every party is a process of its own with the same number of threads. The rivals load their models once and then wait;
ours starts anew for each round. Rounds alternate between them, so that a busy machine hits all alike; a ratio is taken
within each round, and the median over rounds is printed with the smallest and the largest. A ratio above 1 means that
we are faster, or, for peak memory, that we take less. "without Winograd" is the same program with oneDNN's direct
kernels for every convolution. On a machine that is never quiet take --clock cpu --threads 1: processor time, which
other work hardly changes; with more threads it would count the rivals' waiting in loops.

Rows, each of which can be run by itself: conv (3x3, stride 1; conv-64 is the shape of 64 channels alone), student
(forward pass of the default student at 512x512 pixels, with peak memory), train (training step of the student, batch 8
of 128x128 pixels), sd15 (one step of an inpainting U-Net of the size of Stable Diffusion 1.5 with random weights,
9x64x64; takes 12 GB of memory and 4 GB of disk; --no-onnx leaves ONNX Runtime out, whose export alone takes minutes).
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
STUDENT = REPOSITORY / "Sources/Diffusion/Resources/default-student"
CONVOLUTIONS = {64: 128, 96: 64, 160: 32, 192: 32, 256: 64, 320: 64}


def timed(body, runs):
    seconds, processor = [], []
    for _ in range(runs):
        start, cpu = time.perf_counter(), time.process_time()
        body()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - cpu)
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "median_cpu_s": statistics.median(processor),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}


# What a rival's process does: the first group loads something and returns what is to be timed, the second makes a model.

def torch_threads(threads):
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    return torch


def unet_arguments(torch, config, size, batch):
    return (torch.randn(batch, config.in_channels, size, size), torch.full((batch,), 500.0),
            torch.randn(batch, 77, config.cross_attention_dim))


def torch_conv(a):
    torch = torch_threads(a.threads)
    layer, x = torch.nn.Conv2d(a.channels, a.channels, 3, padding=1), torch.randn(1, a.channels, a.size, a.size)
    return torch.inference_mode()(lambda: layer(x))


def torch_unet(a):
    torch = torch_threads(a.threads)
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel.from_pretrained(a.model, torch_dtype=torch.float32).eval()
    sample, timestep, text = unet_arguments(torch, unet.config, a.size, 1)
    return torch.inference_mode()(lambda: unet(sample, timestep, encoder_hidden_states=text))


def torch_train(a):
    torch = torch_threads(a.threads)
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel.from_pretrained(a.model, torch_dtype=torch.float32).train()
    sample, timestep, text = unet_arguments(torch, unet.config, a.size, a.batch)
    target = torch.randn(a.batch, unet.config.out_channels, a.size, a.size)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-5)

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(unet(sample, timestep, encoder_hidden_states=text).sample, target).backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()

    return step


def onnx_session(a):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = a.threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(a.model, options, providers=["CPUExecutionProvider"])


def onnx_run(a):
    import numpy
    session, random = onnx_session(a), numpy.random.default_rng(0)
    feed = {i.name: numpy.full(i.shape, 500, numpy.float32) if i.name == "timestep"
            else random.standard_normal(i.shape).astype(numpy.float32) for i in session.get_inputs()}
    return lambda: session.run(None, feed)


def export_conv(a):
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    shape = [1, a.channels, a.size, a.size]
    weights = numpy.random.default_rng(0).standard_normal((a.channels, a.channels, 3, 3)).astype(numpy.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w", "b"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])], "conv",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(weights[:, 0, 0, 0].copy(), "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, a.output)


def export_unet(a):
    torch = torch_threads(a.threads)
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel.from_pretrained(a.model, torch_dtype=torch.float32).eval()
    sample, timestep, text = unet_arguments(torch, unet.config, a.size, 1)
    attends = any("CrossAttn" in b for b in unet.config.down_block_types)

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = unet

        def forward(self, sample, timestep, text=text):
            return self.unet(sample, timestep, encoder_hidden_states=text, return_dict=False)[0]

    arguments = (sample, timestep) + ((text,) if attends else ())
    torch.onnx.export(Plain(), arguments, a.output, input_names=["sample", "timestep", "text"][:len(arguments)],
                      dynamo=True, external_data=attends, verbose=False)


def make_sd15(a):
    torch = torch_threads(a.threads)
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel(
        sample_size=64, in_channels=9, out_channels=4, cross_attention_dim=768, attention_head_dim=8,
        block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3)
    unet.half().save_pretrained(a.output)


TIMED = {f.__name__: f for f in (torch_conv, torch_unet, torch_train, onnx_run)}
MADE = {f.__name__: f for f in (export_conv, export_unet, make_sd15)}


def serve(a):
    """Makes a model, or loads one and times it once for every line of standard input."""
    if a.worker in MADE:
        MADE[a.worker](a)
        return
    body = TIMED[a.worker](a)
    body()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(timed(body, a.runs)), flush=True)


# The parent: alternates, and takes ratios.

class Rival:
    """A process that has its model loaded and waits to be asked."""

    def __init__(self, name, threads, arguments):
        self.name = name
        # Rivals keep their own default of waiting threads.
        environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
        environment["OMP_NUM_THREADS"] = str(threads)
        command = [sys.executable, __file__, "--worker", name, "--threads", str(threads)]
        for key, value in arguments.items():
            command += [f"--{key}", str(value)]
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=environment)

    def line(self, wanted):
        for line in self.process.stdout:
            if line.startswith(wanted):
                return line
        self.process.wait()
        self.errors.seek(0)
        sys.exit(f"{self.name} failed:\n{self.errors.read()[-2000:]}")

    def run(self):
        print("go", file=self.process.stdin, flush=True)
        return json.loads(self.line("{"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peers:
    def __init__(self, a, folder):
        self.a, self.folder = a, folder
        self.environment = dict(os.environ, OMP_NUM_THREADS=str(a.threads), OMP_WAIT_POLICY="passive")

    def ours(self, *arguments):
        command = [str(self.a.bench), *map(str, arguments), "--threads", str(self.a.threads), "--no-plan", "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True,
                                         env=self.environment).stdout)

    def made(self, name, path, **arguments):
        """Has a worker make `path`, unless an earlier run has left it."""
        if not path.exists():
            worker = Rival(name, self.a.threads, dict(arguments, output=path))
            worker.process.stdin.close()
            if worker.process.wait():
                worker.line("never")
        return path

    def alternate(self, ours, rivals):
        """`ours`: name to arguments of refine-bench. `rivals`: name to (worker, arguments)."""
        processes = {}
        try:
            for name, (worker, arguments) in rivals.items():
                # One after the other, so that none is timed while another one loads.
                processes[name] = Rival(worker, self.a.threads, arguments)
                processes[name].line("ready")
            rounds = []
            for _ in range(self.a.rounds):
                rounds.append({name: self.ours(*arguments) for name, arguments in ours.items()})
                rounds[-1].update({name: rival.run() for name, rival in processes.items()})
        finally:
            for rival in processes.values():
                rival.close()
        return {name: [r[name] for r in rounds] for name in rounds[0]}

    def row(self, title, results, ours="ours", key=None):
        key = key or ("median_cpu_s" if self.a.clock == "cpu" else "median_s")
        row = {"row": title, "key": key, "ours": [r[key] for r in results[ours]], "rivals": {}}
        for name, runs in results.items():
            if name.startswith("ours"):
                continue
            ratios = [theirs[key] / our[key] for our, theirs in zip(results[ours], runs)]
            row["rivals"][name] = {"values": [r[key] for r in runs], "ratio": statistics.median(ratios),
                                   "smallest": min(ratios), "largest": max(ratios)}
        scale, unit = (1, "MB") if key == "peak_rss_mb" else (1e3, "ms")
        cells = [f"{n} {statistics.median(r['values']) * scale:.1f} {unit}: {r['ratio']:.2f} "
                 f"({r['smallest']:.2f}-{r['largest']:.2f})" for n, r in row["rivals"].items()]
        print(f"{title} | ours {statistics.median(row['ours']) * scale:.1f} {unit} | " + " | ".join(cells), flush=True)
        return row

    def with_and_without(self, title, results):
        rows = [self.row(title, results), self.row(f"{title}, ours without Winograd", results, "ours, direct")]
        if "peak_rss_mb" in results["ours"][0]:
            rows.append(self.row(f"{title}, peak RSS", results, key="peak_rss_mb"))
        return rows

    def conv(self, only=None):
        rows = []
        for channels, size in CONVOLUTIONS.items():
            if only not in (None, channels):
                continue
            model = self.made("export_conv", self.folder / f"conv-{channels}.onnx", channels=channels, size=size)
            if self.a.prepare:
                continue
            shape = ("conv", "--input", channels, "--output", channels, "--height", size, "--width", size, "--runs", 30)
            results = self.alternate(
                {"ours": shape, "ours, direct": (*shape, "--algorithm", "onednn-direct")},
                {"ONNX Runtime": ("onnx_run", dict(model=model, runs=30)),
                 "PyTorch": ("torch_conv", dict(channels=channels, size=size, runs=30))})
            title = f"conv {channels}x{size}x{size}"
            rows += [self.row(title, results), self.row(f"{title}, ours without Winograd", results, "ours, direct")]
        return rows

    def forward(self, title, name, folder, size, runs):
        rivals = {"PyTorch": ("torch_unet", dict(model=folder, size=size, runs=runs))}
        if not self.a.no_onnx:
            model = self.made("export_unet", self.folder / f"{name}.onnx", model=folder, size=size)
            rivals["ONNX Runtime"] = ("onnx_run", dict(model=model, runs=runs))
        if self.a.prepare:
            return []
        ours = ("unet", "--model", folder, "--width", size, "--height", size, "--runs", runs)
        results = self.alternate({"ours": ours, "ours, direct": (*ours, "--algorithm", "onednn-direct")}, rivals)
        return self.with_and_without(title, results)

    def student(self):
        return self.forward("student forward, 512x512", "student", self.a.student / "unet", 128, 8)

    def sd15(self):
        folder = self.made("make_sd15", self.folder / "sd15")
        return self.forward("sd15-sized U-Net step, 9x64x64", "sd15-unet", folder, 64, 1)

    def train(self):
        if self.a.prepare:
            return []
        ours = ("train-step", "--model", self.a.student, "--batch", 8, "--size", 128, "--runs", 8)
        results = self.alternate(
            {"ours": ours, "ours, direct": (*ours, "--algorithm", "onednn-direct")},
            {"PyTorch": ("torch_train", dict(model=self.a.student / "unet", size=32, batch=8, runs=8))})
        return self.with_and_without("student training step, batch 8, 128x128", results)

    def rows(self, name):
        if name.startswith("conv-"):
            return self.conv(int(name.removeprefix("conv-")))
        if name not in ("conv", "student", "train", "sd15"):
            sys.exit(f"there is no row {name}: take conv, conv-CHANNELS, student, train or sd15")
        return getattr(self, name)()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="conv,student,train", help="which rows, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="what is compared")
    parser.add_argument("--bench", type=pathlib.Path, default=REPOSITORY / ".build/release/refine-bench")
    parser.add_argument("--student", type=pathlib.Path, default=STUDENT)
    parser.add_argument("--work", type=pathlib.Path, help="keeps the rivals' models there and uses what is there")
    parser.add_argument("--prepare", action="store_true", help="only makes those models, with --work")
    parser.add_argument("--no-onnx", action="store_true", help="leaves ONNX Runtime out of the U-Nets")
    parser.add_argument("--json", type=pathlib.Path, help="writes the figures there")
    for name, kind in (("worker", str), ("model", str), ("output", str), ("size", int), ("channels", int),
                       ("batch", int), ("runs", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.worker:
        serve(a)
        return
    with tempfile.TemporaryDirectory() as folder:
        if a.work:
            a.work.mkdir(parents=True, exist_ok=True)
        peers = Peers(a, a.work or pathlib.Path(folder))
        rows = [row for name in a.rows.split(",") for row in peers.rows(name)]
    if a.json and not a.prepare:
        a.json.write_text(json.dumps({"command": " ".join(sys.argv[1:]), "threads": a.threads, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
