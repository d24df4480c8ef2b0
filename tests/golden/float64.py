"""Runs transformers, PEFT and TRL in float64 from end to end.

`model.double()` is not enough. Three places go through float32 whatever the dtype of the weights:

1. `Qwen2RMSNorm` (also Qwen3's and Llama's) squares and averages in float32;
2. `Qwen2RotaryEmbedding` (likewise) builds its frequencies, angles, sines and cosines in float32;
3. the vocabulary head of TRL's trainers keeps its running sums in float32.

`use_float64()` puts the same formulas there without the cast, so a golden value is right to about 1e-12 and a
float32 engine can be held to 1e-5. `check_float64()` proves it: a central difference with a step of 1e-5 agrees with
the gradient to 1e-10; with the casts left in place they are 7 percent apart.

Attention has to be "sdpa": the "eager" one also casts its softmax to float32.
"""

import torch
import trl.trainer.utils as trl_utils
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3


def use_float64() -> None:
    """Replaces the three float32 places for the rest of the process, and makes sums repeatable (one thread)."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for family, modeling in (("Qwen2", modeling_qwen2), ("Qwen3", modeling_qwen3), ("Llama", modeling_llama)):
        getattr(modeling, f"{family}RMSNorm").forward = _rms_norm
        getattr(modeling, f"{family}RotaryEmbedding").forward = _rotary_table
    trl_utils._ChunkedLogProbFunction = _LogProbHead


def _rms_norm(self, hidden):
    """x / sqrt(mean(x^2) + eps) * weight, in the dtype of x."""
    mean_square = (hidden * hidden).mean(-1, keepdim=True)
    return self.weight * (hidden / torch.sqrt(mean_square + self.variance_epsilon))


@torch.no_grad()
def _rotary_table(self, hidden, position_ids):
    """cos and sin of position * frequency, each angle written twice: [batch, tokens, headDim]."""
    angles = position_ids[..., None].double() * _frequencies(self)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos().to(hidden.dtype), angles.sin().to(hidden.dtype)


def _frequencies(rotary):
    """theta^(-2i/headDim) in float64, or what transformers' own function for scaled positions makes of them."""
    config = rotary.config
    if rotary.rope_type == "default":
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        exponent = torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim
        return config.rope_parameters["rope_theta"] ** -exponent
    # Those functions ask for `torch.float`: for this one call that is float64.
    torch.float = torch.float64
    try:
        frequencies, attention_factor = ROPE_INIT_FUNCTIONS[rotary.rope_type](config)
    finally:
        torch.float = torch.float32
    if frequencies.dtype != torch.float64 or attention_factor != 1.0:
        raise AssertionError(f"rope type {rotary.rope_type} is not computed in float64 here")
    return frequencies


class _LogProbHead:
    """Stands in for TRL's chunked head: same arguments, same five results, no chunks and no float32."""

    @staticmethod
    def apply(hidden, weight, bias, targets, temperature, chunk_size, softcap=None, logit_scale=1.0, outputs=()):
        if bias is not None or softcap is not None or logit_scale != 1.0:
            raise ValueError("Qwen2 has no head bias, no soft cap and no logit scale; this stand-in knows none")
        logits = hidden @ weight.T / temperature
        log_probs = logits.log_softmax(-1)
        chosen = log_probs.gather(-1, targets[:, None]).squeeze(-1)
        entropy = -(log_probs.exp() * log_probs).sum(-1) if "entropy" in outputs else None
        is_top1 = logits.argmax(-1) == targets if "is_top1" in outputs else None
        return chosen, entropy, None, None, is_top1


def check_float64(loss_of, parameters, seed: int = 7) -> float:
    """Compares a directional derivative with its central difference and returns the relative gap.

    `loss_of()` computes the loss at the present values of `parameters`. Raises when the gap is above 1e-7: a float32
    rounding anywhere between weights and loss makes it far larger.
    """
    parameters = [p for p in parameters if p.requires_grad]
    gradients = torch.autograd.grad(loss_of(), parameters)
    generator = torch.Generator().manual_seed(seed)
    directions = [torch.randn(p.shape, generator=generator) for p in parameters]
    length = torch.sqrt(sum((d * d).sum() for d in directions))
    directions = [d / length for d in directions]
    expected = sum((g * d).sum() for g, d in zip(gradients, directions)).item()
    step = 1e-5
    values = []
    with torch.no_grad():
        for sign in (+1, -1):
            for p, d in zip(parameters, directions):
                p.add_(sign * step * d)
            values.append(loss_of().item())
            for p, d in zip(parameters, directions):
                p.sub_(sign * step * d)
    measured = (values[0] - values[1]) / (2 * step)
    gap = abs(measured - expected) / abs(expected)
    if not gap < 1e-7:
        raise AssertionError(f"something ran in float32: derivative {expected}, difference {measured}, gap {gap:.1e}")
    return gap
