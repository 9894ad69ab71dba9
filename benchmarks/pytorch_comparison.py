#!/usr/bin/python3
"""A plain PyTorch vision transformer against physprobe on the same weights and images.

Needs Debian's python3-torch, for this comparison only (`apt-get install python3-torch`); says so and ends with 0 where
it is absent. The outputs must agree first (`physprobe parity`). Then every side runs in processes of its own, in turns,
and what is printed is the median over the rounds of the ratio within a round:

    python3 benchmarks/pytorch_comparison.py build/release/physprobe --size vits14 --size vitb14 --size vitl14

PyTorch runs with the pthread build of OpenBLAS, which Debian installs by default, and with the OpenMP build
(libopenblas0-openmp). OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for all; where OpenBLAS does not know the
processor and falls back to its oldest kernels, --coretype SkylakeX gives PyTorch better ones.
"""
import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

SIZES = {"vits14": (384, 12, 6), "vitb14": (768, 12, 12), "vitl14": (1024, 24, 16)}
TARGETS = {"vits14": 2.0, "vitb14": 1.3, "vitl14": 1.3}  # against the pthread build, two threads
PATCH, SIDE, TABLE = 14, 224, 37
LIBRARIES = "/usr/lib/x86_64-linux-gnu"


def build(torch, size):
    """DINOv2's architecture in plain PyTorch: fused qkv, explicit softmax, exact GELU, layer scale."""
    nn = torch.nn
    width, depth, heads = SIZES[size]

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1 = nn.LayerNorm(width, eps=1e-6)
            self.attn = nn.Module()
            self.attn.qkv = nn.Linear(width, 3 * width)
            self.attn.proj = nn.Linear(width, width)
            self.ls1 = nn.Module()
            self.ls1.gamma = nn.Parameter(torch.ones(width))
            self.norm2 = nn.LayerNorm(width, eps=1e-6)
            self.mlp = nn.Module()
            self.mlp.fc1 = nn.Linear(width, 4 * width)
            self.mlp.fc2 = nn.Linear(4 * width, width)
            self.ls2 = nn.Module()
            self.ls2.gamma = nn.Parameter(torch.ones(width))

        def forward(self, x):
            b, n, _ = x.shape
            q, k, v = self.attn.qkv(self.norm1(x)).reshape(b, n, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            weights = (q * (width // heads) ** -0.5 @ k.transpose(-2, -1)).softmax(dim=-1)
            x = x + self.ls1.gamma * self.attn.proj((weights @ v).transpose(1, 2).reshape(b, n, width))
            return x + self.ls2.gamma * self.mlp.fc2(nn.functional.gelu(self.mlp.fc1(self.norm2(x))))

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
            self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + TABLE * TABLE, width))
            self.patch_embed = nn.Module()
            self.patch_embed.proj = nn.Conv2d(3, width, PATCH, PATCH)
            self.blocks = nn.ModuleList(Block() for _ in range(depth))
            self.norm = nn.LayerNorm(width, eps=1e-6)

        def positions(self, side):
            grid = self.pos_embed[:, 1:].reshape(1, TABLE, TABLE, width).permute(0, 3, 1, 2)
            scale = (side // PATCH + 0.1) / TABLE  # DINOv2's offset
            grid = nn.functional.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
            return torch.cat([self.pos_embed[:, :1], grid.permute(0, 2, 3, 1).reshape(1, -1, width)], dim=1)

        def forward(self, images):
            x = self.patch_embed.proj(images).flatten(2).transpose(1, 2)
            x = torch.cat([self.cls_token.expand(len(images), -1, -1), x], dim=1) + self.positions(images.shape[-1])
            for block in self.blocks:
                x = block(x)
            return self.norm(x)

    torch.manual_seed(0)
    return Transformer().eval(), heads


def images_of(torch, count):
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def save(path, tensors, metadata=None):
    """safetensors of float32 tensors, without any package."""
    header, data, position = {}, [], 0
    for name, tensor in tensors.items():
        raw = bytes(tensor.detach().contiguous().numpy().tobytes())
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [position, position + len(raw)]}
        data.append(raw)
        position += len(raw)
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def median_pass(body, passes):
    body()
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def torch_side(arguments):
    """In a process of its own: seconds of a pass, on standard output."""
    import torch
    torch.set_num_threads(arguments.threads)
    model, _ = build(torch, arguments.size[0])
    images = images_of(torch, arguments.images)
    with torch.inference_mode():
        print(median_pass(lambda: model(images), arguments.passes))


def environment(blas=None, coretype=None):
    """The caller's, without pins and helpers' thread counts, with the chosen BLAS in front."""
    env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS")}
    if blas:
        env["LD_LIBRARY_PATH"] = f"{LIBRARIES}/openblas-{blas}" + (":" + env["LD_LIBRARY_PATH"]
                                                                  if env.get("LD_LIBRARY_PATH") else "")
    if coretype:
        env["OPENBLAS_CORETYPE"] = coretype
    return env


def compare(arguments, torch, size):
    with tempfile.TemporaryDirectory() as folder:
        model, heads = build(torch, size)
        images = images_of(torch, arguments.images)
        save(f"{folder}/weights.safetensors", model.state_dict(), {"num_heads": str(heads)})
        with torch.inference_mode():
            save(f"{folder}/case.safetensors", {"input": images, "norm": model(images)})
        ours = [arguments.physprobe, "parity", "--json", "--encoder", f"{folder}/weights.safetensors", "--family", "dinov2",
                "--case", f"{folder}/case.safetensors", "--threads", str(arguments.threads), "--passes"]

        def our_seconds():
            answer = subprocess.run(ours + [str(arguments.passes)], env=environment(), stdout=subprocess.PIPE, text=True)
            if answer.returncode != 0:
                sys.exit(f"{size}: the outputs differ; a comparison of speed means nothing\n{answer.stdout}")
            return json.loads(answer.stdout)

        def their_seconds(blas):
            words = [sys.executable, __file__, "--torch-side", "--size", size, "--threads", str(arguments.threads),
                     "--images", str(arguments.images), "--passes", str(arguments.passes)]
            return float(subprocess.run(words, env=environment(blas, arguments.coretype), stdout=subprocess.PIPE, text=True,
                                        check=True).stdout)

        builds = [b for b in ("pthread", "openmp") if os.path.isdir(f"{LIBRARIES}/openblas-{b}")]
        ratios, seconds = {b: [] for b in builds}, []
        for _ in range(arguments.rounds):
            answer = our_seconds()
            seconds.append(answer["seconds_per_pass"])
            for blas in builds:
                ratios[blas].append(their_seconds(blas) / seconds[-1])
        deviation = max(tap["largest_absolute"] for tap in answer["taps"])
        print(f"{size}: outputs agree to {deviation:.1e}; {statistics.median(seconds):.3f} s for {arguments.images} images, "
              f"{arguments.threads} threads, kernels {arguments.coretype or 'as OpenBLAS finds them'}")
        for blas in builds:
            target = ""
            if blas == "pthread" and arguments.threads == 2:
                target = f" (target at least {TARGETS[size]}: " + (
                    "met)" if statistics.median(ratios[blas]) >= TARGETS[size] else "missed)")
            spread = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios[blas]))
            print(f"  PyTorch with OpenBLAS {blas:<8} takes {statistics.median(ratios[blas]):.2f} times as long{target}"
                  f"   rounds: {spread}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("physprobe", nargs="?", default="build/release/physprobe", help="the program")
    parser.add_argument("--size", action="append", choices=sorted(SIZES), help="default: all three")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=3, help="timed in each process; their median counts")
    parser.add_argument("--coretype", help="OPENBLAS_CORETYPE for PyTorch")
    parser.add_argument("--torch-side", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.torch_side:
        return torch_side(arguments)
    try:
        import torch
    except ImportError:
        print("skipped: python3-torch is not installed for this Python (Debian: apt-get install python3-torch, then run with "
              "/usr/bin/python3)")
        return None
    for size in arguments.size or ["vits14", "vitb14", "vitl14"]:
        compare(arguments, torch, size)
    return None


if __name__ == "__main__":
    main()
