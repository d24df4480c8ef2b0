"""Makes grpo/losses.*: TRL's GRPO loss, gradient and metrics on one fixed batch, for every variant of the loss.

Run alone: `python make_grpo_losses.py` (after make_qwen2_tiny.py). The batch is synthetic: two prompts with four
completions each, two of them cut off before an end word, advantages of both signs and 0, and log-probabilities of the
old and the reference policy that are those of the model plus noise, so that ratios fall on both sides of the clipping
range. The loss is what `GRPOTrainer._compute_loss` returns, that is, already divided for gradient accumulation.
"""

import torch

from float64 import check_float64, use_float64
from golden_files import norm, save_arrays, save_json
from replay_grpo import draw_completions, make_trainer, words
from tiny_qwen2 import EOS, PAD, TIED, draw_ids, load_float64, pad_right

GENERATIONS = 4
MAX_COMPLETION_LENGTH = 10  # dr_grpo divides by this, not by the width of the batch (8)
# small ones at the bottom, the middle and the top; the norm of the whole gradient is in the JSON
GRADIENTS = [
    "model.layers.0.self_attn.q_proj.bias",
    "model.layers.1.self_attn.k_proj.bias",
    "model.layers.2.post_attention_layernorm.weight",
    "model.norm.weight",
]
SEED = 41

DEFAULTS = {
    "lossType": "dapo",
    "importanceSamplingLevel": "token",
    "epsilon": 0.2,
    "epsilonHigh": 0.2,
    "delta": None,
    "beta": 0.0,
    "useBiasCorrectionKl": False,  # TRL's own default is True: the KL is then multiplied by the ratio
    "temperature": 1.0,
    "gradientAccumulationSteps": 1,
    "stepsPerGeneration": 1,
    "maskTruncatedCompletions": False,
    "onPolicy": False,
    "numItemsInBatch": None,
}
SEQUENCE = {"importanceSamplingLevel": "sequence", "epsilon": 0.05, "epsilonHigh": 0.08}
NORMALISERS = ["grpo", "bnpo", "dr_grpo", "dapo"]
CASES = {
    **{f"{name}": {"lossType": name} for name in NORMALISERS},
    **{f"{name}_kl": {"lossType": name, "beta": 0.04} for name in NORMALISERS},
    **{
        f"{name}_masked": {"lossType": name, "beta": 0.04, "maskTruncatedCompletions": True} for name in NORMALISERS
    },
    "dapo_epsilon_high": {"epsilonHigh": 0.4},
    "dapo_delta": {"delta": 1.35},
    "dapo_on_policy": {"onPolicy": True},
    "grpo_on_policy_kl": {"lossType": "grpo", "onPolicy": True, "beta": 0.04},
    "dapo_corrected_kl": {"beta": 0.04, "useBiasCorrectionKl": True},
    "grpo_on_policy_corrected_kl": {"lossType": "grpo", "onPolicy": True, "beta": 0.04, "useBiasCorrectionKl": True},
    "grpo_sequence_corrected_kl": {"lossType": "grpo", "beta": 0.04, "useBiasCorrectionKl": True, **SEQUENCE},
    "grpo_temperature": {"lossType": "grpo", "beta": 0.04, "temperature": 0.9},
    "dapo_temperature": {"temperature": 0.9},
    "grpo_sequence": {"lossType": "grpo", **SEQUENCE},
    "dapo_sequence_kl": {"beta": 0.04, **SEQUENCE},
    "grpo_sequence_masked": {"lossType": "grpo", "maskTruncatedCompletions": True, **SEQUENCE},
    "grpo_accumulation": {"lossType": "grpo", "gradientAccumulationSteps": 2, "stepsPerGeneration": 2},
    "dapo_accumulation": {"gradientAccumulationSteps": 2, "stepsPerGeneration": 2, "numItemsInBatch": 90},
    "dapo_long_generation": {"gradientAccumulationSteps": 2, "stepsPerGeneration": 4, "numItemsInBatch": 180},
    "cispo": {"lossType": "cispo", "epsilonHigh": 1.3},
    "cispo_kl": {"lossType": "cispo", "epsilonHigh": 1.3, "beta": 0.04},
    "sapo": {"lossType": "sapo"},
    "sapo_sequence_kl": {"lossType": "sapo", "importanceSamplingLevel": "sequence", "beta": 0.04},
}


