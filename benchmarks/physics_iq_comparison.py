#!/usr/bin/python3
"""The official Physics-IQ evaluator's steps in Python against `physprobe score physics-iq` on the same clips.

Needs Debian's python3-opencv (`apt-get install python3-opencv`); says so and ends with 0 where it is absent. The steps
are written from the description of the evaluator, with its structure: every mask is made by a pass over its clip and
written as mp4v video; then all six files are read to their end, shrunk, kept as float64 and compared, and the size of
the metrics is found by reading the first real clip once more. Each side runs in processes of its own, in turns; what is
printed is user + system time and peak memory of the whole process, and of the part that grows with the views (start-up,
measured on `import cv2, numpy` and on `score physics-iq --help`, is what is left out). The scores must agree first:

    python3 benchmarks/physics_iq_comparison.py build/release/physprobe --generated g.mp4 --real take1.mp4 --take2 take2.mp4
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile

FRAMES = 150
THRESHOLD = 10


def masks_of(cv2, np, clip, path):
    """One mask video, as the evaluator's mask step writes it."""
    reader = cv2.VideoCapture(clip)
    width, height = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    rate = round(reader.get(cv2.CAP_PROP_FPS))
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), rate, (width, height), isColor=False)
    kernel = np.ones((5, 5), np.uint8)
    background = None
    while True:
        ok, frame = reader.read()
        if not ok:
            break
        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (5, 5), 0)
        if background is None:
            background = grey.astype(np.float64)
            writer.write(np.zeros_like(grey))
            continue
        cv2.accumulateWeighted(grey, background, 0.3)
        difference = cv2.absdiff(grey, cv2.convertScaleAbs(background))
        mask = cv2.threshold(difference, THRESHOLD, 255, cv2.THRESH_BINARY)[1]
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel)
        writer.write(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel))
    reader.release()
    writer.release()


def all_frames(cv2, clip):
    reader = cv2.VideoCapture(clip)
    frames = []
    while True:
        ok, frame = reader.read()
        if not ok:
            return frames
        frames.append(frame)


def stack(cv2, np, clip, size, is_mask):
    reader = cv2.VideoCapture(clip)
    frames = []
    index = 0
    while True:
        ok, frame = reader.read()
        if not ok:
            break
        if index < FRAMES:
            small = cv2.resize(frame, size)
            frames.append((small[:, :, 0] > 127).astype(np.float64) if is_mask else small / 255.0)
        index += 1
    return np.array(frames)


