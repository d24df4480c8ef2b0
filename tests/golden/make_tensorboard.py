"""What torch's SummaryWriter writes, and what TensorBoard reads from it and from Kiln's files.

Needs Deno on the PATH: Kiln writes its own example (tests/tensorboard/example_run.ts).
"""

import math
import subprocess
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy
import tensorboard
from golden_files import FOLDER, save_json
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util
from torch.utils.tensorboard import SummaryWriter

OUT = FOLDER / "tensorboard"
CLOCK = 1700000000.25
EVERYTHING = {"scalars": 0, "histograms": 0, "tensors": 0}


def write_with_torch(folder):
    """A file with every kind of value that Kiln writes. Wall times are all the same."""
    with patch("time.time", return_value=CLOCK):
        writer = SummaryWriter(folder, purge_step=1)
        scalars = [0.0, 1.0, -0.1, 1e-45, 3.4e38, math.nan, math.inf, -math.inf]
        for step, value in enumerate(scalars):
            writer.add_scalar("train/loss", value, step)
        writer.add_scalar("train/rewards/ünïcode 😀/mean", 0.5, 2**40)
        writer.add_histogram("train/torch", numpy.array([-2.0, 0.0, 0.5, 0.5]), 1, bins=numpy.arange(-3.0, 3.0))
        writer.add_histogram_raw(
            "train/raw", min=-0.5, max=2.0, num=5, sum=2.5, sum_squares=5.25,
            bucket_limits=[0.0, 1.0, 2.0], bucket_counts=[2, 0, 3], global_step=7,
        )
        writer.add_histogram_raw(
            "train/zeros", min=0, max=0, num=1, sum=0, sum_squares=0,
            bucket_limits=[0.0], bucket_counts=[1], global_step=8,
        )
        writer.close()


def as_json(value):
    """Numbers that JSON lacks as text."""
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value if math.isfinite(value) else str(value)


def read_legacy(folder):
    """What the reader of older TensorBoards finds."""
    reader = event_accumulator.EventAccumulator(str(folder), size_guidance=EVERYTHING)
    reader.Reload()
    tags = reader.Tags()
    return {
        "scalars": {tag: as_json([(e.step, e.value) for e in reader.Scalars(tag)]) for tag in tags["scalars"]},
        "histograms": {
            tag: [{"step": e.step, **vars(e.histogram_value)} for e in reader.Histograms(tag)]
            for tag in tags["histograms"]
        },
    }


def read_current(folder):
    """What the reader of today's TensorBoard finds: histograms are rows of left edge, right edge, count."""
    reader = plugin_event_accumulator.EventAccumulator(str(folder), size_guidance=EVERYTHING)
    reader.Reload()
    found = {"scalars": {}, "histograms": {}}
    for tag in reader.Tags()["tensors"]:
        plugin = reader.SummaryMetadata(tag).plugin_data.plugin_name
        events = [(e.step, tensor_util.make_ndarray(e.tensor_proto).tolist()) for e in reader.Tensors(tag)]
        found[plugin][tag] = as_json(events)
    return found


def event_files(folder):
    return sorted(path for path in Path(folder).iterdir() if "tfevents" in path.name)


def main():
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as torch_folder, tempfile.TemporaryDirectory() as kiln_folder:
        write_with_torch(torch_folder)
        (torch_file,) = event_files(torch_folder)
        (OUT / "torch.tfevents").write_bytes(torch_file.read_bytes())

        example = FOLDER.parent / "tensorboard" / "example_run.ts"
        subprocess.run(["deno", "run", "-A", str(example), kiln_folder], check=True, cwd=FOLDER.parent.parent)
        first, second = event_files(kiln_folder)
        (OUT / "kiln_begun.tfevents").write_bytes(first.read_bytes())
        (OUT / "kiln_resumed.tfevents").write_bytes(second.read_bytes())

        read = {
            "tensorboard": tensorboard.__version__,
            "torch": {"legacy": read_legacy(torch_folder), "current": read_current(torch_folder)},
            "kiln": {"legacy": read_legacy(kiln_folder), "current": read_current(kiln_folder)},
        }
        save_json("tensorboard/read.json", read)


if __name__ == "__main__":
    main()
