"""The preprocessed frame itself, as physprobe's own encoder `pixels` gives it: to try the connection without a model."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # not needed where physprobe.py lies beside the model
import physprobe

SIZE = 224


def encode(frames, taps):
    return {"frame": frames.reshape(len(frames), -1)}


physprobe.serve(encode, name="pixels", version="1", taps=[physprobe.Tap("frame", width=3 * SIZE * SIZE)],
                preprocess={"resize": "squash", "size": SIZE, "filter": "bicubic", "arithmetic": "float_antialias",
                            "scale_to_unit": True})
