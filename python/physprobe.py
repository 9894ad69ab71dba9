"""Serve a model of any framework to physprobe, and read what physprobe wrote. One file, NumPy only, Python 3.9+.

A model in ten lines (more in python/examples/):

    import physprobe                       # first: from here on, what is printed goes to standard error
    import torch

    model = torch.jit.load("my_model.pt").eval().to(physprobe.device())

    def encode(frames, taps):              # frames: (n, 3, 224, 224) float32, as `preprocess` says
        with torch.inference_mode():
            return {"norm": model(torch.from_numpy(frames).to(physprobe.device()))}   # (n, tokens, 384)

    physprobe.serve(encode, name="my-model", version="1", preprocess=physprobe.IMAGENET_224,
                    taps=[physprobe.Tap("norm", width=384, prefix_tokens=1)])

    $ physprobe run suite.yaml --encoder exec:"python3 my_model.py" --out runs/mine

`version` enters the key under which results are kept: raise it whenever the model's numbers change.
The protocol is written down in docs/exec_protocol.md.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

__all__ = ["Tap", "serve", "device", "IMAGENET_224", "read_store", "read_results", "read_items", "load_safetensors",
           "save_safetensors"]

PROTOCOL = 1
_MARK = b"PPEXEC/%d" % PROTOCOL

#: Short side 256, bicubic as Pillow does it, centre crop 224, ImageNet statistics. The fields are those of a suite's
#: `preprocess` (docs/encoders.md). Without `preprocess` a model gets the decoded frames: uint8 RGB, the video's size.
IMAGENET_224: Dict[str, Any] = {
    "resize": "short_side", "height": 256, "filter": "bicubic", "arithmetic": "pillow_uint8", "crop": 224,
    "scale_to_unit": True, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


class Tap(NamedTuple):
    """One place in the model whose activations are read."""

    name: str  #: Letters, digits, '.', '_', '-', '+'; not "pixel", which every encoder has.
    width: int  #: Numbers per token.
    prefix_tokens: int = 0  #: Tokens before the patches (class token, registers).
    grid: Optional[Tuple[int, int]] = None  #: Rows and columns of patches; None: one row of any length.
    pooled: str = "mean"  #: A frame's vector for retrieval: "mean" of the patches, or the "first" token.
    description: str = "As the served model gives it."

    def _describe(self) -> Dict[str, Any]:
        fields = self._asdict()
        if self.grid is None:
            del fields["grid"]
        return fields


Encode = Callable[[np.ndarray, List[str]], Mapping[str, Any]]


def device(default: str = "cpu") -> str:
    """The device asked for with `options.device` or --device, such as "cuda:0"."""
    return os.environ.get("PHYSPROBE_DEVICE") or default


def serve(encode: Encode, *, name: str, version: str, taps: Sequence[Tap], preprocess: Optional[Mapping[str, Any]] = None,
          description: str = "A model served by another process", default_taps: Optional[Sequence[str]] = None,
          retrieval_tap: Optional[str] = None, batch: int = 0, frames_per_step: int = 1, digest: str = "",
          untrained: Optional[Callable[[int], Encode]] = None, targets: Optional[Callable[[np.ndarray], Any]] = None,
          predict: Optional[Callable[[np.ndarray, np.ndarray, np.ndarray, int], Any]] = None) -> None:
    """Answers physprobe's requests until it closes the connection.

    encode(frames, taps): `frames` is (n, C, H, W), float32 as `preprocess` yields them (uint8 when they are whole
      bytes); the answer maps each name in `taps` to (n, tokens, width), or (n, width) for one token. A model that sees
      `frames_per_step` > 1 frames at a time gets (clips, frames, C, H, W) and answers (clips, steps, tokens, width).
      Arrays and PyTorch tensors on any device are taken.
    batch: most clips in one request, 0 = any. With 1 the result of a frame cannot depend on its neighbours in a batch.
    digest: SHA-256 of the weights, 64 hexadecimal digits; enters the cache key beside `version`.
    untrained(seed): an `encode` of the same architecture with weights drawn anew, for the null of that name.
    targets(frames): (clips, tokens, width) of whole windows (clips, frames, C, H, W).
    predict(frames, context_ids, target_ids, window_frames): what the model expects at `target_ids`, (clips, len(target_ids),
      width), from `frames` that end where the context ends.
    """
    if (targets is None) != (predict is None):
        raise ValueError("a predictor needs both 'targets' and 'predict'")
    model: Dict[str, Any] = {
        "name": name, "version": version, "description": description, "taps": [Tap(*tap)._describe() for tap in taps],
        "batch": batch, "frames_per_step": frames_per_step, "untrained": untrained is not None,
        "predictor": predict is not None}
    for key, value in (("preprocess", preprocess), ("default_taps", default_taps), ("retrieval_tap", retrieval_tap),
                       ("digest", digest)):
        if value:
            model[key] = value
    server = _Server(model, encode, untrained, targets, predict)
    source, sink = _connection()
    while True:
        message = _receive(source)
        if message is None:
            return
        metadata, tensors = message
        try:
            kind, answer_tensors, answer_fields = server.answer(metadata, tensors)
        except Exception as error:  # noqa: BLE001: whatever the model raises is an answer, not an end
            traceback.print_exc()
            kind, answer_tensors, answer_fields = "error", {}, {"message": f"{type(error).__name__}: {error}"}
        answer_fields["kind"] = kind
        if "request" in metadata:
            answer_fields["request"] = metadata["request"]
        _send(sink, answer_tensors, answer_fields)


class _Server:
    """Turns one request into one answer."""

    def __init__(self, model: Dict[str, Any], encode: Encode, untrained: Optional[Callable[[int], Encode]],
                 targets: Optional[Callable[..., Any]], predict: Optional[Callable[..., Any]]) -> None:
        self.model = model
        self.encode = encode
        self.untrained = untrained
        self.targets = targets
        self.predict = predict
        self.drawn: Dict[int, Encode] = {}

    def answer(self, metadata: Mapping[str, str],
               tensors: Mapping[str, np.ndarray]) -> Tuple[str, Dict[str, np.ndarray], Dict[str, str]]:
        kind = metadata["kind"]
        if kind == "hello":
            return "model", {}, {"model": json.dumps(self.model)}
        if kind == "encode":
            return "tokens", self._tokens(metadata, tensors["frames"]), {}
        if kind == "targets" and self.targets is not None:
            return "targets", {"targets": _array(self.targets(tensors["frames"]))}, {}
        if kind == "predict" and self.predict is not None:
            predictions = self.predict(tensors["frames"], tensors["context_ids"], tensors["target_ids"],
                                       int(metadata["window_frames"]))
            return "predictions", {"predictions": _array(predictions)}, {}
        raise ValueError(f"this model answers no request of kind {kind!r}")

    def _encoder(self, metadata: Mapping[str, str]) -> Encode:
        if "untrained_seed" not in metadata:
            return self.encode
        if self.untrained is None:
            raise ValueError("this model has no untrained weights")
        seed = int(metadata["untrained_seed"])
        if seed not in self.drawn:
            self.drawn[seed] = self.untrained(seed)
        return self.drawn[seed]

    def _tokens(self, metadata: Mapping[str, str], frames: np.ndarray) -> Dict[str, np.ndarray]:
        wanted = json.loads(metadata["taps"])
        clips, steps = frames.shape[0], frames.shape[1] // self.model["frames_per_step"]
        sees_frames = self.model["frames_per_step"] == 1
        given = frames.reshape((-1,) + frames.shape[2:]) if sees_frames else frames
        outputs = self._encoder(metadata)(given, wanted)
        tokens: Dict[str, np.ndarray] = {}
        for tap in wanted:
            if tap not in outputs:
                raise KeyError(f"encode() gave no tap {tap!r}; it gave {sorted(outputs)}")
            value = _array(outputs[tap])
            if sees_frames:
                if value.ndim == 2:
                    value = value[:, None, :]
                if value.ndim != 3 or value.shape[0] != clips * steps:
                    raise ValueError(f"encode() gave {tap!r} of shape {value.shape}; expected ({clips * steps}, tokens, width)")
                value = value.reshape((clips, steps) + value.shape[1:])
            tokens[tap] = value
        return tokens


def _array(value: Any) -> np.ndarray:
    """NumPy arrays as they are; tensors of a framework brought to main memory."""
    if hasattr(value, "detach"):
        value = value.detach().float().cpu().numpy()
    array = np.ascontiguousarray(value)
    return array if array.dtype in (np.float32, np.float16) else array.astype(np.float32)


# Connection -----------------------------------------------------------------------------------------------------------

def _claim_connection() -> Tuple[BinaryIO, BinaryIO]:
    """Standard input and output for messages alone: prints, also those of libraries, go to standard error, and nothing
    the model starts can take a message away."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, sink


