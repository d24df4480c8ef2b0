"""Makes lora/: two PEFT adapters for the model qwen2_tiny/tied and what PEFT computes with them.

Run alone: `python make_lora.py`. `all_linear` is r 4, alpha 8 on all seven matrices of a block; `qv_rslora` is the
same on q and v only, scaled by alpha / sqrt(r) instead of alpha / r. B is drawn too (PEFT starts it at 0), so that the
gradient of A is not 0 and the adapter changes the logits.
"""

import json
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from float64 import check_float64, use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from tiny_qwen2 import TIED, Batch, Scores, load_float64

ADAPTERS = {
    "all_linear": LoraConfig(
        task_type="CAUSAL_LM",
        r=4,
        lora_alpha=8,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    ),
    "qv_rslora": LoraConfig(
        task_type="CAUSAL_LM", r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "v_proj"]
    ),
}
MERGED_MATRICES = ["model.layers.1.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"]


def scaling(config: LoraConfig) -> float:
    """What B A is multiplied by before it is added to the weight."""
    return config.lora_alpha / (config.r**0.5 if config.use_rslora else config.r)


def save_adapter(name: str, config: LoraConfig, seed: int) -> None:
    """Writes the folder with PEFT's save_pretrained, from float32 matrices drawn from `seed`."""
    folder = FOLDER / "lora" / name
    shutil.rmtree(folder, ignore_errors=True)
    base = AutoModelForCausalLM.from_pretrained(TIED, dtype=torch.float32)
    model = get_peft_model(base, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.requires_grad:
                scale = weight.shape[1] ** -0.5 if "lora_A" in key else 0.1 / scaling(config)
                weight.copy_(scale * torch.randn(weight.shape, generator=generator, dtype=torch.float32))
    model.peft_config["default"].base_model_name_or_path = "kiln-golden/qwen2-tiny-tied"
    model.save_pretrained(folder)
    (folder / "README.md").unlink()  # an empty model card, 5 KB
    path = folder / "adapter_config.json"
    fields = json.loads(path.read_text())
    fields["target_modules"].sort()  # PEFT keeps a set here: its order changes from run to run
    path.write_text(json.dumps(fields, indent=2, sort_keys=True))
    for file in folder.iterdir():
        file.chmod(0o644)


def saved_name(key: str) -> str:
    """The name of a parameter in adapter_model.safetensors: without the name of the adapter."""
    return key.replace(".default.", ".")


def golden(name: str) -> None:
    batch = Batch()
    model = PeftModel.from_pretrained(load_float64(TIED), FOLDER / "lora" / name, is_trainable=True).double()
    adapters = {saved_name(key): weight for key, weight in model.named_parameters() if weight.requires_grad}
    gap = check_float64(lambda: Scores(model, batch).loss, list(adapters.values()))
    print(f"{name}: central difference agrees with the gradient to {gap:.1e}")

    scores = Scores(model, batch)
    scores.loss.backward()
    gradients = {key: weight.grad for key, weight in adapters.items()}
    with torch.no_grad(), model.disable_adapter():
        disabled = Scores(model, batch)
    base = Scores(load_float64(TIED), batch)
    assert torch.equal(disabled.logits, base.logits), "with the adapter off the model is the base model, exactly"

    merged_model = model.merge_and_unload()
    merged = {
        key: weight
        for key, weight in merged_model.named_parameters()
        if key in MERGED_MATRICES and key.split(".")[-2] in ADAPTERS[name].target_modules
    }
    assert torch.allclose(Scores(merged_model, batch).logits, scores.logits, rtol=0, atol=1e-11)

    save_arrays(f"lora/{name}.outputs.safetensors", {"logits": scores.real_logits()})
    save_arrays(f"lora/{name}.gradients.safetensors", gradients)
    save_arrays(f"lora/{name}.merged.safetensors", merged)
    save_json(f"lora/{name}.json", {
        "model": "qwen2_tiny/tied",
        "adapter": f"lora/{name}",
        "scaling": scaling(ADAPTERS[name]),
        "trainableParameters": sum(weight.numel() for weight in adapters.values()),
        **batch.fields(),
        **scores.fields(),
        "lossWithAdapterDisabled": disabled.loss.item(),
        "gradientNorm": norm(*gradients.values()),
        "gradientNorms": {key: norm(gradient) for key, gradient in gradients.items()},
    })


if __name__ == "__main__":
    for seed, (name, config) in enumerate(ADAPTERS.items(), start=11):
        save_adapter(name, config, seed)
    use_float64()
    for name in ADAPTERS:
        golden(name)
