"""Makes grpo/advantages.json: what TRL's GRPOTrainer makes of a table of rewards.

Run alone: `python make_grpo_advantages.py` (after make_qwen2_tiny.py). Three prompts with four completions each and two
reward functions with weights 1 and 0.5. In the table one reward is missing, one row has none at all, and one group is
all equal. The numbers come out of `_generate_and_score_completions`, so the reward metrics and the completion lengths
are TRL's too.
"""

import torch

from float64 import use_float64
from golden_files import save_json
from replay_grpo import draw_completions, make_trainer, words
from tiny_qwen2 import TIED, draw_ids, load_float64

WEIGHTS = [1.0, 0.5]
NAMES = ["correctness", "brevity"]
# one row a completion; a missing reward is None
REWARDS = [
    [2.0, 0.5], [0.0, 0.25], [0.0, None], [2.0, 1.0],
    [1.0, 0.5], [1.0, 0.5], [1.0, 0.5], [1.0, 0.5],
    [0.0, -0.75], [None, None], [2.0, 0.25], [0.5, 0.0],
]  # fmt: skip
LENGTHS, TRUNCATED = [8, 5, 3, 8, 6, 8, 2, 7, 4, 4, 8, 1], [0, 5]
GENERATIONS = 4
AGGREGATIONS = ["sum_then_normalize", "normalize_then_sum"]


def reward_functions() -> list:
    """Functions that read the table, named so that TRL's metrics get these names."""

    def reader(column):
        def read(completions, **columns):
            return [row[column] for row in REWARDS]

        read.__name__ = NAMES[column]
        return read

    return [reader(column) for column in range(len(NAMES))]


def score(scale_rewards: str, aggregation: str, prompts: list, completions: list) -> dict:
    model = load_float64(TIED).train()
    texts = [words(prompt) for prompt in prompts]
    trainer = make_trainer(
        model,
        reward_functions(),
        texts,
        per_device_train_batch_size=len(REWARDS),
        num_generations=GENERATIONS,
        max_completion_length=8,
        reward_weights=WEIGHTS,
        scale_rewards=scale_rewards,
        multi_objective_aggregation=aggregation,
    ).replay([completions])
    rows = [{"prompt": text} for text in texts for _ in range(GENERATIONS)]
    output = trainer._generate_and_score_completions(rows)
    assert output["advantages"].dtype == torch.float64
    return {
        "scaleRewards": scale_rewards,
        "aggregation": aggregation,
        "advantages": output["advantages"].tolist(),
        "metrics": {key: values[0] for key, values in sorted(trainer._metrics["train"].items())},
    }


if __name__ == "__main__":
    use_float64()
    generator = torch.Generator().manual_seed(51)
    prompts = [draw_ids(length, generator) for length in (3, 5, 4)]
    completions = draw_completions(LENGTHS, TRUNCATED, generator)
    cases = [score(scale, AGGREGATIONS[0], prompts, completions) for scale in ("group", "batch", "none")]
    cases.append(score("group", AGGREGATIONS[1], prompts, completions))
    save_json("grpo/advantages.json", {
        "numGenerations": GENERATIONS,
        "rewardNames": NAMES,
        "rewardWeights": WEIGHTS,
        "rewards": REWARDS,
        "prompts": prompts,
        "completions": completions,
        "cases": cases,
    })
