"""Checks that transformers and PEFT read Kiln's exports as the models that they were made from.

`deno run -A save_exports.ts FOLDER`, then `python check_exports.py FOLDER`. Nothing is written. Logits are compared with those
that Kiln computes with the adapter beside the base, not merged; tokens and the rendered conversation must be the same.
"""

import json
import sys
from pathlib import Path

import torch
from peft import AutoPeftModelForCausalLM
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

# The norm of the difference as a share of the norm: 16 bits keep 8 or 11 bits of each weight.
BOUNDS = {"peft": 1e-5, "hf_f32": 1e-5, "hf_f16": 5e-3, "hf_bf16": 4e-2}


def load(path: Path, name: str):
    if name == "peft":
        return AutoPeftModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    stored = AutoModelForCausalLM.from_pretrained(path, dtype="auto")
    wanted = {"hf_f32": torch.float32, "hf_f16": torch.float16, "hf_bf16": torch.bfloat16}[name]
    assert stored.dtype == wanted, f"{path}: dtype auto is {stored.dtype}"
    # Rounded weights, computed with in float32: what the file holds, and not what 16-bit products add to it.
    return stored.float()


def check(case: Path, name: str) -> float:
    path = case / name
    expected = json.loads((case / "expected.json").read_text())
    model = load(path, name).eval()
    logits = model(torch.tensor([expected["ids"]])).logits[0].double()
    golden = load_file(case / "logits.safetensors")["logits"].double()
    assert logits.shape == golden.shape, f"{path}: logits {tuple(logits.shape)}, expected {tuple(golden.shape)}"
    error = ((logits - golden).norm() / golden.norm()).item()
    assert error < BOUNDS[name], f"{path}: relative error of the logits {error:.1e}"
    tokenizer = AutoTokenizer.from_pretrained(path)
    for text in expected["texts"]:
        ids = tokenizer(text["text"], add_special_tokens=False)["input_ids"]
        assert ids == text["ids"], f"{path}: {text['text']!r} is {ids}, expected {text['ids']}"
    rendered = tokenizer.apply_chat_template(expected["chat"], tokenize=False, add_generation_prompt=True)
    assert rendered == expected["rendered"], f"{path}: {rendered!r}"
    if name != "peft":
        ends = GenerationConfig.from_pretrained(path).eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        assert ends == expected["eos"], f"{path}: texts end at {ends}, expected {expected['eos']}"
        # One model: a text that the exported one writes is the one that it ends.
        assert tokenizer.eos_token_id in ends
    return error


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    cases = sorted({path.parent for path in folder.glob("*/*/expected.json")})
    assert cases, f"{folder} has no exports: run save_exports.ts first"
    worst = dict.fromkeys(BOUNDS, 0.0)
    with torch.no_grad():
        for case in cases:
            errors = {name: check(case, name) for name in BOUNDS}
            worst = {name: max(worst[name], errors[name]) for name in BOUNDS}
            print(f"{case.relative_to(folder)}: " + ", ".join(f"{name} {error:.1e}" for name, error in errors.items()))
    print(f"{len(cases)} cases; worst: " + ", ".join(f"{name} {error:.1e}" for name, error in worst.items()))
