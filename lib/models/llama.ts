/**
 * Llama 2 and 3 (arXiv:2307.09288, arXiv:2407.21783) and the many models of that shape: SmolLM2, TinyLlama,
 * DeepSeek-R1-Distill-Llama. The shared block, usually without biases; Llama 3.1 and later scale their rotary frequencies.
 */
import { z } from "zod";
import { maxPositions, readFields, refuseField, sharedConfig, sharedFields, tokenIds } from "./config_fields.ts";
import type { LinearModule } from "./decoder_block.ts";
import type { Family } from "./families.ts";

const ATTENTION_MODULES: readonly LinearModule[] = ["q_proj", "k_proj", "v_proj", "o_proj"];
const MLP_MODULES: readonly LinearModule[] = ["gate_proj", "up_proj", "down_proj"];

const fields = sharedFields.extend({
  max_position_embeddings: maxPositions.default(2048),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  pretraining_tp: z.number().nullish(),
  rope_interleaved: z.boolean().nullish(),
  // transformers takes an absent one for Llama 2's.
  eos_token_id: tokenIds.nullable().default(2),
});

export const llama: Family = {
  architecture: "LlamaForCausalLM",
  checkpoints: "Llama 2 and 3, SmolLM2, TinyLlama, DeepSeek-R1-Distill-Llama",

  readConfig(json, source) {
    const own = readFields(fields, json, source);
    const { pretraining_tp, rope_interleaved } = own;
    if ((pretraining_tp ?? 1) > 1) {
      refuseField(source, "pretraining_tp", pretraining_tp, "expected 1, which differs only in rounding");
    }
    if (rope_interleaved) {
      refuseField(source, "rope_interleaved", true, "expected false: convert q_proj and k_proj to the usual order");
    }
    const config = { family: "llama" as const, ...sharedConfig(own, source), attentionBias: own.attention_bias };
    return own.mlp_bias ? { ...config, mlpBias: true } : config;
  },

  ownConfigFields: ({ attentionBias, headDim, mlpBias = false }) => ({
    attention_bias: attentionBias,
    // Without it, transformers would assume Llama 2's.
    bos_token_id: null,
    head_dim: headDim,
    mlp_bias: mlpBias,
    pretraining_tp: 1,
  }),

  biasedModules: ({ attentionBias, mlpBias = false }) => [
    ...(attentionBias ? ATTENTION_MODULES : []),
    ...(mlpBias ? MLP_MODULES : []),
  ],
};