def official(arguments):
    """The twelve metrics of one view, to standard output."""
    import cv2
    import numpy as np
    cv2.setNumThreads(1)

    def over_time(a, b):
        both = np.logical_and(a, b).sum(axis=(1, 2))
        either = np.logical_or(a, b).sum(axis=(1, 2))
        return [float(x / y) if y else 1.0 for x, y in zip(both, either)]

    def spatial(a, b):
        x, y = a.max(axis=0) > 0, b.max(axis=0) > 0
        either = np.logical_or(x, y).sum()
        return float(np.logical_and(x, y).sum() / either) if either else 1.0

    def weighted(a, b):
        x, y = a.sum(axis=0) / len(a), b.sum(axis=0) / len(b)
        larger = np.maximum(x, y).sum()
        return float(np.minimum(x, y).sum() / larger) if larger else 1.0

    def error(a, b):
        return [float(x) for x in ((a.astype(np.float32) - b.astype(np.float32)) ** 2).mean(axis=(1, 2, 3))]

    with tempfile.TemporaryDirectory() as folder:
        clips = {"1": arguments.real, "2": arguments.take2, "G": arguments.generated}
        for name, clip in clips.items():
            masks_of(cv2, np, clip, os.path.join(folder, name + ".mp4"))
        height, width = all_frames(cv2, arguments.real)[0].shape[:2]
        size = (width // 4, height // 4)
        masks = {name: stack(cv2, np, os.path.join(folder, name + ".mp4"), size, True) for name in clips}
        videos = {name: stack(cv2, np, clip, size, False) for name, clip in clips.items()}
    metrics = {}
    for name, a, b in (("v1", "1", "G"), ("v2", "2", "G"), ("variance", "1", "2")):
        metrics[name] = {"st": over_time(masks[a], masks[b]), "sp": spatial(masks[a], masks[b]),
                         "ws": weighted(masks[a], masks[b]), "mse": error(videos[a], videos[b])}
    json.dump(metrics, sys.stdout)
    return 0


def run(command, **options):
    """Standard output, CPU seconds and peak MB of a process."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, **options)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"{command[0]} ended with {child.returncode}")
        out.seek(0)
        return out.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def column(table, name):
    text = table[name]
    return json.loads(text) if text.startswith("[") else float(text)


def require_agreement(metrics, folder):
    """The mp4v masks of both sides, and the frames: equal but for the float32 of the evaluator's errors."""
    name = [n for n in os.listdir(os.path.join(folder, "results")) if n.endswith(".csv") and n.count(".") == 1][0]
    with open(os.path.join(folder, "results", name), newline="") as file:
        table = next(csv.DictReader(file))
    view = [key for key in table if key.startswith("spatial_iou_v1_")][0][len("spatial_iou_v1"):]
    pairs = [(metrics["v1"]["sp"], column(table, "spatial_iou_v1" + view), 1e-12),
             (metrics["v1"]["ws"], column(table, "weighted_spatial_iou_v1" + view), 1e-12),
             (metrics["v2"]["sp"], column(table, "spatial_iou_v2" + view), 1e-12),
             (metrics["variance"]["sp"], column(table, "variance_spatial" + view), 1e-12),
             (metrics["variance"]["ws"], column(table, "variance_weighted_spatial" + view), 1e-12)]
    for key, mine in (("st", "spatiotemporal_iou_v1"), ("mse", "v1_mse")):
        pairs += list(zip(metrics["v1"][key], column(table, mine + view), [1e-12 if key == "st" else 1e-6] * FRAMES))
    for theirs, ours, tolerance in pairs:
        if abs(theirs - ours) > tolerance:
            sys.exit(f"the metrics differ: {theirs} and {ours}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("physprobe")
    for name in ("generated", "real", "take2"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as-the-official-side", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_the_official_side:
        return official(arguments)
    python = "/usr/bin/python3"  # Debian's, which sees Debian's packages
    if subprocess.run([python, "-c", "import cv2, numpy"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("Debian's python3-opencv is not installed (apt-get install python3-opencv): nothing to compare with")
        return 0
    # OpenCV decodes with one thread, as physprobe does: more would only add CPU time.
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENCV_FFMPEG_THREADS="1")
    theirs = [python, os.path.abspath(__file__), arguments.physprobe, "--as-the-official-side", "--generated",
              arguments.generated, "--real", arguments.real, "--take2", arguments.take2]
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        manifest = os.path.join(folder, "set.csv")
        with open(manifest, "w") as file:
            file.write("generated,real,take2\n" + ",".join(
                os.path.abspath(p) for p in (arguments.generated, arguments.real, arguments.take2)) + "\n")

        def ours(masks, number):
            return [arguments.physprobe, "score", "physics-iq", "--manifest", manifest, "--out",
                    os.path.join(folder, f"{masks}{number}"), "--masks", masks, "--no-media", "--no-report", "-q"]

        sides = {"start of Python": lambda n: [python, "-c", "import cv2, numpy"],
                 "start of physprobe": lambda n: [arguments.physprobe, "score", "physics-iq", "--help"],
                 "official": lambda n: theirs,
                 "physprobe, mp4v masks": lambda n: ours("mp4v", n),
                 "physprobe, direct masks": lambda n: ours("direct", n)}
        for number in range(arguments.rounds):
            for name, command in sides.items():
                out, seconds, megabytes = run(command(number), env=environment)
                figures.setdefault(name, []).append((seconds, megabytes))
                if name == "official":
                    metrics = json.loads(out)
                if name == "physprobe, mp4v masks" and number == 0:
                    require_agreement(metrics, os.path.join(folder, "mp4v0"))
    median = {name: statistics.median(s for s, _ in values) for name, values in figures.items()}
    for name, values in figures.items():
        print(f"{name:26} {median[name]:8.2f} s CPU   {max(m for _, m in values):7.0f} MB")
    for name in ("physprobe, mp4v masks", "physprobe, direct masks"):
        whole = [o[0] / p[0] for o, p in zip(figures["official"], figures[name])]
        view = [(o[0] - median["start of Python"]) / (p[0] - median["start of physprobe"])
                for o, p in zip(figures["official"], figures[name])]
        print(f"official / {name}: {statistics.median(whole):.2f} the process, {statistics.median(view):.2f} a view")
    return 0


if __name__ == "__main__":
    sys.exit(main())
