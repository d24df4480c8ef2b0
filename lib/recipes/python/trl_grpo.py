"""Group Relative Policy Optimization with TRL: config.yaml says how, data/ what to ask, rewards.py who judges.

    accelerate launch --config_file accelerate.yaml train.py --config config.yaml
"""

from dataclasses import dataclass, field
from typing import Optional

import rewards
from datasets import load_dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM
from trl import GRPOConfig, GRPOTrainer, ModelConfig, TrlParser, get_peft_config, get_quantization_config


@dataclass
class RecipeArguments:
    """What is neither TRL's nor the model's."""

    train_file: str = field(metadata={"help": "JSON Lines to learn from"})
    start_adapter: Optional[str] = field(default=None, metadata={"help": "an adapter to go on from"})
    rewards: list[str] = field(default_factory=list, metadata={"help": "names of functions in rewards.py"})


def main(recipe, args, model_args):
    quantization = get_quantization_config(model_args)
    model = AutoModelForCausalLM.from_pretrained(
        model_args.model_name_or_path,
        revision=model_args.model_revision,
        dtype=model_args.dtype,
        attn_implementation=model_args.attn_implementation,
        quantization_config=quantization,
    )
    peft_config = get_peft_config(model_args)
    if recipe.start_adapter is not None:
        model, peft_config = PeftModel.from_pretrained(model, recipe.start_adapter, is_trainable=True), None
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[getattr(rewards, name) for name in recipe.rewards],
        args=args,
        train_dataset=load_dataset("json", data_files=recipe.train_file, split="train"),
        peft_config=peft_config,
    )
    trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)
    trainer.save_model(f"{args.output_dir}/adapter" if model_args.use_peft else f"{args.output_dir}/model")


if __name__ == "__main__":
    main(*TrlParser((RecipeArguments, GRPOConfig, ModelConfig)).parse_args_and_config(fail_with_unknown_args=True))
