"""Makes new_tokens/: adapters that carry token tables or rows of them, for models with three tokens more, and one step of AdamW.

Run alone: `python make_new_tokens.py` (after make_qwen2_tiny.py). The models of qwen2_tiny have 96 words; here they have 99, and
the new rows begin as the mean of the old ones. Each adapter is r 2 on q and v, and carries the token table and the head whole
(`modules_to_save`) or the rows of words 3, 96, 97 and 98 (`trainable_token_indices`). Tied tables stay tied. Two of the folders
have the copies that PEFT writes besides where a vocabulary was resized (`save_embedding_layers`).
"""

import json
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from float64 import check_float64, use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from tiny_qwen2 import EOS, TIED, UNTIED, VOCAB, Batch, Scores, load_float64

NEW = 3
TOKENS = [96, 3, 97, 98]
BOTH = {"modules_to_save": ["embed_tokens", "lm_head"]}
CASES = {
    "tied_tables": (TIED, {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True}, False),
    "untied_tables": (UNTIED, BOTH, True),
    "apart_tables": (TIED, BOTH, False),
    "tied_rows": (TIED, {"trainable_token_indices": TOKENS}, True),
    "untied_rows": (UNTIED, {"trainable_token_indices": {"embed_tokens": TOKENS, "lm_head": TOKENS}}, False),
}
OPTIONS = {"learningRate": 1e-3, "weightDecay": 0.1, "maxGradNorm": 0.5}


class NewBatch(Batch):
    """The texts of `Batch` with new words in prompts and completions, some of them several times."""

    def __init__(self):
        super().__init__()
        for row, place, word in [(0, 2, 96), (0, 6, 97), (0, 8, 97), (0, 9, 3), (1, 1, 98), (1, 4, 96), (1, 5, 96), (2, 3, 98)]:
            self.input_ids[row, place] = word
            self.rows[row][place] = word
            if self.labels[row, place] != -100:
                self.labels[row, place] = word
        assert self.rows[0][-1] == EOS


@torch.no_grad()
def with_new_words(model):
    """Three rows more, each the mean of the old ones."""
    model.resize_token_embeddings(VOCAB + NEW, mean_resizing=False)
    for table in {model.get_input_embeddings().weight, model.get_output_embeddings().weight}:
        table[VOCAB:] = table[:VOCAB].double().mean(0).to(table.dtype)
    return model


def save_adapter(name: str, seed: int) -> None:
    base, carried, save_embedding_layers = CASES[name]
    folder = FOLDER / "new_tokens" / name
    shutil.rmtree(folder, ignore_errors=True)
    model = with_new_words(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32))
    config = LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], **carried)
    model = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.requires_grad:
                drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float32)
                weight.copy_(0.1 * drawn + (0 if "lora_" in key else weight))
    model.peft_config["default"].base_model_name_or_path = f"kiln-golden/qwen2-tiny-{base.name}"
    model.save_pretrained(folder, save_embedding_layers=save_embedding_layers)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    fields = json.loads(path.read_text())
    for key in ("target_modules", "modules_to_save"):  # PEFT keeps sets here: their order changes from run to run
        fields[key] = fields[key] and sorted(fields[key])
    path.write_text(json.dumps(fields, indent=2, sort_keys=True))
    for file in folder.iterdir():
        file.chmod(0o644)


def saved_name(key: str) -> str:
    """The name of a parameter in adapter_model.safetensors."""
    return key.replace(".modules_to_save.default", "").replace(".default", "")


def golden(name: str) -> None:
    base, _, _ = CASES[name]
    batch = NewBatch()
    model = PeftModel.from_pretrained(
        with_new_words(load_float64(base)), FOLDER / "new_tokens" / name, is_trainable=True
    ).double()
    trained = {saved_name(key): weight for key, weight in model.named_parameters() if weight.requires_grad}
    gap = check_float64(lambda: Scores(model, batch, smallest_margin=0).loss, list(trained.values()))
    print(f"{name}: central difference agrees with the gradient to {gap:.1e}")

    optimizer = torch.optim.AdamW(trained.values(), lr=OPTIONS["learningRate"], weight_decay=OPTIONS["weightDecay"])
    scores = Scores(model, batch, smallest_margin=0.001)
    scores.loss.backward()
    gradients = {key: weight.grad.clone() for key, weight in trained.items()}
    torch.nn.utils.clip_grad_norm_(trained.values(), OPTIONS["maxGradNorm"])
    optimizer.step()
    with torch.no_grad():
        after = Scores(model, batch, smallest_margin=0)
    with torch.no_grad(), model.disable_adapter():
        disabled = Scores(model, batch, smallest_margin=0)
    new_rows = with_new_words(load_float64(base)).get_output_embeddings().weight[VOCAB:]
    save_arrays(f"new_tokens/{name}.outputs.safetensors", {"logits": scores.real_logits(), "newRows": new_rows})
    save_arrays(f"new_tokens/{name}.gradients.safetensors", gradients)
    save_arrays(f"new_tokens/{name}.weights.safetensors", trained)
    save_json(f"new_tokens/{name}.json", {
        "model": f"qwen2_tiny/{base.name}",
        "adapter": f"new_tokens/{name}",
        "options": OPTIONS,
        **batch.fields(),
        **scores.fields(),
        "gradientNorm": norm(*gradients.values()),
        "lossAfterStep": after.loss.item(),
        "lossWithAdapterDisabled": disabled.loss.item(),
    })


if __name__ == "__main__":
    for seed, name in enumerate(CASES, start=51):
        save_adapter(name, seed)
    use_float64()
    for name in CASES:
        golden(name)
