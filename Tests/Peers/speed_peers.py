#!/usr/bin/env python3
"""Times refine-bench against PyTorch/diffusers and ONNX Runtime on the same folders and shapes, and prints ratios.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch diffusers transformers safetensors onnx onnxruntime \\
        onnxscript
    swift build -c release
    /tmp/peers/bin/python Tests/Peers/speed_peers.py --rows conv,student,train --rounds 3 --json results.json

Every measurement is a process of its own with the same number of threads. Rounds alternate between ours and the rivals',
so that a busy machine hits all alike; a ratio is taken within each round, and the median over rounds is printed with the
smallest and the largest. A ratio above 1 means that we are faster, or, for peak memory, that we take less.

Rows: conv (3x3, stride 1), student (forward pass of the default student at 512x512 pixels, with peak memory), sd15 (one
step of an inpainting U-Net of the size of Stable Diffusion 1.5 with random weights, 9x64x64; takes 12 GB of memory and
4 GB of disk), train (training step of the student, batch 8 of 128x128 pixels).
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
CONVOLUTIONS = [(64, 128), (96, 64), (160, 32), (192, 32), (256, 64), (320, 64)]


def timed(body, runs):
    body()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return {"median_s": statistics.median(seconds), "min_s": min(seconds),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}


# Workers: what a rival's process does.

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
    with torch.inference_mode():
        return timed(lambda: layer(x), a.runs)


def torch_unet(a):
    torch = torch_threads(a.threads)
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel.from_pretrained(a.model, torch_dtype=torch.float32).eval()
    sample, timestep, text = unet_arguments(torch, unet.config, a.size, 1)
    with torch.inference_mode():
        return timed(lambda: unet(sample, timestep, encoder_hidden_states=text), a.runs)


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

    return timed(step, a.runs)


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
    return timed(lambda: session.run(None, feed), a.runs)


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
    return {}


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
    return {}


def make_sd15(a):
    torch = torch_threads(a.threads)
    from diffusers import UNet2DConditionModel
    unet = UNet2DConditionModel(
        sample_size=64, in_channels=9, out_channels=4, cross_attention_dim=768, attention_head_dim=8,
        block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3)
    unet.half().save_pretrained(a.output)
    return {}


WORKERS = {f.__name__: f for f in
           (torch_conv, torch_unet, torch_train, onnx_run, export_conv, export_unet, make_sd15)}


# The parent: alternates, and takes ratios.

class Peers:
    def __init__(self, a, folder):
        self.a, self.folder = a, folder
        self.environment = dict(os.environ, OMP_NUM_THREADS=str(a.threads), OMP_WAIT_POLICY="passive")

    def ours(self, *arguments):
        command = [str(self.a.bench), *map(str, arguments), "--threads", str(self.a.threads), "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True,
                                         env=self.environment).stdout)

    def rival(self, name, **arguments):
        command = [sys.executable, __file__, "--worker", name, "--threads", str(self.a.threads)]
        for key, value in arguments.items():
            command += [f"--{key}", str(value)]
        # Rivals keep their own default of waiting threads.
        environment = {k: v for k, v in self.environment.items() if k != "OMP_WAIT_POLICY"}
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
        if run.returncode:
            sys.exit(f"{name} failed:\n{run.stderr[-2000:]}")
        return json.loads(run.stdout.splitlines()[-1])

    def made(self, name, path, **arguments):
        """Runs a worker that makes `path`, unless an earlier run has left it."""
        if not path.exists():
            self.rival(name, output=path, **arguments)
        return path

    def alternate(self, parties):
        rounds = [{name: run() for name, run in parties.items()} for _ in range(self.a.rounds)]
        return {name: [r[name] for r in rounds] for name in parties}

    def row(self, title, results, ours="ours", key="median_s"):
        row = {"row": title, "key": key, "ours": [r[key] for r in results[ours]], "rivals": {}}
        for name, runs in results.items():
            if name.startswith("ours"):
                continue
            ratios = [theirs[key] / our[key] for our, theirs in zip(results[ours], runs)]
            row["rivals"][name] = {"values": [r[key] for r in runs], "ratio": statistics.median(ratios),
                                   "smallest": min(ratios), "largest": max(ratios)}
        scale, unit = (1e3, "ms") if key == "median_s" else (1, "MB")
        cells = [f"{n} {statistics.median(r['values']) * scale:.1f} {unit}: {r['ratio']:.2f} "
                 f"({r['smallest']:.2f}-{r['largest']:.2f})" for n, r in row["rivals"].items()]
        print(f"{title} | ours {statistics.median(row['ours']) * scale:.1f} {unit} | " + " | ".join(cells), flush=True)
        return row

    def conv(self):
        rows = []
        for channels, size in CONVOLUTIONS:
            model = self.made("export_conv", self.folder / f"conv-{channels}.onnx", channels=channels, size=size)
            if self.a.prepare:
                continue
            shape = ("--input", channels, "--output", channels, "--height", size, "--width", size)
            results = self.alternate({
                "ours": lambda: self.ours("conv", *shape, "--runs", 30),
                "ONNX Runtime": lambda: self.rival("onnx_run", model=model, runs=30),
                "PyTorch": lambda: self.rival("torch_conv", channels=channels, size=size, runs=30),
                "ours, direct": lambda: self.ours("conv", *shape, "--runs", 30, "--algorithm", "onednn-direct")})
            rows.append(self.row(f"conv {channels}x{size}x{size}", results))
            rows.append(self.row(f"conv {channels}x{size}x{size}, ours without Winograd", results, "ours, direct"))
        return rows

    def forward(self, title, folder, size, runs):
        model = self.made("export_unet", self.folder / f"{title}.onnx", model=folder, size=size)
        if self.a.prepare:
            return None
        return self.alternate({
            "ours": lambda: self.ours("unet", "--model", folder, "--width", size, "--height", size, "--runs", runs),
            "PyTorch": lambda: self.rival("torch_unet", model=folder, size=size, runs=runs),
            "ONNX Runtime": lambda: self.rival("onnx_run", model=model, runs=runs)})

    def student(self):
        results = self.forward("student", self.a.student / "unet", 128, 8)
        return results and [self.row("student forward, 512x512", results),
                self.row("student forward, 512x512, peak RSS", results, key="peak_rss_mb")]

    def sd15(self):
        results = self.forward("sd15-unet", self.made("make_sd15", self.folder / "sd15"), 64, 2)
        return results and [self.row("sd15-sized U-Net step, 9x64x64", results),
                            self.row("sd15-sized U-Net step, peak RSS", results, key="peak_rss_mb")]

    def train(self):
        if self.a.prepare:
            return None
        results = self.alternate({
            "ours": lambda: self.ours("train-step", "--model", self.a.student, "--batch", 8, "--size", 128, "--runs", 8),
            "PyTorch": lambda: self.rival("torch_train", model=self.a.student / "unet", size=32, batch=8, runs=8)})
        return [self.row("student training step, batch 8, 128x128", results),
                self.row("student training step, peak RSS", results, key="peak_rss_mb")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="conv,student,train,sd15", help="which rows, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bench", type=pathlib.Path, default=REPOSITORY / ".build/release/refine-bench")
    parser.add_argument("--student", type=pathlib.Path, default=STUDENT)
    parser.add_argument("--work", type=pathlib.Path, help="keeps the rivals' models there and uses what is there")
    parser.add_argument("--prepare", action="store_true", help="only makes those models, with --work")
    parser.add_argument("--json", type=pathlib.Path, help="writes the figures there")
    for name, kind in (("worker", str), ("model", str), ("output", str), ("size", int), ("channels", int),
                       ("batch", int), ("runs", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.worker:
        print(json.dumps(WORKERS[a.worker](a)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if a.work:
            a.work.mkdir(parents=True, exist_ok=True)
        peers = Peers(a, a.work or pathlib.Path(folder))
        rows = [row for name in a.rows.split(",") for row in getattr(peers, name)() or []]
    if a.json and not a.prepare:
        a.json.write_text(json.dumps({"command": " ".join(sys.argv[1:]), "threads": a.threads, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
