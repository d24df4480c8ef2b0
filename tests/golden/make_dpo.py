"""Makes dpo/losses.* and dpo/pairs.json: the losses of TRL's DPOTrainer, ORPOTrainer and CPOTrainer (for SimPO).

Everything is in float64.

Run alone: `python make_dpo.py` (after make_qwen2_tiny.py, make_lora.py and make_sft_variants.py).

`losses.*`: one batch of five pairs; the reference's log-probabilities are the model's plus noise, so that margins have
both signs. The loss is what `DPOTrainer._compute_loss` returns. `sigmoid_smoothed` is CPOTrainer's smoothed sigmoid on
DPO's log-ratios, since TRL 1.16 smooths the sigmoid there only; `rpo` is the weighted sum of "sigmoid" and "sft" that
took the place of `rpo_alpha`.

`pairs.json`: rows of each shape as DPOTrainer tokenizes them, with the tokenizer of sft_variants.
"""

import tempfile
from contextlib import contextmanager
from types import SimpleNamespace

import torch
import trl.trainer.utils as trl_utils
from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import AutoTokenizer
from trl import DPOConfig, DPOTrainer
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from float64 import check_float64, use_float64
from golden_files import FOLDER, norm, save_arrays, save_json
from tiny_qwen2 import EOS, PAD, TIED, check_margin, draw_ids, load_float64, pad_right, word_tokenizer

# small ones at the bottom, the middle and the top; the norm of the whole gradient is in the JSON
GRADIENTS = [
    "model.layers.0.self_attn.q_proj.bias",
    "model.layers.1.self_attn.k_proj.bias",
    "model.layers.2.post_attention_layernorm.weight",
    "model.norm.weight",
]
SEED = 83
LENGTHS = [(3, 6, 4), (5, 2, 7), (2, 5, 5), (4, 8, 3), (6, 3, 6)]  # prompt, chosen, rejected

DEFAULTS = {
    "lossType": ["sigmoid"],
    "lossWeights": None,
    "beta": 0.3,
    "labelSmoothing": 0.0,
    "fDivergenceType": "reverse_kl",
    "fAlphaDivergenceCoef": 0.5,
    "discopopTau": 0.05,
}
PLAIN = ["sigmoid", "hinge", "ipo", "nca_pair", "bco_pair", "sppo_hard", "apo_zero", "apo_down", "sft", "sigmoid_norm"]
SCORED = ["sigmoid", "sigmoid_norm", "hinge", "ipo", "discopop"]
DIVERGENCES = ["forward_kl", "js_divergence", "alpha_divergence"]
CASES = {
    **{name: {"lossType": [name]} for name in PLAIN},
    "sigmoid_beta": {"beta": 0.1},
    "hinge_beta": {"lossType": ["hinge"], "beta": 1.5},
    "robust": {"lossType": ["robust"], "labelSmoothing": 0.1},
    "exo_pair": {"lossType": ["exo_pair"], "labelSmoothing": 1e-3},
    "discopop": {"lossType": ["discopop"], "discopopTau": 0.2},
    "mpo": {"lossType": ["sigmoid", "bco_pair", "sft"], "lossWeights": [0.8, 0.2, 1.0]},
    "rpo": {"lossType": ["sigmoid", "sft"], "lossWeights": [1.0, 0.5]},
    **{f"{loss}_{name}": {"lossType": [loss], "fDivergenceType": name} for loss in SCORED for name in DIVERGENCES},
}


class Head:
    """Stands in for TRL's chunked head, as float64.py does, and has the mean logits that DPO logs."""

    @staticmethod
    def apply(hidden, weight, bias, targets, temperature, chunk_size, softcap=None, logit_scale=1.0, outputs=()):
        if bias is not None or softcap is not None or logit_scale != 1.0 or temperature != 1.0:
            raise ValueError("Qwen2 has no head bias, no soft cap and no logit scale; this stand-in knows none")
        logits = hidden @ weight.T
        log_probs = logits.log_softmax(-1)
        chosen = log_probs.gather(-1, targets[:, None]).squeeze(-1)
        entropy = -(log_probs.exp() * log_probs).sum(-1)
        return chosen, entropy, None, logits.mean(-1).detach(), logits.argmax(-1) == targets


@contextmanager
def no_float32():
    """Two losses cast to float32 by `.float()`, and one looks up the limit of an exponent by its dtype."""
    to_float, float32 = torch.Tensor.float, torch.float32
    torch.Tensor.float, torch.float32 = torch.Tensor.double, torch.float64
    try:
        yield
    finally:
        torch.Tensor.float, torch.float32 = to_float, float32


def message(role: str, content: str) -> dict:
    return {"role": role, "content": content}


