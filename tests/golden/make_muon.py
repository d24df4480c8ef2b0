"""Makes muon/: 10 steps of torch's Muon on a wide and a tall matrix, in float64.

Run alone: `python make_muon.py`. Torch rounds the matrix to bfloat16 before it makes it orthogonal, to save time on a GPU;
here that one cast is left out, so that the formula can be compared to the last digit.
"""

import torch

from golden_files import save_json

STEPS = 10
OPTIONS = {"learningRate": 0.02, "momentum": 0.95, "weightDecay": 0.1}
SHAPES = {"wide": (3, 5), "tall": (6, 4)}


def run() -> dict:
    generator = torch.Generator().manual_seed(33)

    def normal(shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    parameters = {name: torch.nn.Parameter(normal(shape)) for name, shape in SHAPES.items()}
    initial = {name: parameter.detach().tolist() for name, parameter in parameters.items()}
    optimizer = torch.optim.Muon(
        parameters.values(),
        lr=OPTIONS["learningRate"],
        momentum=OPTIONS["momentum"],
        weight_decay=OPTIONS["weightDecay"],
        adjust_lr_fn="match_rms_adamw",
    )
    gradients, after = [], []
    for _ in range(STEPS):
        gradient = {name: normal(shape) for name, shape in SHAPES.items()}
        gradients.append({name: value.tolist() for name, value in gradient.items()})
        for name, parameter in parameters.items():
            parameter.grad = gradient[name]
        optimizer.step()
        after.append({name: parameter.detach().tolist() for name, parameter in parameters.items()})
    return {"options": OPTIONS, "initial": initial, "gradients": gradients, "steps": after}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.bfloat16 = torch.float64
    save_json("muon/muon.json", run())
