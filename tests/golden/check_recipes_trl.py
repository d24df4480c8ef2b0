"""TRL: its parser reads config.yaml, accelerate reads accelerate.yaml, train.py trains a step."""

import os
import sys
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import check_recipes_tools as tools

# What a machine without a card needs: the same arithmetic as Kiln's, and no vLLM.
CPU = ["--use_cpu", "true", "--bf16", "false", "--dtype", "float32", "--report_to", "none"]


def check(recipe: Path, method: str) -> str:
    os.chdir(recipe)
    sys.path[:] = [path for path in sys.path if "/trl-" not in path]
    sys.path.insert(0, str(recipe))
    sys.modules.pop("rewards", None)
    train = tools.load(recipe / "train.py", "recipe_train")
    checked = check_parser(recipe, method, train)
    accelerate = check_accelerate(recipe)
    if recipe.name != "trl-1":
        return f"{checked} fields, {accelerate}"
    if any(tools.fields(recipe).get(name) for name in ["load_in_4bit", "load_in_8bit"]):
        return f"{checked} fields, {accelerate}; its weights of 4 or 8 bits need a card"
    return f"{checked} fields, {accelerate}, {check_step(recipe, method, train)}"


def parse(method: str, train, extra: list[str]):
    from trl import DPOConfig, GRPOConfig, ModelConfig, SFTConfig, TrlParser

    config = {"sft": SFTConfig, "grpo": GRPOConfig, "dpo": DPOConfig}[method]
    parser = TrlParser((train.RecipeArguments, config, ModelConfig))
    return parser.parse_args_and_config(["--config", "config.yaml", *extra], fail_with_unknown_args=True)


def check_parser(recipe: Path, method: str, train) -> int:
    parsed = parse(method, train, ["--use_cpu", "true"])
    expected = tools.fields(recipe)
    for name, value in expected.items():
        owner = next((part for part in parsed if hasattr(part, name)), None)
        if owner is None:
            raise SystemExit(f"{recipe}: nothing has a field {name}")
        got = getattr(owner, name)
        got = getattr(got, "value", got)
        if name == "report_to" and isinstance(got, list):
            got = got[0]
        if not tools.same(value, got):
            raise SystemExit(f"{recipe}: {name} is {got!r}, expected {value!r}")
    return len(expected)


def check_accelerate(recipe: Path) -> str:
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(recipe / "accelerate.yaml"))
    if int(config.num_processes) != int(recipe.name.rsplit("-", 1)[1]):
        raise SystemExit(f"{recipe}: accelerate has {config.num_processes} processes")
    return f"accelerate {config.distributed_type}"


def check_step(recipe: Path, method: str, train) -> str:
    """Trains as train.py does, and compares tokens and the first loss with the run's."""
    run = recipe.parent
    cpu = CPU + (["--use_vllm", "false"] if method == "grpo" else [])
    recipe_args, args, model_args = parse(method, train, cpu)
    # Packed rows are isolated by flash attention, which no processor has; its loss is not Kiln's without.
    packed = getattr(args, "packing", False)
    if packed:
        args.packing = False
        model_args.attn_implementation = None
    seen = {}

    def watch(trainer_class):
        original = trainer_class.train

        def wrapper(self, *arguments, **options):
            seen["rows"] = [dict(row) for row in self.train_dataset]
            result = original(self, *arguments, **options)
            seen["log"] = self.state.log_history
            return result

        trainer_class.train = wrapper
        return lambda: setattr(trainer_class, "train", original)

    trainer = {"sft": "SFTTrainer", "grpo": "GRPOTrainer", "dpo": "TokensDPOTrainer"}[method]
    undo = watch(getattr(train, trainer))
    try:
        train.main(recipe_args, args, model_args)
    finally:
        undo()
    tools.write_probe(recipe / "output" / "adapter", model_args.model_name_or_path)
    said = f"{args.max_steps} steps"
    recorded = tools.rows(run / "train_data.jsonl")
    if method == "sft":
        for index, (row, expected) in enumerate(zip(seen["rows"], recorded, strict=True)):
            if row["input_ids"] != expected["ids"] or row["labels"] != tools.labels_of(expected):
                raise SystemExit(f"{recipe}: row {index} has other tokens or labels than the run")
        said += f", {len(recorded)} rows of the run's tokens"
    if method == "dpo":
        for index, (row, expected) in enumerate(zip(seen["rows"], recorded, strict=True)):
            for part in ["prompt", "chosen", "rejected"]:
                if row[f"{part}_ids"] != expected[f"{part}Ids"]:
                    raise SystemExit(f"{recipe}: row {index} has other tokens in {part} than the run")
        said += f", {len(recorded)} pairs of the run's tokens"
    if method == "grpo":
        return said + f", reward {seen['log'][0]['reward']:.3f}"
    if packed:
        return said + ", unpacked"
    loss, expected = seen["log"][0]["loss"], tools.first_loss(recipe)
    if expected is None:
        return said + f", first loss {loss} of rows in random order"
    if abs(loss - expected) > 2e-4 * max(1, expected):
        raise SystemExit(f"{recipe}: the first loss is {loss}, and {expected} in Kiln")
    return said + f", first loss {loss} (Kiln {expected:.6f})"