QUESTION = [message("system", "be brief"), message("user", "how are you?")]
EARLIER = [message("user", "hello"), message("assistant", "hi there"), message("user", "and now?")]
SHAPES = {
    "texts": [
        {"prompt": "two and two is", "chosen": " four", "rejected": " a number between three and five"},
        {"prompt": "say no\n", "chosen": "no", "rejected": "yes"},
    ],
    "chats": [
        {
            "prompt": prompt,
            "chosen": [message("assistant", "fine, thanks")],
            "rejected": [message("assistant", "as a model i am never anything")],
        }
        for prompt in (QUESTION, EARLIER)
    ],
    "whole_chats": [
        {
            "chosen": prompt + [message("assistant", "well")],
            "rejected": prompt + [message("assistant", "it depends on many things")],
        }
        for prompt in (QUESTION, EARLIER)
    ],
}


def shapes() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / "sft_variants" / "tokenizer")
    arguments = DPOConfig(**settings(tempfile.mkdtemp()))
    prepared = {}
    for name, rows in SHAPES.items():
        stand_in = SimpleNamespace(_tokenizer=tokenizer)
        done = DPOTrainer._prepare_dataset(stand_in, Dataset.from_list(rows), tokenizer, arguments, "train")
        prepared[name] = [
            {"promptIds": row["prompt_ids"], "chosenIds": row["chosen_ids"], "rejectedIds": row["rejected_ids"]}
            for row in done
        ]
    save_json("dpo/pairs.json", {"rows": SHAPES, "prepared": prepared})


def draw_pairs(lengths: list, seed: int) -> list[dict]:
    """Pairs of completions that end with the end word. Some chosen words are what the model finds most likely."""
    generator, model, pairs = torch.Generator().manual_seed(seed), load_float64(TIED), []
    for prompt_length, chosen_length, rejected_length in lengths:
        prompt = draw_ids(prompt_length, generator)
        chosen = draw_ids(chosen_length - 1, generator)
        for place in range(0, len(chosen), 2):
            with torch.no_grad():
                chosen[place] = model(torch.tensor([prompt + chosen[:place]])).logits[0, -1].argmax().item()
        rejected = draw_ids(rejected_length - 1, generator)
        pairs.append({"promptIds": prompt, "chosenIds": chosen + [EOS], "rejectedIds": rejected + [EOS]})
    return pairs


def text_rows(pairs: list[dict]) -> list[dict]:
    """The pairs as the texts that the word tokenizer turns back into them."""
    text = lambda ids: " ".join("<eos>" if i == EOS else f"w{i}" for i in ids)
    return [
        {
            "prompt": text(pair["promptIds"]),
            "chosen": " " + text(pair["chosenIds"]),
            "rejected": " " + text(pair["rejectedIds"]),
        }
        for pair in pairs
    ]


def settings(folder: str) -> dict:
    return {
        "output_dir": folder,
        "bf16": False,
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
    }


class OrderedTrainer(DPOTrainer):
    """DPOTrainer that takes the rows in order."""

    def _get_train_sampler(self, dataset=None):
        return SequentialSampler(self.train_dataset)


def make_trainer(model, pairs, eval_pairs=None, peft_config=None, **options) -> DPOTrainer:
    trainer = OrderedTrainer(
        model=model,
        args=DPOConfig(**settings(tempfile.mkdtemp()), **options),
        train_dataset=Dataset.from_list(text_rows(pairs)),
        eval_dataset=Dataset.from_list(text_rows(eval_pairs)) if eval_pairs else None,
        processing_class=word_tokenizer(),
        peft_config=peft_config,
    )
    if trainer.ref_model is not None:  # TRL loads it itself, in float32
        trainer.ref_model.double()
    for row, pair in zip(trainer.train_dataset, pairs):
        assert row["prompt_ids"] == pair["promptIds"], "the tokenizer has other ids"
        assert row["chosen_ids"] == pair["chosenIds"] and row["rejected_ids"] == pair["rejectedIds"]
    return trainer


def collate(pairs: list[dict]) -> dict:
    """The batch that TRL's trainer gets: chosen rows, then rejected ones."""
    rows = [(pair["promptIds"], pair[key]) for key in ("chosenIds", "rejectedIds") for pair in pairs]
    return {
        "input_ids": pad_right([prompt + completion for prompt, completion in rows], PAD),
        "attention_mask": pad_right([[1] * len(prompt + completion) for prompt, completion in rows], 0),
        "completion_mask": pad_right([[0] * len(prompt) + [1] * len(completion) for prompt, completion in rows], 0),
    }


def record(name: str, options: dict, model, loss, metrics: dict, arrays: dict) -> dict:
    """The case's JSON; puts its gradients into `arrays` and clears them."""
    loss.backward()
    gradients = {key: weight.grad for key, weight in model.named_parameters()}
    arrays |= {f"{name}.{key}": gradients[key].clone() for key in GRADIENTS}
    total = norm(*gradients.values())
    model.zero_grad()
    return {"name": name, "options": options, "loss": loss.item(), "gradNorm": total, "metrics": metrics}


def set_options(trainer, options: dict) -> None:
    trainer.loss_types = options["lossType"]
    trainer.loss_weights = options["lossWeights"] or [1.0] * len(options["lossType"])
    trainer.beta, trainer.label_smoothing = options["beta"], options["labelSmoothing"]
    trainer.f_divergence_type = options["fDivergenceType"]
    trainer.f_alpha_divergence_coef = options["fAlphaDivergenceCoef"]
    trainer.args.discopop_tau = options["discopopTau"]


