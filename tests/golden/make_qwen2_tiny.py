"""Makes qwen2_tiny/: two Qwen2 folders in Hugging Face's layout and what transformers computes with them.

Run alone: `python make_qwen2_tiny.py`. Every other script reads the folder `qwen2_tiny/tied` made here.

`tied` is one float32 file with tied embeddings, rope theta 10000, and the config as transformers 5 writes it.
`untied` is bf16 in shards with a separate head, rope theta 1000000, and the config in the older spelling that most
published checkpoints have (`rope_theta` and `torch_dtype` at the top level). transformers reads both.
"""

import json
import shutil

import torch

from float64 import check_float64, use_float64
from golden_files import norm, save_arrays, save_json
from tiny_qwen2 import TIED, UNTIED, Batch, Scores, check_margin, draw_model, load_float64


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


def greedy(model, prompt: list[int], count: int = 20) -> dict:
    """The most likely continuation, by transformers' own generate; the end word does not stop it."""
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    ids = model.generate(torch.tensor([prompt]), max_new_tokens=count, do_sample=False)[0]
    assert len(ids) == len(prompt) + count
    with torch.no_grad():
        margin = check_margin(model(ids[None]).logits[0, len(prompt) - 1 : -1])
    return {"promptIds": prompt, "completionIds": ids[len(prompt) :].tolist(), "smallestMargin": margin}


def golden(folder, gradient_names=None) -> None:
    """Writes the numbers of one model; `gradient_names` limits which gradients are kept whole."""
    model, batch = load_float64(folder), Batch()
    gap = check_float64(lambda: Scores(model, batch).loss, list(model.parameters()))
    print(f"{folder.name}: central difference agrees with the gradient to {gap:.1e}")
    scores = Scores(model, batch, output_hidden_states=True)
    for row, length in enumerate(batch.lengths):  # padding changes nothing
        alone = model(batch.input_ids[row : row + 1, :length]).logits[0]
        assert torch.allclose(alone, scores.logits[row, :length], rtol=0, atol=1e-12)

    scores.loss.backward()
    gradients = {name: weight.grad for name, weight in model.named_parameters()}
    arrays = {"logits": scores.real_logits()}
    if gradient_names is None:
        for index, hidden in enumerate(scores.outputs.hidden_states):
            arrays[f"hidden_states.{index}"] = hidden * batch.attention_mask[..., None]
    name = f"qwen2_tiny/{folder.name}"
    save_arrays(f"{name}.outputs.safetensors", arrays)
    save_arrays(f"{name}.gradients.safetensors", {key: gradients[key] for key in gradient_names or gradients})
    prompts = [row[:length] for row, length in zip(batch.rows, batch.prompt_lengths)]
    save_json(f"{name}.json", {
        "model": name,
        **batch.fields(),
        **scores.fields(),
        "gradientNorm": norm(*gradients.values()),
        "gradientNorms": {key: norm(gradient) for key, gradient in gradients.items()},
        "greedy": [greedy(model, prompt) for prompt in prompts],
    })


if __name__ == "__main__":
    save_folders()
    use_float64()
    golden(TIED)
    golden(UNTIED, gradient_names=["model.embed_tokens.weight", "lm_head.weight"])
