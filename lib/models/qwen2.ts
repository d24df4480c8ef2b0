/**
 * Qwen2 and Qwen2.5 (arXiv:2407.10671, arXiv:2412.15115), and what was distilled into them (DeepSeek-R1-Distill-Qwen):
 * the shared block with biases on q, k and v.
 */
import { qwenWindowFields, readFields, refuseSlidingWindow, sharedConfig, sharedFields } from "./config_fields.ts";
import type { Family } from "./families.ts";

const fields = sharedFields.extend(qwenWindowFields);

export const qwen2: Family = {
  architecture: "Qwen2ForCausalLM",
  checkpoints: "Qwen2, Qwen2.5, DeepSeek-R1-Distill-Qwen",

  readConfig(json, source) {
    const own = readFields(fields, json, source);
    refuseSlidingWindow(own, source);
    return { family: "qwen2", ...sharedConfig(own, source), attentionBias: true };
  },

  ownConfigFields({ attentionBias, headDim, heads, hiddenSize }) {
    if (!attentionBias) throw new Error("configJson: a qwen2 model without attentionBias cannot be written down");
    return {
      ...(headDim * heads === hiddenSize ? {} : { head_dim: headDim }),
      use_sliding_window: false,
    };
  },

  biasedModules: ({ attentionBias }) => attentionBias ? ["q_proj", "k_proj", "v_proj"] : [],
};
