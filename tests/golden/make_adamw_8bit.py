"""Makes adamw_8bit/: bitsandbytes' dynamic maps, and 20 steps of AdamW with 8-bit moments that round to their nearest levels.

Run alone: `python make_adamw_8bit.py`. The steps are computed here in float64; bitsandbytes' own steps are written beside
them, for its CPU code rounds numbers below a thousandth of a block's largest to levels that are not always the nearest (0.50.2). The
gradients follow a formula that the test computes too (float64 arithmetic, then rounded to float32), so that they need not be
stored: blocks differ in size by powers of ten, one is zero, and the last one is not full.
"""

import importlib.metadata

import torch
from bitsandbytes.functional import create_dynamic_map
from bitsandbytes.optim import AdamW8bit

from golden_files import save_arrays, save_json

SIZE = 4096 + 356
BLOCK = 256
STEPS = 20
OPTIONS = {"learningRate": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weightDecay": 0.1}
ZERO_BLOCK = 3
MAPS = {"first": create_dynamic_map(signed=True), "second": create_dynamic_map(signed=False)}


def hashed(position: int, step: int) -> float:
    """From -0.5 to 0.5."""
    return (position * 7919 + step * 104729 + (position * position) % 997) % 1009 / 1009 - 0.5


def initial() -> torch.Tensor:
    return torch.tensor([hashed(position, 0) for position in range(SIZE)], dtype=torch.float64).float()


def gradient(step: int) -> torch.Tensor:
    def value(position: int) -> float:
        block = position // BLOCK
        return 0.0 if block == ZERO_BLOCK else hashed(position, step) * 10.0 ** -(block % 6)

    return torch.tensor([value(position) for position in range(SIZE)], dtype=torch.float64).float()


def quantized(x: torch.Tensor, levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The codes of the nearest levels, the larger of two as near, and the largest |x| of each block."""
    blocks = torch.nn.functional.pad(x, (0, -SIZE % BLOCK)).reshape(-1, BLOCK)
    absmax = blocks.abs().amax(1, keepdim=True)
    ratio = blocks / torch.where(absmax == 0, 1, absmax)
    distance = (ratio.unsqueeze(-1) - levels.double()).abs()
    codes = len(levels) - 1 - distance.flip(-1).argmin(-1)
    return codes, absmax


def exact_steps() -> dict[str, torch.Tensor]:
    beta1, beta2 = OPTIONS["betas"]
    rate, decay, eps = OPTIONS["learningRate"], OPTIONS["weightDecay"], OPTIONS["eps"]
    parameter = initial().double()
    moments = {kind: torch.zeros(SIZE, dtype=torch.float64) for kind in MAPS}
    saved = {}
    for step in range(1, STEPS + 1):
        grad = gradient(step).double()
        first = beta1 * moments["first"] + (1 - beta1) * grad
        second = beta2 * moments["second"] + (1 - beta2) * grad**2
        update = (first / (1 - beta1**step)) / ((second / (1 - beta2**step)).sqrt() + eps)
        parameter = parameter * (1 - rate * decay) - rate * update
        for kind, values in (("first", first), ("second", second)):
            codes, absmax = quantized(values, MAPS[kind])
            moments[kind] = (MAPS[kind].double()[codes] * absmax).reshape(-1)[:SIZE]
            if step in (1, STEPS):
                saved |= {f"{step}.{kind}Codes": codes, f"{step}.{kind}Absmax": absmax}
        if step in (1, STEPS):
            saved[f"{step}.parameter"] = parameter
    return saved


def bitsandbytes_parameter() -> torch.Tensor:
    parameter = torch.nn.Parameter(initial())
    optimizer = AdamW8bit(
        [parameter],
        lr=OPTIONS["learningRate"],
        betas=tuple(OPTIONS["betas"]),
        eps=OPTIONS["eps"],
        weight_decay=OPTIONS["weightDecay"],
    )
    for step in range(1, STEPS + 1):
        parameter.grad = gradient(step)
        optimizer.step()
    assert optimizer.state[parameter]["state1"].dtype == torch.uint8
    return parameter.detach()


if __name__ == "__main__":
    torch.set_num_threads(1)
    save_json("adamw_8bit/adamw_8bit.json", {
        "bitsandbytes": importlib.metadata.version("bitsandbytes"),
        "options": OPTIONS,
        "size": SIZE,
        "steps": STEPS,
        "zeroBlock": ZERO_BLOCK,
        "maps": {kind: levels.tolist() for kind, levels in MAPS.items()},
    })
    save_arrays("adamw_8bit/steps.safetensors", {
        **exact_steps(),
        f"{STEPS}.bitsandbytes": bitsandbytes_parameter(),
    })
