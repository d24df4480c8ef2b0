"""Makes ppo/losses.json: rewards, advantages, returns, losses and gradients of TRL 0.11.4's PPOTrainer, in float64.

Run alone: `python make_ppo_losses.py`, with the packages of requirements_ppo.txt. Its methods `compute_rewards`,
`compute_advantages` and `loss` are called on numbers drawn at random: 6 responses of 1 to 9 tokens, of which the policy
wrote all. The estimator k3 is a later TRL's, and is put in the place of this one's. Whitened numbers are set to 0 at
padding, as PPOv2Trainer does; PPOTrainer lets whitened rewards of padding into the advantages before them.
`controller`: what TRL's adaptive KL controller makes of a list of measured divergences.
"""

from types import SimpleNamespace

import torch
from trl.trainer import ppo_trainer
from trl.trainer.ppo_trainer import PPOTrainer
from trl.trainer.utils import AdaptiveKLController, FixedKLController

from golden_files import save_json

LENGTHS, WIDTH, VOCAB = [9, 4, 1, 7, 2, 9], 9, 11
DEFAULTS = {
    "klCoef": 0.05,
    "klEstimator": "k1",
    "gamma": 1.0,
    "lam": 0.95,
    "whitenRewards": False,
    "cliprange": 0.2,
    "cliprangeValue": 0.2,
    "vfCoef": 0.1,
}
CASES = {
    "defaults": {},
    "discounted": {"gamma": 0.97, "lam": 0.9},
    "montecarlo": {"lam": 1.0, "klCoef": 0.01},
    "one_step": {"lam": 0.0, "gamma": 0.9},
    "whitened_rewards": {"whitenRewards": True, "klCoef": 0.2},
    "k3": {"klEstimator": "k3", "klCoef": 0.3},
    "no_kl": {"klCoef": 0.0},
    "narrow": {"cliprange": 0.05, "cliprangeValue": 0.03, "vfCoef": 0.5},
}


def k3(logprob, ref_logprob):
    return torch.exp(ref_logprob - logprob) - (ref_logprob - logprob) - 1


def masked_whiten(values, mask, shift_mean=True, original=ppo_trainer.masked_whiten):
    return original(values, mask, shift_mean) * mask


def trainer_with(options: dict) -> SimpleNamespace:
    """What the three methods ask of a trainer."""
    config = SimpleNamespace(
        kl_penalty="kl",
        gamma=options["gamma"],
        lam=options["lam"],
        whiten_rewards=options["whitenRewards"],
        cliprange=options["cliprange"],
        cliprange_value=options["cliprangeValue"],
        vf_coef=options["vfCoef"],
        ratio_threshold=10.0,
    )
    trainer = SimpleNamespace(config=config, kl_ctl=FixedKLController(options["klCoef"]))
    k1 = lambda *pair: PPOTrainer._kl_penalty(trainer, *pair)  # noqa: E731
    trainer._kl_penalty = k3 if options["klEstimator"] == "k3" else k1
    return trainer


def rows(values: torch.Tensor) -> list:
    """One list for each response, without padding."""
    return [row[:length].tolist() for row, length in zip(values.detach(), LENGTHS)]


def check_margins(ratio, change, mask, options: dict) -> None:
    """Raises when a number is so near to a clipping bound that rounding could move it across."""
    for values, bound in ((ratio - 1, options["cliprange"]), (change, options["cliprangeValue"])):
        margin = ((values.abs() - bound).abs()[mask == 1]).min().item()
        assert margin > 1e-4, f"choose another seed: a margin of {margin}"


def case(options: dict, batch: SimpleNamespace) -> dict:
    trainer, mask = trainer_with(options), batch.mask
    rewards, _, kls = PPOTrainer.compute_rewards(
        trainer, batch.scores, batch.old_logprobs, batch.ref_logprobs, mask
    )
    values, advantages, returns = PPOTrainer.compute_advantages(trainer, batch.values, rewards, mask)
    logprobs, vpreds = batch.logprobs.clone().requires_grad_(), batch.vpreds.clone().requires_grad_()
    check_margins((logprobs - batch.old_logprobs).exp(), vpreds - values, mask, options)
    policy, value, stats = PPOTrainer.loss(
        trainer, batch.old_logprobs, values, batch.logits, vpreds, logprobs, mask, advantages, returns
    )
    (policy + value).backward()
    return {
        "options": options,
        "kl": (kls * mask).sum(-1).mean().item(),
        "advantages": rows(advantages),
        "returns": rows(returns),
        "policyLoss": policy.item(),
        "valueLoss": value.item() / options["vfCoef"],
        "approxkl": stats["policy/approxkl"].item(),
        "clipfrac": stats["policy/clipfrac"].item(),
        "valueClipfrac": stats["val/clipfrac"].item(),
        "byLogProbs": rows(logprobs.grad),
        "byValues": rows(vpreds.grad),
    }


def controller() -> dict:
    kl_ctl, measured, coefficients = AdaptiveKLController(0.2, 6.0, 1000), [0.0, 3.0, 5.9, 6.0, 6.1, 40.0, -2.0, 7.0], []
    for kl in measured:
        kl_ctl.update(kl, 64)
        coefficients.append(float(kl_ctl.value))
    return {"klCoef": 0.2, "target": 6.0, "horizon": 1000, "episodes": 64, "measured": measured, "next": coefficients}


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    ppo_trainer.masked_whiten = masked_whiten
    generator = torch.Generator().manual_seed(19)
    normal = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    shape = (len(LENGTHS), WIDTH)
    old_logprobs = -2 - normal(*shape).abs()
    values = 0.5 * normal(*shape)
    batch = SimpleNamespace(
        mask=(torch.arange(WIDTH)[None] < torch.tensor(LENGTHS)[:, None]).long(),
        scores=normal(len(LENGTHS)),
        old_logprobs=old_logprobs,
        ref_logprobs=old_logprobs + 0.4 * normal(*shape),
        logprobs=old_logprobs + 0.25 * normal(*shape),
        values=values,
        vpreds=values + 0.3 * normal(*shape),
        logits=normal(*shape, VOCAB),
    )
    names = ["old_logprobs", "ref_logprobs", "logprobs", "values", "vpreds"]
    camel = ["oldLogProbs", "referenceLogProbs", "logProbs", "oldValues", "values"]
    save_json("ppo/losses.json", {
        "scores": batch.scores.tolist(),
        **{key: rows(getattr(batch, name)) for key, name in zip(camel, names)},
        "cases": [{"name": name, **case({**DEFAULTS, **options}, batch)} for name, options in CASES.items()],
        "controller": controller(),
    })
