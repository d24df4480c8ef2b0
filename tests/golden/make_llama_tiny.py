"""Makes llama_tiny/: two Llama folders, an adapter, and what transformers and PEFT compute with them.

`llama3` has a head of its own and Llama 3's scaling of rotary positions. Its four wavelengths are 6, 30, 140 and 664
positions and the original length is 64, so that the first keeps its frequency, the second is blended, and the last two
are slowed down. `biased` is everything else that the family allows: tied embeddings, biases on all seven matrices,
linear scaling, heads of another size than hidden size over heads.
"""

from transformers import LlamaConfig, LlamaForCausalLM

from family_golden import save_all_linear_adapter, save_model, write_adapter_golden, write_model_golden
from float64 import use_float64
from golden_files import FOLDER
from tiny_qwen2 import EOS, VOCAB, draw_weights

LLAMA3 = FOLDER / "llama_tiny" / "llama3"
BIASED = FOLDER / "llama_tiny" / "biased"
ADAPTER = FOLDER / "llama_tiny" / "lora"


def llama(seed: int, **fields) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCAB,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        rms_norm_eps=1e-5,
        bos_token_id=None,
        eos_token_id=EOS,
        dtype="float32",
        **fields,
    )
    return draw_weights(LlamaForCausalLM(config), seed)


def llama3(seed: int) -> LlamaForCausalLM:
    return llama(
        seed,
        hidden_size=32,
        intermediate_size=40,
        num_hidden_layers=2,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 500.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
        tie_word_embeddings=False,
    )


def biased(seed: int) -> LlamaForCausalLM:
    return llama(
        seed,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        head_dim=6,
        attention_bias=True,
        mlp_bias=True,
        rope_parameters={"rope_type": "linear", "rope_theta": 10_000.0, "factor": 4.0},
        tie_word_embeddings=True,
    )


if __name__ == "__main__":
    save_model(LLAMA3, llama3(seed=152))
    save_model(BIASED, biased(seed=83))
    save_all_linear_adapter(LLAMA3, ADAPTER, seed=32)
    use_float64()
    write_model_golden(LLAMA3)
    write_model_golden(BIASED)
    write_adapter_golden(LLAMA3, ADAPTER)
