"""What is written down of a tiny model of any family: its numbers, its greedy text, and an adapter on top of it."""

import json
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from float64 import check_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from tiny_qwen2 import Batch, Scores, check_margin, load_float64


def save_model(folder, model) -> None:
    """Writes a model's folder with transformers' save_pretrained."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    for file in folder.iterdir():
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


def write_model_golden(folder, gradient_names=None, hidden_states: bool = False) -> None:
    """Writes the numbers of a model's folder beside it; `gradient_names` limits which gradients are kept whole."""
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
    if hidden_states:
        for index, hidden in enumerate(scores.outputs.hidden_states):
            arrays[f"hidden_states.{index}"] = hidden * batch.attention_mask[..., None]
    name = str(folder.relative_to(FOLDER))
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


def save_all_linear_adapter(model_folder, folder, seed: int) -> None:
    """Writes an adapter of rank 2 on all seven matrices with PEFT, from float32 matrices drawn from `seed`.

    B is drawn too (PEFT starts it at 0), so that the gradient of A is not 0.
    """
    shutil.rmtree(folder, ignore_errors=True)
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    config = LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, target_modules="all-linear")
    model = get_peft_model(base, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.requires_grad:
                scale = weight.shape[1] ** -0.5 if "lora_A" in key else 0.1
                weight.copy_(scale * torch.randn(weight.shape, generator=generator, dtype=torch.float32))
    model.peft_config["default"].base_model_name_or_path = f"kiln-golden/{model_folder.parent.name}-{model_folder.name}"
    model.save_pretrained(folder)
    (folder / "README.md").unlink()  # an empty model card
    path = folder / "adapter_config.json"
    fields = json.loads(path.read_text())
    fields["target_modules"].sort()  # PEFT keeps a set here: its order changes from run to run
    path.write_text(json.dumps(fields, indent=2, sort_keys=True))
    for file in folder.iterdir():
        file.chmod(0o644)


def write_adapter_golden(model_folder, folder) -> None:
    """Writes the loss, the log-probabilities and the factors' gradients of a model with an adapter."""
    batch = Batch()
    model = PeftModel.from_pretrained(load_float64(model_folder), folder, is_trainable=True).double()
    factors = {key.replace(".default.", "."): weight for key, weight in model.named_parameters() if weight.requires_grad}
    gap = check_float64(lambda: Scores(model, batch).loss, list(factors.values()))
    print(f"{folder.name}: central difference agrees with the gradient to {gap:.1e}")
    scores = Scores(model, batch)
    scores.loss.backward()
    gradients = {key: weight.grad for key, weight in factors.items()}
    name = str(folder.relative_to(FOLDER))
    save_arrays(f"{name}.gradients.safetensors", gradients)
    save_json(f"{name}.json", {
        "model": str(model_folder.relative_to(FOLDER)),
        "adapter": name,
        "trainableParameters": sum(weight.numel() for weight in factors.values()),
        **scores.fields(),
        "gradientNorm": norm(*gradients.values()),
    })
