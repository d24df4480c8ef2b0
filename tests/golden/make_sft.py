"""Makes sft/: runs of TRL's own SFTTrainer on the model qwen2_tiny/tied, in float64, with every batch recorded.

Run alone: `python make_sft.py` (after make_qwen2_tiny.py and make_lora.py). Tokenised rows with a completion mask,
completion-only loss, no packing, batch 2, accumulation 2, AdamW with weight decay on matrices only, clipping at 0.5.
`one_step` has no warm-up; `five_steps` warms up for 2 steps, so its first step has learning rate 0 and changes nothing.
Only the order of the rows is ours: first to last instead of shuffled.
"""

import tempfile

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.data import SequentialSampler
from trl import SFTConfig, SFTTrainer

from float64 import use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from tiny_qwen2 import EOS, IGNORED, TIED, check_margin, draw_ids, load_float64, word_tokenizer

OPTIONS = {
    "perDeviceTrainBatchSize": 2,
    "gradientAccumulationSteps": 2,
    "learningRate": 1e-3,
    "adamBeta1": 0.9,
    "adamBeta2": 0.999,
    "adamEpsilon": 1e-8,
    "weightDecay": 0.1,
    "maxGradNorm": 0.5,
    "lrSchedulerType": "linear",
}
LORA = "lora/all_linear"
ROWS_SEED = 31
METRICS = ["loss", "grad_norm", "learning_rate", "mean_token_accuracy", "entropy", "num_tokens", "epoch"]
# written whole; of all the others the JSON has the norm of the change
KEPT_LAYER = ".layers.1."  # of the LoRA runs
KEPT_WEIGHTS = [
    "model.embed_tokens.weight",
    "model.layers.0.self_attn.q_proj.bias",
    "model.layers.1.self_attn.k_proj.weight",
    "model.layers.2.input_layernorm.weight",
    "model.norm.weight",
]