class GrpoBatch:
    """Eight rows: prompts padded on the left to 6, completions padded on the right to 8."""

    def __init__(self, seed: int):
        generator = torch.Generator().manual_seed(seed)
        self.prompts = [draw_ids(4, generator), draw_ids(6, generator)]
        rows = [prompt for prompt in self.prompts for _ in range(GENERATIONS)]
        completions = draw_completions([8, 5, 3, 8, 6, 8, 2, 7], truncated=[0, 5], generator=generator)
        width = max(len(prompt) for prompt in rows)
        self.prompt_ids = torch.tensor([[PAD] * (width - len(row)) + row for row in rows])
        self.prompt_mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        self.completion_ids = pad_right(completions, PAD)
        self.completion_mask = pad_right([[1] * len(row) for row in completions], 0)
        ended = torch.tensor([row[-1] == EOS for row in completions])
        self.masked_completion_mask = self.completion_mask * ended[:, None]
        self.advantages = torch.tensor([1.2, -0.7, 0.3, -0.8, 0.0, 1.5, -1.1, -0.4])
        shape = self.completion_ids.shape
        self.old_noise = 0.3 * torch.randn(shape, generator=generator, dtype=torch.float64)
        self.reference_noise = 0.25 * torch.randn(shape, generator=generator, dtype=torch.float64)
        self.policies = {}

    def at_temperature(self, trainer) -> dict:
        """Log-probabilities of model, old and reference policy at the trainer's temperature, 0 at padding."""
        if trainer.temperature not in self.policies:
            with torch.no_grad():
                ids = torch.cat([self.prompt_ids, self.completion_ids], 1)
                mask = torch.cat([self.prompt_mask, self.completion_mask], 1)
                model_log_probs, entropy, _ = trainer._get_per_token_logps_and_entropies(
                    trainer.model, ids, mask, self.completion_ids.shape[1], compute_entropy=True
                )
            self.policies[trainer.temperature] = {
                "logProbs": model_log_probs,
                "entropy": entropy,
                "oldLogProbs": (model_log_probs + self.old_noise) * self.completion_mask,
                "referenceLogProbs": (model_log_probs + self.reference_noise) * self.completion_mask,
            }
        return self.policies[trainer.temperature]

    def inputs(self, options: dict, trainer) -> dict:
        """What TRL's rollout hands to the loss."""
        policies = self.at_temperature(trainer)
        mask = self.masked_completion_mask if options["maskTruncatedCompletions"] else self.completion_mask
        inputs = {
            "prompt_ids": self.prompt_ids,
            "prompt_mask": self.prompt_mask,
            "completion_ids": self.completion_ids,
            "completion_mask": mask,
            "advantages": self.advantages,
            "num_items_in_batch": torch.tensor(options["numItemsInBatch"] or int(mask.sum())),
            "ref_per_token_logps": policies["referenceLogProbs"],
        }
        if not options["onPolicy"]:
            inputs["old_per_token_logps"] = policies["oldLogProbs"]
        return inputs

    def fields(self) -> dict:
        return {
            "promptIds": self.prompt_ids.tolist(),
            "promptMask": self.prompt_mask.tolist(),
            "completionIds": self.completion_ids.tolist(),
            "completionMask": self.completion_mask.tolist(),
            "maskedCompletionMask": self.masked_completion_mask.tolist(),
            "advantages": self.advantages.tolist(),
            "policies": [
                {"temperature": temperature, **{name: rows.tolist() for name, rows in policies.items()}}
                for temperature, policies in self.policies.items()
            ],
        }


def trainer_for(options: dict, prompts: list):
    model = load_float64(TIED)
    trainer = make_trainer(
        model,
        lambda completions, **columns: [0.0] * len(completions),
        [words(prompt) for prompt in prompts],
        per_device_train_batch_size=8,
        num_generations=GENERATIONS,
        max_completion_length=MAX_COMPLETION_LENGTH,
        loss_type=options["lossType"],
        importance_sampling_level=options["importanceSamplingLevel"],
        epsilon=options["epsilon"],
        epsilon_high=options["epsilonHigh"],
        delta=options["delta"],
        beta=options["beta"],
        use_bias_correction_kl=options["useBiasCorrectionKl"],
        temperature=options["temperature"],
        gradient_accumulation_steps=options["gradientAccumulationSteps"],
        steps_per_generation=options["stepsPerGeneration"],
    )
    trainer.current_gradient_accumulation_steps = options["gradientAccumulationSteps"]
    model.train()
    return trainer


if __name__ == "__main__":
    use_float64()
    batch, cases, arrays = GrpoBatch(SEED), [], {}
    for name, changes in CASES.items():
        options = {**DEFAULTS, **changes}
        trainer = trainer_for(options, batch.prompts)
        inputs = batch.inputs(options, trainer)
        options["numItemsInBatch"] = int(inputs["num_items_in_batch"])
        if name == "dapo_kl":
            gap = check_float64(lambda: trainer._compute_loss(trainer.model, inputs), list(trainer.model.parameters()))
            print(f"central difference agrees with the gradient to {gap:.1e}")
            trainer._metrics["train"].clear()
        loss = trainer._compute_loss(trainer.model, inputs)
        loss.backward()
        gradients = {key: weight.grad for key, weight in trainer.model.named_parameters()}
        cases.append({
            "name": name,
            "options": options,
            "loss": loss.item(),
            "gradNorm": norm(*gradients.values()),
            "metrics": {key: values[0] for key, values in sorted(trainer._metrics["train"].items())},
        })
        arrays |= {f"{name}.{key}": gradients[key] for key in GRADIENTS}
    save_arrays("grpo/losses.gradients.safetensors", arrays)
    save_json("grpo/losses.json", {
        "model": "qwen2_tiny/tied",
        "numGenerations": GENERATIONS,
        "maxCompletionLength": MAX_COMPLETION_LENGTH,
        "sapoTemperaturePos": trainer.args.sapo_temperature_pos,
        "sapoTemperatureNeg": trainer.args.sapo_temperature_neg,
        "batch": batch.fields(),
        "cases": cases,
    })
