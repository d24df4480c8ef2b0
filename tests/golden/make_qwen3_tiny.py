"""Makes qwen3_tiny/: a Qwen3 folder, an adapter for it, and what transformers and PEFT compute with them.

Tied embeddings; heads of 8 where hidden size over heads is 6, so that code that confuses the two fails. The norms of
queries and keys have weights of their own in each block.
"""

from transformers import Qwen3Config, Qwen3ForCausalLM

from family_golden import save_all_linear_adapter, save_model, write_adapter_golden, write_model_golden
from float64 import use_float64
from golden_files import FOLDER
from tiny_qwen2 import EOS, VOCAB, draw_weights

MODEL = FOLDER / "qwen3_tiny" / "tied"
ADAPTER = FOLDER / "qwen3_tiny" / "lora"


def qwen3() -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=VOCAB,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=128,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=EOS,
        dtype="float32",
    )
    return draw_weights(Qwen3ForCausalLM(config), seed=57)


if __name__ == "__main__":
    save_model(MODEL, qwen3())
    save_all_linear_adapter(MODEL, ADAPTER, seed=31)
    use_float64()
    write_model_golden(MODEL)
    write_adapter_golden(MODEL, ADAPTER)