def draw_rows(count: int, seed: int, models: list) -> list[dict]:
    """Rows of 5 to 14 words: prompt, completion, end word.

    Some completion words are what one of `models` finds most likely, so that the accuracy is not 0.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for index in range(count):
        prompt_length, completion_length = torch.randint(2, 7, (2,), generator=generator).tolist()
        ids = draw_ids(prompt_length + completion_length, generator)
        for place in range(prompt_length, len(ids), 2):
            ids[place] = most_likely(models[index % len(models)], ids[:place])
        mask = [0] * prompt_length + [1] * (completion_length + 1)
        rows.append({"input_ids": ids + [EOS], "completion_mask": mask})
    return rows


@torch.no_grad()
def most_likely(model, ids: list[int]) -> int:
    return model(torch.tensor([ids])).logits[0, -1].argmax().item()


class RecordingTrainer(SFTTrainer):
    """SFTTrainer that takes the rows in order and writes down what it is given."""

    def __init__(self, *arguments, **options):
        self.batches = []
        super().__init__(*arguments, **options)

    def _get_train_sampler(self, dataset=None):
        return SequentialSampler(self.train_dataset)

    def training_step(self, model, inputs, num_items_in_batch=None):
        fields = {"inputIds": "input_ids", "attentionMask": "attention_mask", "labels": "labels"}
        batch = {name: inputs[key].tolist() for name, key in fields.items()}
        self.batches.append((batch, int(num_items_in_batch)))
        with torch.no_grad():
            logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        check_margin(logits[:, :-1][inputs["labels"][:, 1:] != IGNORED], smallest=0.002)
        return super().training_step(model, inputs, num_items_in_batch)


def trained_weights(model) -> dict:
    return {
        name.replace(".default.", "."): weight.detach().clone()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


def make_model(adapter: str | None):
    model = load_float64(TIED)
    if adapter is None:
        return model
    return PeftModel.from_pretrained(model, FOLDER / adapter, is_trainable=True).double()


@torch.no_grad()
def check_rows(model, rows: list[dict]) -> None:
    """Raises when a trained word of a row is not clearly right or wrong."""
    for row in rows:
        logits = model(torch.tensor([row["input_ids"]])).logits[0, :-1]
        check_margin(logits[torch.tensor(row["completion_mask"][1:]).bool()], smallest=0.002)


def run(name: str, adapter: str | None, rows: list, eval_rows: list, steps: int, warmup_steps: int) -> None:
    """Trains for `steps` and writes metrics, batches, and weights after the last step."""
    model = make_model(adapter)
    before = trained_weights(model)
    with tempfile.TemporaryDirectory() as folder:
        trainer = RecordingTrainer(
            model=model,
            args=SFTConfig(
                output_dir=folder,
                per_device_train_batch_size=OPTIONS["perDeviceTrainBatchSize"],
                per_device_eval_batch_size=2,
                gradient_accumulation_steps=OPTIONS["gradientAccumulationSteps"],
                learning_rate=OPTIONS["learningRate"],
                adam_beta1=OPTIONS["adamBeta1"],
                adam_beta2=OPTIONS["adamBeta2"],
                adam_epsilon=OPTIONS["adamEpsilon"],
                weight_decay=OPTIONS["weightDecay"],
                max_grad_norm=OPTIONS["maxGradNorm"],
                lr_scheduler_type=OPTIONS["lrSchedulerType"],
                warmup_steps=warmup_steps,
                max_steps=steps,
                completion_only_loss=True,
                packing=False,
                bf16=False,
                gradient_checkpointing=False,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_list(rows),
            eval_dataset=Dataset.from_list(eval_rows),
            processing_class=word_tokenizer(),
        )
        trainer.train()
        after = trained_weights(model)
        check_rows(model.eval(), eval_rows)
        evaluation = trainer.evaluate()

    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    accumulation = OPTIONS["gradientAccumulationSteps"]
    records = []
    for index, log in enumerate(logs):
        batches = trainer.batches[index * accumulation : (index + 1) * accumulation]
        records.append({
            "step": log["step"],
            **{metric: log[metric] for metric in METRICS},
            "lossTokens": batches[0][1],
            "batches": [batch for batch, _ in batches],
        })
    kept = [key for key in before if KEPT_LAYER in key] if adapter else KEPT_WEIGHTS
    save_arrays(f"sft/{name}.weights.safetensors", {key: after[key] for key in kept})
    save_json(f"sft/{name}.json", {
        "model": "qwen2_tiny/tied",
        "adapter": adapter,
        "options": {**OPTIONS, "maxSteps": steps, "warmupSteps": warmup_steps},
        "weightDecayNames": decayed_names(trainer),
        "steps": records,
        "updateNorms": {key: norm(after[key] - before[key]) for key in before},
        "evaluation": {
            "rows": eval_rows,
            "perDeviceEvalBatchSize": 2,
            "metrics": {
                key: evaluation[key] for key in ("eval_loss", "eval_mean_token_accuracy", "eval_entropy")
            },
        },
    })


def decayed_names(trainer) -> list[str]:
    """The weights in the optimizer's group with weight decay."""
    names = {id(weight): name.replace(".default.", ".") for name, weight in trainer.model.named_parameters()}
    groups = trainer.optimizer.param_groups
    return [names[id(weight)] for group in groups if group["weight_decay"] > 0 for weight in group["params"]]


if __name__ == "__main__":
    use_float64()
    models = [make_model(None), make_model(LORA)]
    rows, eval_rows = draw_rows(20, ROWS_SEED, models), draw_rows(5, ROWS_SEED + 1, models)
    for kind, adapter in (("full", None), ("lora", LORA)):
        run(f"{kind}.one_step", adapter, rows, eval_rows, steps=1, warmup_steps=0)
        run(f"{kind}.five_steps", adapter, rows, eval_rows, steps=5, warmup_steps=2)
