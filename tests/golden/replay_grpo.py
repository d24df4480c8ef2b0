"""TRL's GRPOTrainer with completions read from a list instead of sampled, so that a run can be repeated elsewhere.

Everything else is TRL's code: rewards, advantages, masks, old and reference log-probabilities, loss, optimizer.
"""

import tempfile

import torch
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer
from trl.trainer import grpo_trainer

from tiny_qwen2 import EOS, draw_ids, word_tokenizer

# A generation batch is shuffled before it is cut into micro-batches: keep the order instead.
grpo_trainer.shuffle_sequence_dict = lambda rows: rows


class ReplayTrainer(GRPOTrainer):
    """Give `completions` (one list of id lists for each generation batch) to `replay` before use."""

    def replay(self, completions: list[list[list[int]]]) -> "ReplayTrainer":
        self.waiting = list(completions)
        return self

    def _generate_single_turn(self, prompt_ids, images, multimodal_fields, num_generations):
        return self.waiting.pop(0), None

    def _get_per_token_logps_and_entropies(self, *arguments, **options):
        result = super()._get_per_token_logps_and_entropies(*arguments, **options)
        self.last_log_probs, self.last_entropy = result[0], result[1]
        return result

    def _compute_loss(self, model, inputs):
        loss = super()._compute_loss(model, inputs)
        if "old_per_token_logps" in inputs:
            self.check_ratios(inputs)
        return loss

    @torch.no_grad()
    def check_ratios(self, inputs, smallest: float = 5e-4) -> None:
        """Raises when a ratio is so near a clipping bound that float32 could fall on its other side."""
        mask = inputs["completion_mask"].bool()
        log_ratio = self.last_log_probs - inputs["old_per_token_logps"]
        if self.importance_sampling_level == "sequence":
            log_ratio = (log_ratio * mask).sum(-1) / mask.sum(-1).clamp(min=1)
            ratios = log_ratio.exp()[mask.any(-1)]
        else:
            ratios = log_ratio.exp()[mask]
        bounds = [1 - self.epsilon_low, 1 + self.epsilon_high, self.epsilon_high, self.args.delta]
        for bound in bounds:
            if bound is not None and (ratios - bound).abs().min() < smallest:
                raise AssertionError(f"choose another seed: a ratio is within {smallest} of the bound {bound}")


def make_trainer(model, reward_funcs, prompts: list[str], peft_config=None, **options) -> ReplayTrainer:
    """A trainer on the CPU in float64; `options` are GRPOConfig's own."""
    trainer = ReplayTrainer(
        model=model,
        reward_funcs=reward_funcs,
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(),
            bf16=False,
            gradient_checkpointing=False,
            shuffle_dataset=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            **options,
        ),
        train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
        processing_class=word_tokenizer(),
        peft_config=peft_config,
    )
    if trainer.ref_model is not None:  # TRL loads it itself, in float32
        trainer.ref_model.double()
    return trainer


def words(ids: list[int]) -> str:
    """Ids as the text that the word tokenizer turns back into them."""
    return " ".join(f"w{i}" for i in ids)


def draw_completions(lengths: list[int], truncated: list[int], generator: torch.Generator) -> list[list[int]]:
    """Completions of the given lengths that end with the end word, but for the rows in `truncated`."""
    completions = []
    for row, length in enumerate(lengths):
        ids = draw_ids(length, generator)
        completions.append(ids if row in truncated else ids[:-1] + [EOS])
    return completions