# At import, not in serve(): loading a model may print, too.
_claimed = _claim_connection() if os.environ.get("PHYSPROBE_EXEC") else None


def _connection() -> Tuple[BinaryIO, BinaryIO]:
    if _claimed is not None:
        return _claimed
    if sys.stdin.isatty():
        raise SystemExit("This program serves a model to physprobe: physprobe run SUITE "
                         f"--encoder exec:\"python3 {sys.argv[0]}\" --out DIR")
    return _claim_connection()


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise SystemExit(f"the connection to physprobe ended inside a message ({len(data)} of {size} bytes)")
    return data


def _receive(source: BinaryIO) -> Optional[Tuple[Dict[str, str], Dict[str, np.ndarray]]]:
    mark = source.read(len(_MARK))
    if not mark:
        return None
    if mark != _MARK:
        raise SystemExit(f"expected a message of protocol {PROTOCOL}, found {mark!r}; use the physprobe.py that came with "
                         "this physprobe")
    (size,) = struct.unpack("<Q", _read_exactly(source, 8))
    tensors, metadata = _parse(_read_exactly(source, size), "a request")
    return metadata, tensors


def _send(sink: BinaryIO, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    head, arrays = _format(tensors, metadata)
    sink.write(_MARK + struct.pack("<Q", len(head) + sum(array.nbytes for array in arrays)) + head)
    for array in arrays:
        sink.write(memoryview(array).cast("B") if array.size else b"")
    sink.flush()


# safetensors ----------------------------------------------------------------------------------------------------------

_DTYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4", "I32": "<i4",
           "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8"}
