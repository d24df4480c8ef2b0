"""Makes ppo/training.*: two rounds of TRL 0.11.4's PPOv2Trainer on given responses, in float64.

Run alone: `python make_ppo_training.py`, with the packages of requirements_ppo.txt (after make_qwen2_tiny.py and
make_lora.py). Policy and value model are two LoRA adapters on qwen2_tiny/tied, the second with a head `score`; the
reference is the policy as it was at first. A round has 16 responses of 6 words, two epochs of two minibatches, each
minibatch two micro-batches that are accumulated: eight optimizer steps in all, the first four on one round. Prompts
have different lengths; responses have not, since TRL gives a shorter one's score to the padding after it. Minibatches
are taken in order.
"""

import copy
import json

import numpy
import torch
import trl.trainer.ppov2_trainer as ppo
from datasets import Dataset
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, Qwen2ForSequenceClassification
from transformers.models.qwen2 import modeling_qwen2
from trl import PPOv2Config, PPOv2Trainer

from golden_files import FOLDER, norm, save_arrays, save_json

PAD, EOS, VOCAB, WIDTH = 0, 1, 96, 6
TIED, ADAPTER = FOLDER / "qwen2_tiny" / "tied", FOLDER / "lora" / "all_linear"
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CRITIC = {"r": 2, "loraAlpha": 4}
ROUNDS, EPISODES = 2, 16
OPTIONS = {
    "perDeviceTrainBatchSize": 4,
    "numMiniBatches": 2,
    "numPpoEpochs": 2,
    "numTotalBatches": ROUNDS,
    "learningRate": 2e-3,
    "lrSchedulerType": "constant",
    "maxGradNorm": 0,
    "weightDecay": 0.0,
    "klCoef": 0.2,
    "cliprange": 0.2,
    "cliprangeValue": 0.2,
    "vfCoef": 0.3,
    "gamma": 0.98,
    "lam": 0.9,
    "missingEosPenalty": 0.5,
    "temperature": 0.9 + 1e-7,  # what TRL makes of 0.9
}
KEPT_LAYER = ".layers.1."