def check_hinge(inputs: dict, scores: torch.Tensor, betas: list[float]) -> None:
    """Raises when a pair is near the edge of the hinge, where float32 could be on its other side."""
    for beta in betas:
        if (1 - beta * scores).abs().min() < 1e-3:
            raise AssertionError("choose another seed: a margin is at the edge of the hinge")


def losses() -> None:
    pairs, cases, arrays = draw_pairs(LENGTHS, SEED), [], {}
    trainer = make_trainer(load_float64(TIED), pairs)
    model, inputs = trainer.model, collate(pairs)
    model.train()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        logps = torch.cat(trainer.compute_ref_log_probs(model, inputs))
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits[: len(pairs)]
        check_margin(logits[:, :-1][inputs["completion_mask"][: len(pairs), 1:].bool()], smallest=0.002)
    reference = logps + 2.0 * torch.randn(logps.shape, generator=generator)
    trainer.precompute_ref_logps = True
    inputs["ref_chosen_logps"], inputs["ref_rejected_logps"] = reference.chunk(2)
    scores = (logps - reference).chunk(2)
    check_hinge(inputs, scores[0] - scores[1], [0.3, 1.5])
    for name, changes in CASES.items():
        options = {**DEFAULTS, **changes}
        set_options(trainer, options)
        with no_float32():
            if name == "sigmoid":
                gap = check_float64(lambda: trainer._compute_loss(model, inputs, False), list(model.parameters()))
                print(f"central difference agrees with the gradient to {gap:.1e}")
            trainer._metrics["train"].clear()
            loss = trainer._compute_loss(model, inputs, False)
        metrics = {key: values[0] for key, values in sorted(trainer._metrics["train"].items()) if key != "num_tokens"}
        cases.append(record(name, options, model, loss, metrics, arrays))

    options = {**DEFAULTS, "labelSmoothing": 0.15}
    labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
    policy = model(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], labels=labels, fused_lm_head=True
    ).log_probs.sum(-1)
    chosen, rejected = (policy - reference).chunk(2)
    smoothed = SimpleNamespace(
        alpha=0.0, beta=0.3, label_smoothing=0.15, loss_type="sigmoid", accelerator=trainer.accelerator
    )
    loss = CPOTrainer.cpo_loss(smoothed, chosen, rejected)[0].mean()
    cases.append(record("sigmoid_smoothed", options, model, loss, {}, arrays))

    for name, beta, gamma, smoothing in [("simpo", 2.0, 0.5, 0.0), ("simpo_smoothed", 2.5, 1.4, 0.1)]:
        arguments = CPOConfig(
            **settings(tempfile.mkdtemp()),
            loss_type="simpo",
            beta=beta,
            simpo_gamma=gamma,
            label_smoothing=smoothing,
            cpo_alpha=0.0,
        )
        options = {"lossType": ["simpo"], "beta": beta, "simpoGamma": gamma, "labelSmoothing": smoothing}
        cases.append(reference_free(name, CPOTrainer, arguments, options, pairs, arrays))
    arguments = ORPOConfig(**settings(tempfile.mkdtemp()), beta=0.25)
    cases.append(reference_free("orpo", ORPOTrainer, arguments, {"lossType": ["orpo"], "beta": 0.25}, pairs, arrays))

    save_arrays("dpo/losses.gradients.safetensors", arrays)
    save_json("dpo/losses.json", {
        "model": "qwen2_tiny/tied",
        "pairs": pairs,
        "chosenLogps": logps.chunk(2)[0].tolist(),
        "rejectedLogps": logps.chunk(2)[1].tolist(),
        "referenceChosenLogps": inputs["ref_chosen_logps"].tolist(),
        "referenceRejectedLogps": inputs["ref_rejected_logps"].tolist(),
        "cases": cases,
    })


def reference_free(name: str, kind, arguments, options: dict, pairs: list[dict], arrays: dict) -> dict:
    """A case of one of the trainers that have no reference; their logits are means over padding too, and left out."""
    trainer = kind(
        model=load_float64(TIED),
        args=arguments,
        train_dataset=Dataset.from_list(text_rows(pairs)),
        processing_class=word_tokenizer(),
    )
    batch, both = {}, collate(pairs)
    both["labels"] = both["input_ids"].masked_fill(both["completion_mask"] == 0, -100)
    for key in ("input_ids", "attention_mask", "labels"):
        batch[f"chosen_{key}"], batch[f"rejected_{key}"] = both[key].chunk(2)
    trainer.model.train()
    with no_float32():
        loss, metrics = trainer.get_batch_loss_metrics(trainer.model, batch)
    kept = {
        key: float(value)
        for key, value in sorted(metrics.items())
        if not key.startswith("logits/") and (key != "nll_loss" or name == "orpo")
    }
    return record(name, options, trainer.model, loss, kept, arrays)


if __name__ == "__main__":
    use_float64()
    trl_utils._ChunkedLogProbFunction = Head
    shapes()
    losses()
