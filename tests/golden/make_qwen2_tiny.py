"""Makes qwen2_tiny/: two Qwen2 folders in Hugging Face's layout and what transformers computes with them.

Run alone: `python make_qwen2_tiny.py`. Every other script reads the folder `qwen2_tiny/tied` made here.

`tied` is one float32 file with tied embeddings, rope theta 10000, and the config as transformers 5 writes it.
`untied` is bf16 in shards with a separate head, rope theta 1000000, and the config in the older spelling that most
published checkpoints have (`rope_theta` and `torch_dtype` at the top level). transformers reads both.
"""

import json
import shutil

import torch

from family_golden import write_model_golden
from float64 import use_float64
from tiny_qwen2 import TIED, UNTIED, draw_model


def save_folders() -> None:
    for folder in (TIED, UNTIED):
        shutil.rmtree(folder, ignore_errors=True)
    draw_model(seed=95, tied=True, rope_theta=10_000.0).save_pretrained(TIED)
    untied = draw_model(seed=18, tied=False, rope_theta=1_000_000.0).to(torch.bfloat16)
    untied.save_pretrained(UNTIED, max_shard_size="25KB")
    path = UNTIED / "config.json"
    config = json.loads(path.read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    for file in [*TIED.iterdir(), *UNTIED.iterdir()]:
        file.chmod(0o644)


if __name__ == "__main__":
    save_folders()
    use_float64()
    write_model_golden(TIED, hidden_states=True)
    write_model_golden(UNTIED, gradient_names=["model.embed_tokens.weight", "lm_head.weight"])
