"""Makes trajectory/: 50 steps of TRL's SFTTrainer on each family of models, and six of its GRPOTrainer, in float64.

Run alone: `python make_trajectory.py` (after make_qwen2_tiny.py, make_qwen3_tiny.py and make_llama_tiny.py). Batch 2,
accumulation 2, warm-up of 5 steps, cosine schedule, weight decay, clipping that some steps need and others do not. The
rows are taken in order, several times over, and their number is not a multiple of 4: the last step of an epoch is
smaller.

The script runs itself a second time with unchanged TRL in float32. What that differs by over the same steps is what
rounding alone does, and is written beside the numbers.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from safetensors.torch import load_file
from torch.utils.data import SequentialSampler
from transformers import AutoModelForCausalLM, TrainerCallback
from transformers.trainer_pt_utils import LabelSmoother
from trl import SFTConfig, SFTTrainer

from float64 import check_float64, use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from make_grpo_training import ended, even_words
from make_sft import trained_weights
from make_sft_variants import camel, check_isolated, draw_rows
from replay_grpo import draw_completions, make_trainer, words
from tiny_qwen2 import IGNORED, draw_ids, load_float64, word_tokenizer

STEPS, WARMUP_STEPS = 50, 5
METRICS = ["loss", "grad_norm", "learning_rate", "mean_token_accuracy", "entropy", "num_tokens"]
CHANGES_AT = [2, 10, STEPS]  # the first step has learning rate 0
COMMON = {
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 2,
    "lr_scheduler_type": "cosine",
    "warmup_steps": WARMUP_STEPS,
    "adam_beta1": 0.9,
    "adam_beta2": 0.99,
    "adam_epsilon": 1e-8,
    "weight_decay": 0.1,
}
FULL = {"model": "qwen2_tiny/tied", "adapter": None}
QWEN3 = {"model": "qwen3_tiny/tied", "adapter": "qwen3_tiny/lora"}
LLAMA = {"model": "llama_tiny/llama3", "adapter": "llama_tiny/lora"}
PACKING = {"packing": True, "packing_strategy": "bfd", "max_length": 28}
SFT_RUNS = {
    "qwen2": (FULL, 41, {"learning_rate": 1e-3, "max_grad_norm": 6.0}),
    "qwen3.packed": (QWEN3, 90, {"learning_rate": 1e-2, "max_grad_norm": 1.6, **PACKING}),
    "qwen3.smoothed": (QWEN3, 42, {"learning_rate": 1e-2, "max_grad_norm": 2.5, "label_smoothing_factor": 0.1}),
    "llama": (LLAMA, 43, {"learning_rate": 1e-2, "max_grad_norm": 3.5}),
    "llama.dft": (LLAMA, 41, {"learning_rate": 1e-2, "max_grad_norm": 0.1, "loss_type": "dft"}),
}
GRPO_RUNS = {
    "qwen3.grpo": (QWEN3, 85, {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon_high": 0.2}),
    "llama.grpo": (LLAMA, 98, {"loss_type": "dapo", "importance_sampling_level": "token", "epsilon_high": 0.28}),
}
LENGTHS = [[8, 5, 3, 8, 6, 8, 2, 7], [4, 8, 7, 2, 5, 8, 8, 3], [6, 3, 8, 4, 8, 8, 7, 5]]
TRUNCATED = [[0, 5], [6], [2]]
# Written whole: of the full model five weights of all kinds, of an adapter the factors of four matrices of the last
# layer. Of all others the JSON has the norm.
KEPT_WEIGHTS = [
    "model.layers.0.self_attn.q_proj.bias",
    "model.layers.1.self_attn.v_proj.weight",
    "model.layers.1.self_attn.k_proj.bias",
    "model.layers.2.input_layernorm.weight",
    "model.norm.weight",
]
KEPT_FACTORS = re.compile(r"\.layers\.1\.(self_attn\.[qk]|mlp\.(up|down))_proj\.lora_")


class Float64Smoother(LabelSmoother):
    """transformers' label smoothing without its cast to float32."""

    def __call__(self, model_output, labels, shift_labels=False, num_items_in_batch=None):
        log_probs = model_output["logits"][:, :-1].log_softmax(-1)
        targets = labels[:, 1:]
        trained = targets != IGNORED
        chosen = log_probs.gather(-1, targets.clamp(min=0)[..., None]).squeeze(-1)
        scores = (1 - self.epsilon) * chosen + self.epsilon * log_probs.mean(-1)
        return -scores[trained].sum() / num_items_in_batch


