"""Makes dpo/training.*: four optimizer steps of TRL's DPOTrainer of two pairs twice, and an evaluation, in float64.

Run alone: `python make_dpo_training.py` (after make_qwen2_tiny.py and make_lora.py). The reference of `full` is the
first model, of `lora` (a fresh adapter: B is 0) the model with the adapter off, of `continued` the trained adapter as it was.
"""

import torch
import trl.trainer.utils as trl_utils
from peft import PeftModel

from float64 import use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from make_dpo import SEED, Head, draw_pairs, make_trainer
from tiny_qwen2 import TIED, load_float64

OPTIONS = {
    "perDeviceTrainBatchSize": 2,
    "gradientAccumulationSteps": 2,
    "maxSteps": 4,
    "lrSchedulerType": "linear",
    "weightDecay": 0.1,
    "maxGradNorm": 1.0,
    "beta": 0.2,
    "lossType": ["sigmoid"],
}
LEARNING_RATES = {"full": 4e-4, "lora": 3e-3, "continued": 2e-3}
LORA = FOLDER / "lora" / "all_linear"
# written whole; of all the others the JSON has the norm of the change
KEPT_LAYER = ".layers.1."  # of the LoRA runs
KEPT_WEIGHTS = [
    "model.embed_tokens.weight",
    "model.layers.0.self_attn.q_proj.bias",
    "model.layers.1.self_attn.k_proj.weight",
    "model.norm.weight",
]


def trained_weights(model) -> dict:
    return {
        name.replace(".default.", "."): weight.detach().clone()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


def run(name: str, pairs: list[dict], eval_pairs: list[dict]) -> None:
    model, peft_config = load_float64(TIED), None
    if name != "full":
        model = PeftModel.from_pretrained(model, LORA, is_trainable=True).double()
    if name == "lora":
        # TRL takes an adapter that it makes itself for a fresh one, and turns it off for the reference
        given = {key: weight.detach().clone() for key, weight in model.named_parameters()}
        peft_config, model = model.peft_config["default"], load_float64(TIED)
        peft_config.inference_mode = False
    trainer = make_trainer(
        model,
        pairs,
        eval_pairs,
        peft_config,
        per_device_train_batch_size=OPTIONS["perDeviceTrainBatchSize"],
        per_device_eval_batch_size=2,
        gradient_accumulation_steps=OPTIONS["gradientAccumulationSteps"],
        max_steps=OPTIONS["maxSteps"],
        learning_rate=LEARNING_RATES[name],
        lr_scheduler_type=OPTIONS["lrSchedulerType"],
        weight_decay=OPTIONS["weightDecay"],
        max_grad_norm=OPTIONS["maxGradNorm"],
        beta=OPTIONS["beta"],
        loss_type=OPTIONS["lossType"],
    )
    if name == "lora":
        trainer.model.double()
        with torch.no_grad():
            for key, weight in trainer.model.named_parameters():
                if "lora_A" in key:
                    weight.copy_(given[key])
    before = trained_weights(trainer.model)
    trainer.train()
    after = trained_weights(trainer.model)
    evaluation = trainer.evaluate()

    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    timing = ("step_time", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second")
    dropped = ("step", "eval_num_tokens", *timing)
    steps = [{key: value for key, value in sorted(log.items()) if key not in dropped} for log in logs]
    kept = [key for key in before if KEPT_LAYER in key] if name != "full" else KEPT_WEIGHTS
    save_arrays(f"dpo/training.{name}.weights.safetensors", {key: after[key] for key in kept})
    save_json(f"dpo/training.{name}.json", {
        "model": "qwen2_tiny/tied",
        "adapter": None if name == "full" else "lora/all_linear",
        "options": {**OPTIONS, "learningRate": LEARNING_RATES[name]},
        "pairs": pairs,
        "steps": steps,
        "updateNorms": {key: norm(after[key] - before[key]) for key in before},
        "evaluation": {
            "pairs": eval_pairs,
            "perDeviceEvalBatchSize": 2,
            "metrics": {key: value for key, value in sorted(evaluation.items()) if key not in (*dropped, "epoch")},
        },
    })


if __name__ == "__main__":
    use_float64()
    trl_utils._ChunkedLogProbFunction = Head
    lengths = [(2 + i % 5, 3 + (3 * i) % 6, 2 + (5 * i) % 7) for i in range(20)]
    pairs, eval_pairs = draw_pairs(lengths[:16], SEED + 1), draw_pairs(lengths[16:], SEED + 2)
    for name in LEARNING_RATES:
        run(name, pairs, eval_pairs)
