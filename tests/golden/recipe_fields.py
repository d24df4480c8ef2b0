"""The names that the tools of `deno task recipe` read, with types, choices and defaults: recipes/TOOL.json.

    python recipe_fields.py trl|llamafactory|verl
"""

import dataclasses
import json
import sys
import typing
from pathlib import Path

FOLDER = Path(__file__).parent / "recipes"


def plain(value):
    """A default as JSON has it; None where it is no plain value."""
    if isinstance(value, (str, int, float, bool)) or value is None:
        if isinstance(value, float) and value != value:
            return None
        return value.value if hasattr(value, "value") else value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None


def fields_of(cls) -> dict:
    try:
        hints = typing.get_type_hints(cls)
    except Exception:
        hints = {}
    found = {}
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        default = None
        if field.default is not dataclasses.MISSING:
            default = plain(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            default = plain(field.default_factory())
        hint = hints.get(field.name, field.type)
        found[field.name] = {"type": str(hint).replace("typing.", ""), "default": default}
        choices = field.metadata.get("choices") or choices_of(hint)
        if choices:
            found[field.name]["choices"] = [plain(choice) for choice in choices]
    return dict(sorted(found.items()))


def choices_of(hint):
    if typing.get_origin(hint) is typing.Literal:
        return list(typing.get_args(hint))
    for inner in typing.get_args(hint):
        choices = choices_of(inner)
        if choices:
            return choices
    return None


def add_choices(classes):
    """Those of transformers' enumerations, which its fields take as texts."""
    from transformers.trainer_utils import IntervalStrategy, SchedulerType
    from transformers.training_args import OptimizerNames

    enumerations = {"lr_scheduler_type": SchedulerType, "optim": OptimizerNames, "eval_strategy": IntervalStrategy}
    for fields in classes.values():
        for name, enumeration in enumerations.items():
            if name in fields:
                fields[name]["choices"] = [kind.value for kind in enumeration]


def trl():
    import trl

    names = ["SFTConfig", "GRPOConfig", "DPOConfig", "ModelConfig"]
    found = {name: fields_of(getattr(trl, name)) for name in names}
    add_choices(found)
    return {"tool": "trl", "version": trl.__version__, "classes": found}


def llamafactory():
    from importlib.metadata import version

    import without_audio  # noqa: F401
    from llamafactory import hparams
    from llamafactory.data.template import TEMPLATES

    names = ["ModelArguments", "DataArguments", "TrainingArguments", "FinetuningArguments", "GeneratingArguments"]
    found = {name: fields_of(getattr(hparams, name)) for name in names}
    add_choices(found)
    return {
        "tool": "llamafactory",
        "version": version("llamafactory"),
        "classes": found,
        "templates": sorted(TEMPLATES),
    }


def verl():
    import verl
    from hydra import compose, initialize_config_module
    from omegaconf import OmegaConf

    def flat(value, prefix=""):
        if isinstance(value, dict) and value:
            found = {}
            for name, inner in value.items():
                found |= flat(inner, f"{prefix}{name}.")
            return found
        return {prefix[:-1]: value}

    configs = {}
    with initialize_config_module("verl.trainer.config", version_base=None):
        for name in ["ppo_trainer", "sft_trainer_engine"]:
            tree = OmegaConf.to_container(compose(name), resolve=False)
            configs[name] = {path: value for path, value in flat(tree).items() if "profiler" not in path}
    return {"tool": "verl", "version": verl.__version__, "configs": configs}


if __name__ == "__main__":
    tool = sys.argv[1]
    found = {"trl": trl, "llamafactory": llamafactory, "verl": verl}[tool]()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{tool}_fields.json").write_text(json.dumps(found, indent=1) + "\n")
    print(tool, found["version"])
