/**
 * Qwen3, the dense models (arXiv:2505.09388): queries and keys of each head pass a norm of their own, with one weight
 * [headDim] for all heads, before they are turned by their positions. The head size is a field of its own, and the linear
 * layers of attention have biases only where `attention_bias` says so, which no published checkpoint does.
 */
import { z } from "zod";
import { rmsNorm } from "../kernels/mod.ts";
import { qwenWindowFields, readFields, refuseSlidingWindow, sharedConfig, sharedFields } from "./config_fields.ts";
import type { Family } from "./families.ts";

const fields = sharedFields.extend({
  ...qwenWindowFields,
  head_dim: z.number().int().positive().default(128),
  attention_bias: z.boolean().default(false),
});

export const qwen3: Family = {
  architecture: "Qwen3ForCausalLM",
  checkpoints: "dense Qwen3",

  readConfig(json, source) {
    const own = readFields(fields, json, source);
    refuseSlidingWindow(own, source);
    return { family: "qwen3", ...sharedConfig(own, source), attentionBias: own.attention_bias };
  },

  ownConfigFields: ({ attentionBias, headDim }) => ({
    attention_bias: attentionBias,
    head_dim: headDim,
    use_sliding_window: false,
  }),

  biasedModules: ({ attentionBias }) => attentionBias ? ["q_proj", "k_proj", "v_proj", "o_proj"] : [],

  ownWeightShapes: ({ headDim }) => ({ "self_attn.q_norm.weight": [headDim], "self_attn.k_norm.weight": [headDim] }),

  prepareHeads: (x, of, { rmsNormEps }, weight) => rmsNorm(x, weight(`self_attn.${of}_norm.weight`), rmsNormEps),
};
