"""What the checks of all tools' recipes share."""

import importlib.util
import json
import math
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "lib" / "recipes" / "python"


def load(path: Path, name: str):
    """A Python file as a module of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def fields(recipe: Path) -> dict:
    """All fields that a recipe's mapping sets."""
    mapping = json.loads((recipe / "mapping.json").read_text())
    found = {}
    for option in mapping["options"]:
        found |= option["fields"]
    return found | {added["field"]: added["value"] for added in mapping["added"]}


def same(expected, got) -> bool:
    if isinstance(expected, float) or isinstance(got, float):
        return got is not None and math.isclose(float(expected), float(got), rel_tol=1e-12)
    return expected == got


def first_loss(recipe: Path) -> float | None:
    """Kiln's loss of the first step; None where rows were drawn in random order, which is another one in each tool."""
    options = json.loads((recipe / "mapping.json").read_text())["options"]
    if next(row["value"] for row in options if row["option"] == "shuffle") is not False:
        return None
    return rows(recipe.parent / "metrics.jsonl")[0]["loss"]


def labels_of(row: dict) -> list[int]:
    """The labels of a recorded row, -100 where a token is not learned."""
    learned = {token for start, end in row["trained"] for token in range(start, end)}
    return [token if at in learned else -100 for at, token in enumerate(row["ids"])]


def check_rewards(path: Path) -> None:
    """The rewards in Python give what Kiln's give."""
    library = load(LIBRARY / "gsm8k_rewards.py", "gsm8k_rewards")
    found = json.loads(path.read_text())
    names = {
        "gsm8kTagRewards.correctness": library.tag_correctness,
        "gsm8kTagRewards.format": library.tag_format,
        "gsm8kFiveRewards.correctness": library.five_correctness,
        "gsm8kFiveRewards.int": library.five_int,
        "gsm8kFiveRewards.strictFormat": library.five_strict_format,
        "gsm8kFiveRewards.softFormat": library.five_soft_format,
        "gsm8kFiveRewards.xmlcount": library.five_xmlcount,
    }
    compared = 0
    for key, scores in found["scored"].items():
        name, prefill = key.split(" ", 1)
        opening = json.loads(prefill)
        for reply, gold, score in zip(found["replies"], found["golds"], scores, strict=True):
            got = names[name](opening + reply, gold)
            if not math.isclose(got, score, rel_tol=1e-12, abs_tol=1e-12):
                raise SystemExit(f"{key} of {reply!r} (gold {gold!r}): {got} in Python, {score} in Kiln")
            compared += 1
    print(f"{compared} rewards as in Kiln")


def probe(model, tokens: list[int]) -> list[float]:
    """The log-probability of each token but the first, for Kiln to compare with."""
    import torch

    model.eval()
    with torch.no_grad():
        scores = model(input_ids=torch.tensor([tokens])).logits[0].float().log_softmax(-1)
    return [scores[at, token].item() for at, token in enumerate(tokens[1:])]


PROBE = [1, 329, 234, 632, 334, 256, 57, 864, 314, 256, 58, 66, 2, 234, 1, 324, 234]


def write_probe(adapter: Path, model_name: str) -> None:
    """Loads the adapter with PEFT and writes down what the model says with it."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model_name, dtype=torch.float32)
    without = probe(base, PROBE)
    with_adapter = probe(PeftModel.from_pretrained(base, str(adapter)), PROBE)
    found = {"tokens": PROBE, "logProbs": with_adapter, "without": without}
    (adapter / "probe.json").write_text(json.dumps(found))
