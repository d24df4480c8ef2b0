"""Preference training with TRL: config.yaml says how, data/ on what.

    accelerate launch --config_file accelerate.yaml train.py --config config.yaml
"""

from dataclasses import dataclass, field
from typing import Optional

from datasets import load_dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM, EarlyStoppingCallback
from trl import DPOConfig, DPOTrainer, ModelConfig, TrlParser, get_peft_config, get_quantization_config


@dataclass
class RecipeArguments:
    """What is neither TRL's nor the model's."""

    train_file: str = field(metadata={"help": "JSON Lines to learn from"})
    eval_file: Optional[str] = field(default=None, metadata={"help": "JSON Lines that were held out"})
    start_adapter: Optional[str] = field(default=None, metadata={"help": "an adapter to go on from"})
    trainable_token_indices: Optional[list[int]] = field(default=None, metadata={"help": "tokens with rows of their own"})
    early_stopping_patience: Optional[int] = field(default=None, metadata={"help": "evaluations without a better one"})
    early_stopping_threshold: float = field(default=0.0, metadata={"help": "what counts as better"})


class TokensDPOTrainer(DPOTrainer):
    """Takes rows of tokens as they are; TRL itself knows rows of texts and chats alone."""

    def _prepare_dataset(self, dataset, processing_class, args, dataset_name):
        if "prompt_ids" not in dataset.column_names:
            return super()._prepare_dataset(dataset, processing_class, args, dataset_name)
        if args.max_length is None:
            return dataset
        return dataset.filter(lambda row: len(row["prompt_ids"]) < args.max_length)


def load_rows(path):
    return None if path is None else load_dataset("json", data_files=path, split="train")


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
    elif recipe.trainable_token_indices is not None:
        peft_config.trainable_token_indices = recipe.trainable_token_indices
    callbacks = []
    if recipe.early_stopping_patience is not None:
        callbacks = [EarlyStoppingCallback(recipe.early_stopping_patience, recipe.early_stopping_threshold)]
    trainer = TokensDPOTrainer(
        model=model,
        args=args,
        train_dataset=load_rows(recipe.train_file),
        eval_dataset=load_rows(recipe.eval_file),
        peft_config=peft_config,
        callbacks=callbacks,
    )
    trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)
    if recipe.eval_file is not None:
        trainer.evaluate()
    trainer.save_model(f"{args.output_dir}/adapter" if model_args.use_peft else f"{args.output_dir}/model")


if __name__ == "__main__":
    main(*TrlParser((RecipeArguments, DPOConfig, ModelConfig)).parse_args_and_config(fail_with_unknown_args=True))
