"""LLaMA-Factory: its parser reads train.yaml, its templates and processors read the data, its tuner trains a step."""

import json
import os
import shutil
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import without_audio  # noqa: F401

import check_recipes_tools as tools

# What a machine without a card needs: the same arithmetic as Kiln's.
CPU = {"use_cpu": True, "bf16": False, "report_to": "none", "overwrite_cache": True}


def check(recipe: Path, method: str) -> str:
    import yaml
    from llamafactory.hparams import get_train_args

    os.chdir(recipe)
    config = yaml.safe_load((recipe / "train.yaml").read_text())
    expected = tools.fields(recipe)
    if config.keys() != expected.keys():
        raise SystemExit(f"{recipe}: train.yaml and mapping.json have other fields")
    several = "deepspeed" in config
    if several:
        # LLaMA-Factory asks for a launch by torchrun where there are several cards.
        os.environ.update(RANK="0", WORLD_SIZE="1", LOCAL_RANK="0", MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
        deepspeed = json.loads(Path(config.pop("deepspeed")).read_text())
        from transformers.integrations.deepspeed import HfDeepSpeedConfig

        if HfDeepSpeedConfig(deepspeed).is_zero3():
            raise SystemExit(f"{recipe}: stage 3 for a model of 4 million weights")
    if "quantization_bit" in config:
        return f"{len(expected)} fields, {parse(recipe, config, expected, get_train_args)}; its weights need a card"
    if several:
        return f"{len(expected)} fields, " + parse(recipe, config, expected, get_train_args)
    return f"{len(expected)} fields, " + parse(recipe, config, expected, get_train_args) + step(recipe, method, config)


def parse(recipe: Path, config: dict, expected: dict, get_train_args) -> str:
    parsed = get_train_args(config | {"use_cpu": True})
    for name, value in expected.items():
        if name == "deepspeed":
            continue
        owner = next((part for part in parsed if hasattr(part, name)), None)
        if owner is None:
            raise SystemExit(f"{recipe}: nothing has a field {name}")
        got = getattr(owner, name)
        got = getattr(got, "value", got)
        if name in ["lora_target", "additional_target"]:
            value = value.split(",")
        if name in ["dataset", "eval_dataset", "adapter_name_or_path"]:
            value = [value]
        if name == "report_to" and isinstance(got, list):
            got = got[0]
        if name == "cutoff_len" and config.get("packing"):
            value -= 1
        if not tools.same(value, got):
            raise SystemExit(f"{recipe}: {name} is {got!r}, expected {value!r}")
    return "as expected"


def step(recipe: Path, method: str, config: dict) -> str:
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer
    from llamafactory.train.tuner import run_exp

    run = recipe.parent
    packed = config.get("packing", False)
    cpu = config | CPU | ({"packing": False, "neat_packing": False} if packed else {})
    # Without bf16 LLaMA-Factory computes in what config.json names.
    model = in_float32(Path(config["model_name_or_path"]), run / "model")
    cpu |= {name: model for name in ["model_name_or_path", "ref_model"] if name in config}
    model_args, data_args, training_args, finetuning_args, _ = get_train_args(dict(cpu))
    tokenizer_module = load_tokenizer(model_args)
    template = get_template_and_fix_tokenizer(tokenizer_module["tokenizer"], data_args)
    stage = "rm" if method == "dpo" else "sft"
    module = get_dataset(template, model_args, data_args, training_args, stage=stage, **tokenizer_module)
    recorded = tools.rows(run / "train_data.jsonl")
    for index, (row, wanted) in enumerate(zip(module["train_dataset"], recorded, strict=True)):
        if method == "sft":
            end = wanted["trained"][-1][1]
            same = row["input_ids"] == wanted["ids"][:end] and row["labels"] == tools.labels_of(wanted)[:end]
        else:
            same = all(
                row[f"{part}_input_ids"] == wanted["promptIds"] + wanted[f"{part}Ids"] for part in ["chosen", "rejected"]
            )
        if not same:
            raise SystemExit(f"{recipe}: row {index} has other tokens or labels than the run")
    shutil.rmtree(recipe / "output", ignore_errors=True)
    run_exp(dict(cpu))
    tools.write_probe(recipe / "output", model_args.model_name_or_path)
    said = f", {len(recorded)} rows of the run's tokens, {config['max_steps']} steps"
    if packed:
        return said + ", unpacked"
    loss = tools.rows(recipe / "output" / "trainer_log.jsonl")[0]["loss"]
    kiln = tools.first_loss(recipe)
    if kiln is None:
        return said + f", first loss {loss:.6f} of rows in random order"
    expected = kiln if method == "sft" else pair_loss(cpu, recorded)
    if abs(loss - expected) > 1e-3:
        raise SystemExit(f"{recipe}: the first loss is {loss}, expected {expected}")
    return said + f", first loss {loss:.6f} (Kiln {kiln:.6f})"


def in_float32(folder: Path, copy: Path) -> str:
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"torch_dtype": "float32"}))
    return str(copy)


def pair_loss(config: dict, recorded: list[dict]) -> float:
    """The loss of DPO's first step, from the run's tokens: what it learns besides is a mean over each completion first
    there, and over all tokens in Kiln."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(config["model_name_or_path"], dtype=torch.float32)
    model = PeftModel.from_pretrained(model, config["adapter_name_or_path"]).eval()
    rows = recorded[: config["per_device_train_batch_size"] * config["gradient_accumulation_steps"]]
    means = []
    for row in rows:
        ids, start = row["promptIds"] + row["chosenIds"], len(row["promptIds"])
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        means.append(-sum(scores[at - 1, ids[at]].item() for at in range(start, len(ids))) / (len(ids) - start))
    # Policy and reference are the same: each pair's own loss is ln 2.
    return 0.6931471805599453 + config["pref_ftx"] * sum(means) / len(means)