_DTYPE_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}


def _format(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> Tuple[bytes, List[np.ndarray]]:
    header: Dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    arrays: List[np.ndarray] = []
    position = 0
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        if array.dtype.newbyteorder("<") not in _DTYPE_NAMES:
            raise TypeError(f"{name!r} has the type {array.dtype}, which safetensors cannot hold")
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        header[name] = {"dtype": _DTYPE_NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [position, position + array.nbytes]}
        position += array.nbytes
        arrays.append(array)
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text, arrays


def _parse(data: bytes, where: str) -> Tuple[Dict[str, np.ndarray], Dict[str, str]]:
    if len(data) < 8:
        raise ValueError(f"{where}: too short for safetensors ({len(data)} bytes)")
    (size,) = struct.unpack_from("<Q", data)
    if size > len(data) - 8:
        raise ValueError(f"{where}: claims a header of {size} bytes but has only {len(data)}")
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    content = memoryview(data)[8 + size:]
    tensors: Dict[str, np.ndarray] = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = content[begin:end]
        if entry["dtype"] == "BF16":  # the upper half of a float32
            flat = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
        elif entry["dtype"] in _DTYPES:
            flat = np.frombuffer(raw, _DTYPES[entry["dtype"]])
        else:
            raise ValueError(f"{where}: {name!r} has the type {entry['dtype']}, which NumPy lacks")
        tensors[name] = flat.reshape(entry["shape"]).copy()  # writable, which frameworks ask for
    return tensors, metadata


def load_safetensors(path: Any) -> Dict[str, np.ndarray]:
    """Every tensor of a .safetensors file by name; BF16 as float32."""
    return _parse(Path(path).read_bytes(), str(path))[0]


def save_safetensors(path: Any, tensors: Mapping[str, Any], metadata: Optional[Mapping[str, str]] = None) -> None:
    """Writes arrays as a .safetensors file, such as trajectories (T, D) for `physprobe probe straightening`."""
    head, arrays = _format({name: np.asarray(value) for name, value in tensors.items()}, metadata or {})
    with open(path, "wb") as file:
        file.write(head)
        for array in arrays:
            file.write(array.tobytes())


# What physprobe wrote -------------------------------------------------------------------------------------------------

class Record(NamedTuple):
    """One row of a store: an item under one encoder."""

    key: str
    item_id: str
    space: str  #: Rows of one space are comparable: same encoder, weights, preprocessing and sampling.
    meta: Dict[str, Any]
    fields: Dict[str, np.ndarray]  #: "retrieval", "<tap>/distance", "<tap>/tokens", …


def read_store(path: Any) -> Iterator[Record]:
    """Every record of a store (a folder, or a file that `memory compact` made), in order of sealing. Needs h5py.

    `physprobe verify` checks digests; this reads only."""
    try:
        import h5py
    except ImportError:
        raise ImportError("reading a store takes h5py, which is not installed (Debian: python3-h5py; pip: h5py). "
                          "Without it: physprobe inspect and results.json") from None
    path = Path(path)
    if path.is_dir() and not (path / "store.json").is_file():
        raise FileNotFoundError(f"{path}: is no store (no store.json); a run's store is RUN/store")
    segments = sorted(path.glob("seg-*.h5")) if path.is_dir() else [path]
    for segment in segments:
        with h5py.File(segment, "r") as file:
            if _text(file.attrs.get("magic", "")) != "physprobe-segment":
                raise ValueError(f"{segment}: is no segment of a physprobe store")
            if int(file.attrs["schema"]) != 1:
                raise ValueError(f"{segment}: has schema {file.attrs['schema']}, this physprobe.py reads 1")
            yield from _segment_records(file)


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _segment_records(file: Any) -> Iterator[Record]:
    types = [name for name in _text(file.attrs["dtype_names"]).split(",")]
    names = [_text(name) for name in file["field_names"][:]]
    entries = {name: file[f"entries/{name}"][:] for name in ("record", "field", "dtype", "offset", "rank", "shape_offset")}
    shapes = file["entries/shapes"][:]
    of_record: Dict[int, List[int]] = {}
    for entry, record in enumerate(entries["record"]):
        of_record.setdefault(int(record), []).append(entry)
    for record, key in enumerate(file["keys"][:]):
        fields: Dict[str, np.ndarray] = {}
        for entry in of_record.get(record, []):
            begin = entries["shape_offset"][entry]
            shape = [int(size) for size in shapes[begin:begin + entries["rank"][entry]]]
            offset = int(entries["offset"][entry])
            values = file["values/" + types[entries["dtype"][entry]]]
            count = int(np.prod(shape, dtype=np.int64))
            fields[names[entries["field"][entry]]] = values[offset:offset + count].reshape(shape)
        yield Record(_text(key), _text(file["item_ids"][record]), _text(file["spaces"][record]),
                     json.loads(_text(file["metas"][record])), fields)


def _file_of_run(path: Any, name: str) -> Path:
    path = Path(path)
    if not path.is_dir():
        return path
    if not (path / "COMPLETE").is_file():
        raise FileNotFoundError(f"{path}: is no finished run (no COMPLETE); start the same command again to finish it, or "
                                f"name the file {name} itself")
    return path / name


def read_results(path: Any) -> Dict[str, Any]:
    """results.json of a run: "scores" (name, encoder, tap, condition, label, value, unit, n, interval), "layer_profile",
    "nulls", … (docs/run_format.md). `path` is the run's folder or the file."""
    return json.loads(_file_of_run(path, "results.json").read_text(encoding="utf-8"))


def read_items(path: Any) -> List[Dict[str, Any]]:
    """The lines of items.jsonl: one item each, with every number per tap (docs/run_format.md)."""
    with open(_file_of_run(path, "items.jsonl"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]
