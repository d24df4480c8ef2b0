"""How golden numbers are written: arrays as safetensors (float32), everything else as JSON (float64).

Every file names the versions that made it: JSON in the field `versions`, safetensors in the metadata entry `versions`.
"""

import importlib.metadata
import json
import platform
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).parent
PACKAGES = ["torch", "transformers", "peft", "trl", "accelerate", "datasets", "safetensors", "numpy"]
VERSIONS = {
    "python": ".".join(platform.python_version_tuple()[:2]),
    **{name: importlib.metadata.version(name) for name in PACKAGES},
}


def save_arrays(path: str, arrays: dict[str, torch.Tensor]) -> None:
    """Writes float64 arrays rounded to float32 (a relative error of 6e-8) under `path`, relative to this folder."""
    file = FOLDER / path
    file.parent.mkdir(parents=True, exist_ok=True)
    rounded = {name: array.detach().to(torch.float32).contiguous().clone() for name, array in arrays.items()}
    save_file(rounded, file, metadata={"versions": json.dumps(VERSIONS)})
    file.chmod(0o644)  # safetensors makes it readable by its owner alone
    print(f"{path}: {len(rounded)} arrays, {file.stat().st_size} bytes")


def save_json(path: str, fields: dict) -> None:
    """Writes `fields` after `versions`, floats to the last digit, one line for each list of numbers."""
    file = FOLDER / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_render({"versions": VERSIONS, **fields}, "") + "\n")
    print(f"{path}: {file.stat().st_size} bytes")


def _render(value, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = [f"{inner}{json.dumps(key)}: {_render(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + indent + "}"
    if isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
        return "[\n" + ",\n".join(inner + _render(item, inner) for item in value) + "\n" + indent + "]"
    return json.dumps(value, allow_nan=False)


def norm(*arrays: torch.Tensor) -> float:
    """The L2 norm of all numbers of all arrays together."""
    return torch.sqrt(sum((array.detach().double() ** 2).sum() for array in arrays)).item()
