"""Checks that transformers and PEFT read what Kiln saved as the same models.

`deno run -A save_models.ts FOLDER`, then `python check_saved_models.py FOLDER`. Nothing is written.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoConfig

from float64 import use_float64
from golden_files import FOLDER
from make_new_tokens import CASES, NewBatch, with_new_words
from tiny_qwen2 import Batch, Scores, load_float64

MODELS = {
    "qwen2_tiny/tied": ["lora/all_linear", "lora/qv_rslora"],
    "qwen2_tiny/untied": [],
    "qwen3_tiny/tied": ["qwen3_tiny/lora"],
    "llama_tiny/llama3": ["llama_tiny/lora"],
    "llama_tiny/biased": [],
}
# What may differ between two files about one model: how they came about, and ids that no computation reads.
IRRELEVANT = {"transformers_version", "dtype", "_name_or_path", "max_window_layers"}


def check_model(saved: Path, name: str) -> None:
    fields, expected = (AutoConfig.from_pretrained(folder / name).to_dict() for folder in (saved, FOLDER))
    for key in (fields.keys() | expected.keys()) - IRRELEVANT:
        assert fields.get(key) == expected.get(key), f"{name}: {key} is {fields.get(key)}, was {expected.get(key)}"
    logits = Scores(load_float64(saved / name), Batch()).real_logits()
    golden = load_file(FOLDER / f"{name}.outputs.safetensors")["logits"].double()
    error = ((logits - golden).norm() / golden.norm()).item()
    print(f"{name}: relative error of the logits {error:.1e}")
    assert error < 1e-7


def check_adapter(saved: Path, base: str, name: str) -> None:
    model = PeftModel.from_pretrained(load_float64(saved / base), saved / name).double()
    loss = Scores(model, Batch()).loss.item()
    golden = json.loads((FOLDER / f"{name}.json").read_text())["loss"]
    print(f"{name}: loss {loss}, expected {golden}")
    assert abs(loss - golden) < 1e-12


def check_new_tokens(saved: Path, name: str) -> None:
    base, _, _ = CASES[name]
    path = saved / "new_tokens" / name
    model = PeftModel.from_pretrained(with_new_words(load_float64(base)), path, is_trainable=True).double()
    logits = Scores(model, NewBatch(), smallest_margin=0).real_logits()
    golden = load_file(FOLDER / f"new_tokens/{name}.outputs.safetensors")["logits"].double()
    error = ((logits - golden).norm() / golden.norm()).item()
    print(f"new_tokens/{name}: relative error of the logits {error:.1e}")
    assert error < 1e-7


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    use_float64()
    with torch.no_grad():
        for name, adapters in MODELS.items():
            check_model(folder, name)
            for adapter in adapters:
                check_adapter(folder, name, adapter)
        for name in CASES:
            check_new_tokens(folder, name)
