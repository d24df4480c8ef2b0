"""Makes adamw/: 20 steps of torch's AdamW with gradient clipping under each schedule of transformers, in float64.

Run alone: `python make_adamw.py`. A small matrix with weight decay and a small vector without, as the trainers treat
biases and norms. The gradients are drawn once and are the same in every run; every fifth is large, so that clipping
acts on some steps and not on others. A last run has an unusually large eps, so that its place in the formula shows.
"""

import torch
from torch.nn.utils import clip_grad_norm_
from transformers import TrainingArguments, get_scheduler

from golden_files import save_json

STEPS = 20
OPTIONS = {"learningRate": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weightDecay": 0.1, "maxGradNorm": 1.0}
LARGE_EPS = {"learningRate": 0.02, "betas": [0.8, 0.95], "eps": 0.01, "weightDecay": 0.3, "maxGradNorm": 0.5}
SCHEDULES = ["linear", "cosine", "constant", "constant_with_warmup"]


def draw(seed: int) -> tuple[dict, list[dict]]:
    """The parameters before the first step and the gradients of every step."""
    generator = torch.Generator().manual_seed(seed)

    def normal(shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    shapes = {"matrix": (2, 3), "vector": (3,)}
    initial = {name: normal(shape) for name, shape in shapes.items()}
    gradients = []
    for step in range(STEPS):
        scale = 3.0 if step % 5 == 2 else 0.15
        gradients.append({name: scale * normal(shape) for name, shape in shapes.items()})
    return initial, gradients


def run(options: dict, schedule: str, warmup_steps: int, initial: dict, gradients: list[dict]) -> dict:
    """Learning rate, norm before clipping, and both parameters after each step, in the trainers' order of events."""
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in initial.items()}
    optimizer = torch.optim.AdamW(
        [
            {"params": [parameters["matrix"]], "weight_decay": options["weightDecay"]},
            {"params": [parameters["vector"]], "weight_decay": 0.0},
        ],
        lr=options["learningRate"],
        betas=tuple(options["betas"]),
        eps=options["eps"],
    )
    scheduler = get_scheduler(schedule, optimizer, num_warmup_steps=warmup_steps, num_training_steps=STEPS)
    steps = []
    for gradient in gradients:
        for name, parameter in parameters.items():
            parameter.grad = gradient[name].clone()
        norm = clip_grad_norm_(parameters.values(), options["maxGradNorm"])
        learning_rate = scheduler.get_last_lr()[0]
        optimizer.step()
        scheduler.step()
        after = {name: parameter.detach().tolist() for name, parameter in parameters.items()}
        steps.append({"learningRate": learning_rate, "gradNorm": norm.item(), **after})
    return {"options": options, "schedule": schedule, "warmupSteps": warmup_steps, "steps": steps}


def learning_rates(schedule: str, warmup_steps: int, total: int, peak: float) -> dict:
    """The learning rate used at each of `total` steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler = get_scheduler(schedule, optimizer, num_warmup_steps=warmup_steps, num_training_steps=total)
    rates = []
    for _ in range(total):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"schedule": schedule, "warmupSteps": warmup_steps, "totalSteps": total, "peak": peak, "rates": rates}


def warmup_steps(option: float, total: int) -> dict:
    """How the trainer reads `warmup_steps`: below 1 it is a share of all steps, rounded up."""
    arguments = TrainingArguments(output_dir="unused", warmup_steps=option, use_cpu=True, report_to="none")
    return {"warmupSteps": option, "totalSteps": total, "resolved": arguments.get_warmup_steps(total)}


def as_lists(arrays: dict) -> dict:
    return {name: array.tolist() for name, array in arrays.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    initial, gradients = draw(seed=21)
    save_json("adamw/adamw.json", {
        "initial": as_lists(initial),
        "gradients": [as_lists(gradient) for gradient in gradients],
        "runs": [
            *(run(OPTIONS, schedule, 5, initial, gradients) for schedule in SCHEDULES),
            run(LARGE_EPS, "constant", 0, initial, gradients),
        ],
    })
    save_json("adamw/schedules.json", {
        "schedules": [
            learning_rates(schedule, warmup, total, 2e-5)
            for schedule in SCHEDULES
            for warmup, total in ((0, 12), (3, 12), (12, 12))
        ],
        "warmup": [
            warmup_steps(option, total) for option, total in ((0, 100), (7, 100), (0.1, 100), (0.1, 37), (0.03, 12))
        ],
    })
