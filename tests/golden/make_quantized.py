"""Makes quantized/: the adapter lora/all_linear on the model qwen2_tiny/tied whose matrices are rounded to few bits.

Run alone: `python make_quantized.py`. The weights are rounded here as lib/kernels/quantize.ts documents it (4 and 8 bits in
blocks of 32, with and without zero points; float16), turned back into numbers, and everything after that is PEFT on a plain
float64 model. The token table keeps 8 bits; down_proj, whose rows of 48 are not whole blocks, stays as it is.
"""

import torch
from peft import PeftModel

from float64 import use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from make_lora import saved_name
from tiny_qwen2 import TIED, Batch, Scores, load_float64

BLOCK = 32
FORMS = {
    "4bit": dict(bits=4, symmetric=True),
    "4bit_zero_points": dict(bits=4, symmetric=False),
    "8bit": dict(bits=8, symmetric=True),
    "8bit_zero_points": dict(bits=8, symmetric=False),
    "float16": None,
}


def round_half_up(x: torch.Tensor) -> torch.Tensor:
    return torch.floor(x + 0.5)


def rounded(weight: torch.Tensor, bits: int, symmetric: bool) -> torch.Tensor:
    """The matrix as it is after rounding it to codes and reading them again."""
    blocks = weight.detach().double().reshape(-1, BLOCK)
    middle, highest = 2 ** (bits - 1), 2**bits - 1
    if symmetric:
        largest = blocks.gather(1, blocks.abs().argmax(dim=1, keepdim=True))
        scale, zero = (-largest / middle).float().double(), torch.full_like(largest, middle)
    else:
        low = blocks.amin(dim=1, keepdim=True).clamp(max=0)
        high = blocks.amax(dim=1, keepdim=True).clamp(min=0)
        scale = ((high - low) / highest).float().double()
        zero = round_half_up(-low / scale).clamp(max=highest)
    codes = round_half_up(blocks / scale + zero).clamp(0, highest)
    return ((codes - zero) * scale).reshape(weight.shape)


def low_precision_model(form: dict | None):
    model = load_float64(TIED)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() != 2:
                continue
            if form is None:
                weight.copy_(weight.half().double())
            elif weight.shape[1] % BLOCK == 0:
                own = dict(bits=8, symmetric=True) if "embed_tokens" in name else form
                weight.copy_(rounded(weight, **own))
    return model


def golden(name: str, form: dict | None) -> None:
    batch = Batch()
    plain = Scores(PeftModel.from_pretrained(load_float64(TIED), FOLDER / "lora" / "all_linear").double(), batch)
    base = low_precision_model(form)
    model = PeftModel.from_pretrained(base, FOLDER / "lora" / "all_linear", is_trainable=True).double()
    adapters = {saved_name(key): weight for key, weight in model.named_parameters() if weight.requires_grad}
    scores = Scores(model, batch, smallest_margin=0.001)
    scores.loss.backward()
    gradients = {key: weight.grad for key, weight in adapters.items()}
    print(f"{name}: loss {scores.loss.item():.4f}, {plain.loss.item():.4f} in full precision")
    save_arrays(f"quantized/{name}.gradients.safetensors", gradients)
    save_json(f"quantized/{name}.json", {
        "model": "qwen2_tiny/tied",
        "adapter": "lora/all_linear",
        "lossInFullPrecision": plain.loss.item(),
        **batch.fields(),
        **scores.fields(),
        "gradientNorm": norm(*gradients.values()),
    })


if __name__ == "__main__":
    use_float64()
    for name, form in FORMS.items():
        golden(name, form)
