"""verl: Hydra composes recipe.yaml over the packaged configuration, verl validates it and makes its data classes, and its
data sets read the data."""

import os
import subprocess
import sys
import types
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import check_recipes_tools as tools

# The last of the checks of validate_config asks vLLM for the ranks that it takes, and vLLM needs a card to be installed: here
# it is asked for nothing. All others are verl's own.
for name in ["verl.workers.rollout.vllm_rollout", "verl.workers.rollout.vllm_rollout.utils"]:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].get_vllm_max_lora_rank = lambda rank: rank


def check(recipe: Path, method: str) -> str:
    os.chdir(recipe)
    from omegaconf import OmegaConf

    config = compose(recipe, method)
    OmegaConf.resolve(config)
    expected = tools.fields(recipe)

    for path, value in expected.items():
        got = OmegaConf.select(config, path)
        got = OmegaConf.to_container(got) if OmegaConf.is_config(got) else got
        if not tools.same(value, got):
            raise SystemExit(f"{recipe}: {path} is {got!r}, expected {value!r}")
    data_said = check_sft(recipe, config) if method == "sft" else check_rl(recipe, method, config)
    return f"{len(expected)} fields, {check_command_line(recipe, method)}, {data_said}"


def compose(recipe: Path, method: str):
    import hydra

    with hydra.initialize_config_dir(str(recipe), version_base=None):
        return hydra.compose("recipe", overrides=["hydra.searchpath=[pkg://verl.trainer.config]"])


def check_command_line(recipe: Path, method: str) -> str:
    """The command of the README, asked to show what it has read instead of training."""
    module = "verl.trainer.sft_trainer" if method == "sft" else "verl.trainer.main_ppo"
    command = [sys.executable, "-m", module, "--config-dir", str(recipe), "--config-name", "recipe", "--cfg", "job"]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode != 0 or "kiln" not in shown.stdout:
        raise SystemExit(f"{recipe}: {' '.join(command)}\n{shown.stderr[-2000:]}")
    return "the command reads them"


def check_rl(recipe: Path, method: str, config) -> str:
    from omegaconf import open_dict
    from verl.trainer.ppo.utils import need_critic, need_reference_policy
    from verl.utils.config import omega_conf_to_dataclass, validate_config
    from verl.utils.dataset.rl_dataset import RLHFDataset

    validate_config(config, need_reference_policy(config), need_critic(config))
    made = [
        omega_conf_to_dataclass(config.actor_rollout_ref.actor),
        omega_conf_to_dataclass(config.actor_rollout_ref.rollout),
        omega_conf_to_dataclass(config.algorithm),
    ]
    if method == "ppo":
        made.append(omega_conf_to_dataclass(config.critic))
    model = omega_conf_to_dataclass(config.actor_rollout_ref.model)
    with open_dict(config):
        config.data.cache_dir = str(recipe / "cache")
    data = RLHFDataset(config.data.train_files, model.tokenizer, config.data)
    recorded = tools.rows(recipe.parent / "train_data.jsonl")
    for index, wanted in enumerate(recorded):
        row = data[index]
        ids = model.tokenizer.apply_chat_template(row["raw_prompt"], add_generation_prompt=True, return_dict=False)
        expected = model.tokenizer.encode(wanted["prompt"], add_special_tokens=wanted["addSpecialTokens"])
        if ids != expected or row["reward_model"]["ground_truth"] != wanted["columns"]["answer"]:
            raise SystemExit(f"{recipe}: row {index} has another prompt or answer than the run")
    from verl.trainer.ppo.reward import get_custom_reward_fn

    score = get_custom_reward_fn(config)
    said = f"validated, {len(made) + 1} data classes, {len(recorded)} prompts of the run's tokens"
    if "raise NotImplementedError" in (recipe / "rewards.py").read_text():
        return f"{said}; rewards.py is to be written"
    right = score(data_source="kiln", solution_str="1\n</think>\n<answer>\n7\n</answer>", ground_truth="7", extra_info={})
    wrong = score(data_source="kiln", solution_str="nothing", ground_truth="7", extra_info={})
    if not right["score"] > wrong["score"]:
        raise SystemExit(f"{recipe}: rewards.py gives {right} for a right answer, {wrong} for none")
    return f"{said}, reward {right['score']}"


def check_sft(recipe: Path, config) -> str:
    from verl.utils.config import omega_conf_to_dataclass
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

    model = omega_conf_to_dataclass(config.model)
    omega_conf_to_dataclass(config.engine)
    omega_conf_to_dataclass(config.optim)
    data = MultiTurnSFTDataset(config.data.train_files, model.tokenizer, config.data)
    recorded = tools.rows(recipe.parent / "train_data.jsonl")
    for index, wanted in enumerate(recorded):
        row = data[index]
        end = min(wanted["trained"][-1][1], config.data.max_length)
        labels = [token if mask else -100 for token, mask in zip(row["input_ids"].tolist(), row["loss_mask"].tolist())]
        if row["input_ids"].tolist() != wanted["ids"][:end] or labels != tools.labels_of(wanted)[:end]:
            raise SystemExit(f"{recipe}: row {index} has other tokens or labels than the run")
    return f"3 data classes, {len(recorded)} rows of the run's tokens"
