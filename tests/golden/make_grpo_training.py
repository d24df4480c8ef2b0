"""Makes grpo/training.*: four optimizer steps of TRL's GRPOTrainer on given completions, in float64.

Run alone: `python make_grpo_training.py` (after make_qwen2_tiny.py and make_lora.py). Two prompts with four completions
a generation batch, cut into two micro-batches that are accumulated, each generation batch used for two optimizer steps
(so old log-probabilities matter in the second), dapo loss with KL to a reference. The reference of the LoRA run is the
model with the adapter off. Every micro-batch that reaches the loss is recorded with its advantages and
log-probabilities, so a test can start anywhere.
"""

import torch
from safetensors.torch import load_file

from float64 import use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from make_lora import ADAPTERS
from replay_grpo import draw_completions, make_trainer, words
from tiny_qwen2 import EOS, TIED, draw_ids, load_float64

GENERATIONS, ROUNDS = 4, 2
LORA = "all_linear"
LENGTHS, TRUNCATED = [[8, 5, 3, 8, 6, 8, 2, 7], [4, 8, 7, 2, 5, 8, 8, 3]], [[0, 5], [6]]
OPTIONS = {
    "perDeviceTrainBatchSize": 4,
    "gradientAccumulationSteps": 2,
    "stepsPerGeneration": 2,
    "numIterations": 2,
    "numGenerations": GENERATIONS,
    "maxCompletionLength": 8,
    "maxSteps": 4,
    "lrSchedulerType": "constant",
    "maxGradNorm": 0.5,
    "weightDecay": 0.0,
    "lossType": "dapo",
    "scaleRewards": "group",
    "beta": 0.04,
    "useBiasCorrectionKl": False,
    "epsilon": 0.2,
    "epsilonHigh": 0.28,
    "temperature": 0.9,
    "rewardWeights": [1.0, 0.5],
    "maskTruncatedCompletions": False,
}
LEARNING_RATES = {"full": 4e-4, "lora": 1e-3}
# written whole; of all the others the JSON has the norm of the change
KEPT_LAYER = ".layers.1."  # of the LoRA run
KEPT_WEIGHTS = [
    "model.embed_tokens.weight",
    "model.layers.0.self_attn.q_proj.bias",
    "model.layers.1.self_attn.k_proj.weight",
    "model.norm.weight",
]


def even_words(completion_ids, **columns):
    """An eighth for each word with an even id."""
    return [sum(i % 2 == 0 for i in ids) / 8 for ids in completion_ids]


def ended(completion_ids, **columns):
    """1 when the completion ends with the end word."""
    return [float(ids[-1] == EOS) for ids in completion_ids]


def record_batches(trainer) -> list[dict]:
    """Makes the trainer note every micro-batch and its log-probabilities; returns the list it grows."""
    records, compute_loss = [], trainer._compute_loss
    keys = {
        "promptIds": "prompt_ids",
        "promptMask": "prompt_mask",
        "completionIds": "completion_ids",
        "completionMask": "completion_mask",
        "advantages": "advantages",
        "oldLogProbs": "old_per_token_logps",
        "referenceLogProbs": "ref_per_token_logps",
        "numItemsInBatch": "num_items_in_batch",
    }

    def compute_and_record(model, inputs):
        loss = compute_loss(model, inputs)
        fields = {name: inputs[key].tolist() for name, key in keys.items()}
        records.append({**fields, "logProbs": trainer.last_log_probs.tolist(), "loss": loss.item()})
        return loss

    trainer._compute_loss = compute_and_record
    return records


def load_adapter(model) -> None:
    """Puts the matrices of the saved adapter into the fresh one that TRL made."""
    saved = load_file(FOLDER / "lora" / LORA / "adapter_model.safetensors")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight.copy_(saved[name.replace(".default.", ".")])


def trained_weights(model) -> dict:
    return {
        name.replace(".default.", "."): weight.detach().clone()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


def run(name: str, with_adapter: bool, prompts: list, completions: list) -> None:
    trainer = make_trainer(
        load_float64(TIED),
        [even_words, ended],
        [words(prompt) for prompt in prompts],
        peft_config=ADAPTERS[LORA] if with_adapter else None,
        per_device_train_batch_size=OPTIONS["perDeviceTrainBatchSize"],
        gradient_accumulation_steps=OPTIONS["gradientAccumulationSteps"],
        steps_per_generation=OPTIONS["stepsPerGeneration"],
        num_iterations=OPTIONS["numIterations"],
        num_generations=OPTIONS["numGenerations"],
        max_completion_length=OPTIONS["maxCompletionLength"],
        max_steps=OPTIONS["maxSteps"],
        learning_rate=LEARNING_RATES[name],
        lr_scheduler_type=OPTIONS["lrSchedulerType"],
        max_grad_norm=OPTIONS["maxGradNorm"],
        weight_decay=OPTIONS["weightDecay"],
        loss_type=OPTIONS["lossType"],
        scale_rewards=OPTIONS["scaleRewards"],
        beta=OPTIONS["beta"],
        use_bias_correction_kl=OPTIONS["useBiasCorrectionKl"],
        epsilon=OPTIONS["epsilon"],
        epsilon_high=OPTIONS["epsilonHigh"],
        temperature=OPTIONS["temperature"],
        reward_weights=OPTIONS["rewardWeights"],
        mask_truncated_completions=OPTIONS["maskTruncatedCompletions"],
    ).replay(completions)
    if with_adapter:
        trainer.model.double()
        load_adapter(trainer.model)
    before = trained_weights(trainer.model)
    assert before, "nothing to train"
    batches = record_batches(trainer)
    trainer.train()
    after = trained_weights(trainer.model)

    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    accumulation = OPTIONS["gradientAccumulationSteps"]
    steps = [
        {
            "step": log["step"],
            "metrics": {key: value for key, value in sorted(log.items()) if key not in ("step", "step_time")},
            "batches": batches[index * accumulation : (index + 1) * accumulation],
        }
        for index, log in enumerate(logs)
    ]
    kept = [key for key in before if KEPT_LAYER in key] if with_adapter else KEPT_WEIGHTS
    save_arrays(f"grpo/training.{name}.weights.safetensors", {key: after[key] for key in kept})
    save_json(f"grpo/training.{name}.json", {
        "model": "qwen2_tiny/tied",
        "adapter": f"lora/{LORA}" if with_adapter else None,
        "options": {**OPTIONS, "learningRate": LEARNING_RATES[name]},
        "prompts": prompts,
        "completions": completions,
        "steps": steps,
        "updateNorms": {key: norm(after[key] - before[key]) for key in before},
    })


if __name__ == "__main__":
    use_float64()
    generator = torch.Generator().manual_seed(61)
    prompts = [draw_ids(length, generator) for length in (4, 6, 3, 5)]
    completions = [draw_completions(LENGTHS[i], TRUNCATED[i], generator) for i in range(ROUNDS)]
    run("full", False, prompts, completions)
    run("lora", True, prompts, completions)
