"""A PyTorch module: here two convolutions with weights of a fixed seed, in their place any model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # not needed where physprobe.py lies beside the model
import physprobe
import torch


def build(seed):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 8, 8), torch.nn.GELU(), torch.nn.Conv2d(16, 32, 2, 2))
    model.eval().to(physprobe.device())

    def encode(frames, taps):
        with torch.inference_mode():
            features = model(torch.from_numpy(frames).to(physprobe.device()))  # (n, 32, 14, 14)
        return {"features": features.flatten(2).transpose(1, 2)}  # (n, 196, 32): tokens row by row
    return encode


physprobe.serve(build(seed=0), name="two-convolutions", version="1", preprocess=physprobe.IMAGENET_224, batch=1,
                taps=[physprobe.Tap("features", width=32, grid=(14, 14))], untrained=lambda seed: build(seed + 1000))
