/** What llama.cpp calls the weights of a checkpoint. */

/** Outside of the blocks. */
const WHOLE_MODEL: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

/** Inside a block, without `.weight` or `.bias`. */
const IN_BLOCK: Readonly<Record<string, string>> = {
  "input_layernorm": "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  "post_attention_layernorm": "ffn_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** The factors by which rotary frequencies are divided, [headDim / 2]: Llama 3's scaling. */
export const ROPE_FREQS = "rope_freqs.weight";

/** The layer and the rest of a checkpoint's weight name: `model.layers.3.mlp.up_proj.weight`. */
const BLOCK_WEIGHT = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/;

/**
 * llama.cpp's name of a checkpoint's weight, such as `blk.3.ffn_up.weight`.
 *
 * @throws {RangeError} when no family has such a weight
 */
export function ggufName(weight: string): string {
  const [, layer, inside, kind] = BLOCK_WEIGHT.exec(weight) ?? [];
  const name = layer === undefined
    ? WHOLE_MODEL[weight]
    : Object.hasOwn(IN_BLOCK, inside)
    ? `blk.${layer}.${IN_BLOCK[inside]}.${kind}`
    : undefined;
  if (name === undefined) throw new RangeError(`GGUF has no name for the weight "${weight}"`);
  return name;
}

/** Which layer a checkpoint's weight belongs to; undefined for those of the whole model. */
export function layerOf(weight: string): number | undefined {
  const layer = BLOCK_WEIGHT.exec(weight)?.[1];
  return layer === undefined ? undefined : Number(layer);
}