class TrajectoryTrainer(SFTTrainer):
    """SFTTrainer that takes the rows in order; in float64 it also makes sure that float32 decides nothing otherwise."""

    def _get_train_sampler(self, dataset=None):
        return SequentialSampler(self.train_dataset)

    def training_step(self, model, inputs, num_items_in_batch=None):
        if torch.get_default_dtype() == torch.float64:
            check_accuracy(model, inputs)
        loss = super().training_step(model, inputs, num_items_in_batch)
        assert loss.dtype == torch.get_default_dtype()
        return loss


@torch.no_grad()
def check_accuracy(model, inputs, smallest: float = 2e-4) -> None:
    """Raises when a target is so nearly the most likely word that float32 could count it otherwise."""
    batch = {key: value for key, value in inputs.items() if key != "labels"}
    logits, targets = model(**batch, use_cache=False).logits[:, :-1], inputs["labels"][:, 1:]
    logits, targets = logits[targets != IGNORED], targets[targets != IGNORED][:, None]
    others = logits.scatter(-1, targets, -torch.inf).max(-1).values
    margin = (logits.gather(-1, targets).squeeze(-1) - others).abs().min().item()
    if margin < smallest:
        raise AssertionError(f"choose another seed: a target is within {margin} of another word")


def check_loss(trainer) -> float:
    """Proves that nothing between weights and loss is float32; dft's gradient is not the derivative of its loss."""
    batch = trainer.data_collator([dict(row) for row in trainer.train_dataset][:2])
    count = (batch["labels"] != IGNORED).sum()
    return check_float64(
        lambda: trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=count),
        list(trainer.model.parameters()),
    )


class Snapshots(TrainerCallback):
    """Keeps by how much each weight has changed after some steps."""

    def __init__(self, model, steps):
        self.steps, self.changes = steps, {}
        self.first = trained_weights(model)

    def on_step_end(self, args, state, control, model=None, **unused):
        if state.global_step in self.steps:
            now = trained_weights(model)
            self.changes[state.global_step] = {name: now[name] - first for name, first in self.first.items()}


def load_model(folder: str):
    if torch.get_default_dtype() == torch.float64:
        return load_float64(FOLDER / folder)
    return AutoModelForCausalLM.from_pretrained(FOLDER / folder, dtype=torch.float32, attn_implementation="sdpa")


def load_adapter(model, adapter: str | None):
    if adapter is None:
        return model
    return PeftModel.from_pretrained(model, FOLDER / adapter, is_trainable=True).to(torch.get_default_dtype())