def use_float64() -> None:
    """Qwen2 in float64 from end to end, as float64.py does it for a later transformers."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # transformers of that time casts logits

    def rms_norm(self, hidden):
        return self.weight * (hidden / torch.sqrt((hidden * hidden).mean(-1, keepdim=True) + self.variance_epsilon))

    @torch.no_grad()
    def rotary_table(self, hidden, position_ids):
        exponent = torch.arange(0, self.config.hidden_size // self.config.num_attention_heads, 2).double()
        frequencies = self.config.rope_theta ** (-exponent * self.config.num_attention_heads / self.config.hidden_size)
        angles = position_ids[..., None].double() * frequencies
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos(), angles.sin()

    modeling_qwen2.Qwen2RMSNorm.forward = rms_norm
    modeling_qwen2.Qwen2RotaryEmbedding.forward = rotary_table


def config() -> Qwen2Config:
    """The model's config in the spelling of an older transformers."""
    saved = json.loads((TIED / "config.json").read_text())
    theta = saved["rope_parameters"]["rope_theta"]
    names = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"]
    names += ["num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "eos_token_id"]
    fields = {name: saved[name] for name in names}
    return Qwen2Config(**fields, rope_theta=theta, attn_implementation="sdpa", num_labels=1)


def with_lora(model, r: int, alpha: int):
    """The frozen weights of qwen2_tiny/tied with an adapter of all linear layers."""
    weights = load_file(TIED / "model.safetensors")
    missing, unexpected = model.load_state_dict({name: w.double() for name, w in weights.items()}, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight", "score.weight"}, (missing, unexpected)
    model = model.double().eval()
    lora = LoraConfig(r=r, lora_alpha=alpha, lora_dropout=0.0, target_modules=MODULES)
    return inject_adapter_in_model(lora, model)


def own_name(name: str) -> str:
    """A parameter's name as PEFT saves it."""
    return "base_model.model." + name.replace(".default.", ".")


def trained_weights(model) -> dict:
    return {own_name(name): w.detach().clone() for name, w in model.named_parameters() if w.requires_grad}


def make_policy():
    policy = with_lora(Qwen2ForCausalLM(config()), r=4, alpha=8)
    saved = load_file(ADAPTER / "adapter_model.safetensors")
    with torch.no_grad():
        for name, weight in policy.named_parameters():
            if weight.requires_grad:
                weight.copy_(saved[own_name(name)])
    return policy


def make_value_model(generator: torch.Generator):
    """A critic that has learned something: no factor is 0, and values are far from each other."""
    model = with_lora(Qwen2ForSequenceClassification(config()), r=CRITIC["r"], alpha=CRITIC["loraAlpha"])
    model.score.weight.requires_grad_(True)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float32)
                weight.copy_(0.2 * drawn)
    return model


def make_tokenizer():
    words = {"<pad>": PAD, "<eos>": EOS, **{f"w{i}": i for i in range(2, VOCAB)}}
    made = Tokenizer(WordLevel(words, unk_token="<pad>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<eos>")
    tokenizer.padding_side = "left"
    return tokenizer


def draw_responses(generator: torch.Generator) -> torch.Tensor:
    """Ordinary words; every second response ends with the end word."""
    responses = torch.randint(2, VOCAB, (EPISODES, WIDTH), generator=generator)
    responses[::2, -1] = EOS
    return responses


def score_of(response: torch.Tensor) -> torch.Tensor:
    """The share of even ids, doubled."""
    return 2 * (response % 2 == 0).double().mean(-1)


class Replay:
    """Stands in for what TRL's trainer draws or asks a reward model for, and writes down what it works with."""

    def __init__(self, responses: list):
        self.responses = responses
        self.rounds, self.steps, self.gradients = [], [], {}

    def generation(self, model, queries, batch_size, pad_token_id, generation_config):
        response = self.responses[len(self.rounds)]
        query_response = torch.cat([queries, response], 1)
        logits = ppo.forward(model, query_response, pad_token_id).logits[:, queries.shape[1] - 1 : -1]
        self.rounds.append({
            "prompts": [[int(i) for i in row if i != PAD] for row in queries],
            "responses": response.tolist(),
            "scores": score_of(response).tolist(),
        })
        return query_response, logits / OPTIONS["temperature"]

    def reward(self, model, query_responses, pad_token_id, context_length, original=ppo.get_reward):
        if isinstance(model, RewardModel):
            return None, score_of(query_responses[:, context_length:]), None
        result = original(model, query_responses, pad_token_id, context_length)
        self.values = [*getattr(self, "values", []), result[0][:, context_length - 1 : -1].squeeze(-1)]
        return result

    def whiten(self, values, mask, shift_mean=True, original=ppo.masked_whiten):
        whitened = original(values, mask, shift_mean)
        if shift_mean:  # of advantages, not rewards
            critic = torch.cat(self.values)
            self.values = []
            self.rounds[-1].update(
                values=critic.tolist(), returns=(values + critic).tolist(), advantages=whitened.tolist()
            )
        return whitened


class RewardModel(torch.nn.Module):
    pass


def run(name: str, options: dict) -> None:
    generator = torch.Generator().manual_seed(23)
    policy, value_model = make_policy(), make_value_model(generator)
    initial = trained_weights(value_model)
    prompts = [torch.randint(2, VOCAB, (int(length),), generator=generator).tolist()
               for length in torch.randint(2, 7, (EPISODES * (ROUNDS + 1),), generator=generator)]
    replay = Replay([draw_responses(generator) for _ in range(ROUNDS)])
    ppo.batch_generation, ppo.get_reward, ppo.masked_whiten = replay.generation, replay.reward, replay.whiten
    numpy.random.permutation = numpy.arange
    # one round's prompts more than are used: at the end of its data accelerate stops accumulating
    dataset = Dataset.from_dict({"input_ids": prompts})
    trainer = PPOv2Trainer(
        config=PPOv2Config(
            output_dir="/tmp/ppo_golden",
            report_to=[],
            save_strategy="no",
            num_sample_generations=0,
            response_length=WIDTH,
            stop_token="eos",
            per_device_train_batch_size=options["perDeviceTrainBatchSize"],
            gradient_accumulation_steps=2,
            num_mini_batches=options["numMiniBatches"],
            num_ppo_epochs=options["numPpoEpochs"],
            total_episodes=EPISODES * ROUNDS,
            learning_rate=options["learningRate"],
            lr_scheduler_type=options["lrSchedulerType"],
            kl_coef=options["klCoef"],
            cliprange=options["cliprange"],
            cliprange_value=options["cliprangeValue"],
            vf_coef=options["vfCoef"],
            gamma=options["gamma"],
            lam=options["lam"],
            whiten_rewards=options["whitenRewards"],
            missing_eos_penalty=options["missingEosPenalty"],
            temperature=0.9,
        ),
        tokenizer=make_tokenizer(),
        policy=policy,
        ref_policy=copy.deepcopy(policy),
        reward_model=RewardModel(),
        value_model=value_model,
        train_dataset=dataset,
        eval_dataset=dataset,
    )
    logs = []
    # episodes a second are another number each time
    trainer.log = lambda metrics: logs.append({key: value for key, value in metrics.items() if key != "eps"})
    before = {"policy": trained_weights(policy), "critic": initial}
    take_step = trainer.optimizer.step

    def step_and_record(*arguments, **keywords):
        if trainer.accelerator.sync_gradients:
            gradients = {
                part: {own_name(key): w.grad for key, w in model.named_parameters() if w.requires_grad}
                for part, model in (("policy", policy), ("critic", value_model))
            }
            replay.steps.append({part: norm(*found.values()) for part, found in gradients.items()})
            if len(replay.steps) == 2:  # in the first all ratios are 1
                kept = ((f"{part}.{key}", g) for part, found in gradients.items() for key, g in found.items())
                replay.gradients = {key: g.clone() for key, g in kept if KEPT_LAYER in key or "score" in key}
        return take_step(*arguments, **keywords)

    trainer.optimizer.step = step_and_record
    trainer.train()
    after = {"policy": trained_weights(policy), "critic": trained_weights(value_model)}
    assert len(replay.steps) == ROUNDS * options["numPpoEpochs"] * options["numMiniBatches"], len(replay.steps)
    save_arrays("ppo/critic.safetensors", initial)
    save_arrays(f"ppo/training.{name}.weights.safetensors", {
        f"{part}.{key}": w for part, ws in after.items() for key, w in ws.items() if KEPT_LAYER in key or "score" in key
    })
    save_arrays(f"ppo/training.{name}.gradients.safetensors", replay.gradients)
    changes = {f"{part}.{key}": norm(w - before[part][key]) for part, ws in after.items() for key, w in ws.items()}
    save_json(f"ppo/training.{name}.json", {
        "model": "qwen2_tiny/tied",
        "adapter": "lora/all_linear",
        "critic": {**CRITIC, "factors": "ppo/critic.safetensors"},
        "options": options,
        "rounds": [{**played, "metrics": log} for played, log in zip(replay.rounds, logs)],
        "gradientNorms": replay.steps,
        "updateNorms": changes,
    })


if __name__ == "__main__":
    use_float64()
    run("plain", {**OPTIONS, "whitenRewards": False})
    run("whitened", {**OPTIONS, "whitenRewards": True, "missingEosPenalty": 0.0, "klCoef": 0.05, "vfCoef": 0.1})