def train_sft(models: dict, rows: list, options: dict) -> dict:
    """Trains and returns what was logged of each step and the changes of the kept weights."""
    model = load_adapter(load_model(models["model"]), models["adapter"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = TrajectoryTrainer(
            model=model,
            args=SFTConfig(
                output_dir=folder,
                max_steps=STEPS,
                completion_only_loss=True,
                bf16=False,
                gradient_checkpointing=False,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
                **{"packing": False, **COMMON, **options},
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=word_tokenizer(),
        )
        if torch.get_default_dtype() == torch.float64:
            if trainer.label_smoother is not None:
                trainer.label_smoother = Float64Smoother(epsilon=trainer.label_smoother.epsilon)
            if options.get("packing"):
                check_isolated(model, trainer.data_collator, [dict(row) for row in trainer.train_dataset][:2])
        snapshots = Snapshots(model, CHANGES_AT)
        trainer.add_callback(snapshots)
        trainer.train()
        if torch.get_default_dtype() == torch.float64 and trainer.args.loss_type != "dft":
            print(f"{len(trainer.train_dataset)} rows; central difference agrees to {check_loss(trainer):.1e}")
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(logs) == STEPS
    return {"steps": {metric: [log[metric] for log in logs] for metric in METRICS}, "changes": snapshots.changes}


GRPO_OPTIONS = {
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "steps_per_generation": 2,
    "num_iterations": 2,
    "num_generations": 4,
    "max_completion_length": 8,
    "max_steps": 2 * len(LENGTHS),
    "learning_rate": 3e-3,
    "lr_scheduler_type": "cosine",
    "warmup_steps": 1,
    "max_grad_norm": 2.0,
    "weight_decay": 0.1,
    "scale_rewards": "group",
    "beta": 0.04,
    "use_bias_correction_kl": False,
    "epsilon": 0.2,
    "temperature": 0.9,
    "reward_weights": [1.0, 0.5],
    "mask_truncated_completions": False,
}


def train_grpo(models: dict, prompts: list, completions: list, options: dict) -> dict:
    """The same for GRPO with given completions; the reference is the model with the adapter off."""
    trainer = make_trainer(
        load_model(models["model"]),
        [even_words, ended],
        [words(prompt) for prompt in prompts],
        peft_config=LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, target_modules="all-linear"),
        **GRPO_OPTIONS,
        **options,
    ).replay(completions)
    trainer.model.to(torch.get_default_dtype())
    saved = load_file(FOLDER / models["adapter"] / "adapter_model.safetensors")
    with torch.no_grad():
        for name, weight in trainer.model.named_parameters():
            if weight.requires_grad:
                weight.copy_(saved[name.replace(".default.", ".")])
    snapshots = Snapshots(trainer.model, [2, GRPO_OPTIONS["max_steps"]])
    trainer.add_callback(snapshots)
    trainer.train()
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    # Reward and length metrics come only with new completions.
    names = sorted({name for log in logs for name in log} - {"step", "step_time"})
    return {"steps": {name: [log.get(name) for log in logs] for name in names}, "changes": snapshots.changes}


def train_all() -> dict:
    """Name of a run -> what it is, and what came of it."""
    runs = {}
    for seed, (name, (models, count, options)) in enumerate(SFT_RUNS.items(), start=70):
        rows = draw_rows(count, seed, 18 if options.get("packing") else 9)
        settings = {**COMMON, **options, "max_steps": STEPS}
        runs[name] = {
            **models,
            "options": settings,
            "rows": [row["input_ids"] for row in rows],
            "promptLengths": [row["completion_mask"].index(1) for row in rows],
            **train_sft(models, rows, options),
        }
    for name, (models, seed, options) in GRPO_RUNS.items():
        generator = torch.Generator().manual_seed(seed)
        prompts = [draw_ids(length, generator) for length in (4, 6, 3, 5)]
        completions = [draw_completions(*given, generator) for given in zip(LENGTHS, TRUNCATED)]
        given = {"prompts": prompts, "completions": completions}
        settings = {**GRPO_OPTIONS, **options}
        runs[name] = {**models, "options": settings, **given, **train_grpo(models, prompts, completions, options)}
    return runs


def is_kept(weight: str) -> bool:
    return weight in KEPT_WEIGHTS or KEPT_FACTORS.search(weight) is not None


def distance(actual: list, expected: list) -> float:
    """Norm of the difference over the norm of what is expected, to two digits."""
    actual, expected = (
        torch.cat([torch.as_tensor(part).double().flatten() for part in parts]) for parts in (actual, expected)
    )
    return float(f"{((actual - expected).norm() / expected.norm().clamp(min=1e-300)).item():.1e}")


def rounding_errors(single: dict, double: dict) -> dict:
    """What float32 differs by: a metric in all steps up to some, and the kept changes of weights together."""
    at = [1, 10, STEPS] if len(double["steps"]["loss"]) == STEPS else [1, GRPO_OPTIONS["max_steps"]]
    errors = {
        metric: [distance([single["steps"][metric][:step]], [values[:step]]) for step in at]
        for metric, values in double["steps"].items()
        if metric in ("loss", "grad_norm", "entropy", "kl")
    }
    changes = [
        distance(*[[run["changes"][step][weight] for weight in changes if is_kept(weight)] for run in (single, double)])
        for step, changes in double["changes"].items()
    ]
    return {"metricsAt": at, **errors, "change": changes}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--float32"]:
        torch.set_num_threads(1)
        torch.save(train_all(), sys.argv[2])
        sys.exit()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float32.pt"
        subprocess.run([sys.executable, __file__, "--float32", str(path)], check=True)
        single = torch.load(path)
    use_float64()
    for name, run in train_all().items():
        errors = rounding_errors(single[name], run)
        print(name, errors)
        changes = run.pop("changes")
        last = list(changes.values())[-1]
        save_json(f"trajectory/{name}.json", {
            **run,
            "options": {camel(key): value for key, value in run["options"].items()},
            "changesAt": list(changes),
            "changeNorms": {weight: norm(change) for weight, change in last.items()},
            "float32": errors,
        })
        save_arrays(f"trajectory/{name}.changes.safetensors", {
            f"{step}.{weight}": change
            for step, of_step in changes.items()
            for weight, change in of_step.items()
            if is_kept(weight)
        })
