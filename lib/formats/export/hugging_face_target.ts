/** The whole model with its adapter merged, as a Hugging Face folder. */
import { WEIGHT_FILE } from "../../models/mod.ts";
import { Tokenizer, tokenizerFileNames } from "../../tokenizer/mod.ts";
import { type CheckpointDtype, saveMergedModel } from "../hugging_face/mod.ts";
import { BOUNDS } from "./bounds.ts";
import type { ExportTarget } from "./target.ts";
import { sourceLogits } from "./verify.ts";

/** Options of a merged checkpoint. */
export interface HuggingFaceExport {
  to: "hf";
  /** Default `"BF16"`. */
  dtype?: CheckpointDtype;
  /** Weights beyond this are split over several files. Default 5 GB. */
  maxShardBytes?: number;
}

const DTYPES: readonly unknown[] = ["BF16", "F16", "F32"] satisfies CheckpointDtype[];

/** @throws {RangeError} when there is no such dtype */
export function huggingFaceTarget({ dtype = "BF16", maxShardBytes }: HuggingFaceExport): ExportTarget {
  if (!DTYPES.includes(dtype)) throw new RangeError(`dtype: expected one of ${DTYPES.join(", ")}, got ${dtype}`);
  const names: readonly string[] = tokenizerFileNames;
  return {
    title: `a Hugging Face checkpoint in ${dtype}`,
    library: "transformers",
    tags: [],
    supersedes: (name) => WEIGHT_FILE.test(name) || names.includes(name),
    parts: [{
      format: dtype,
      bound: BOUNDS[dtype],
      readBack: async (folder, context) => ({
        logits: await sourceLogits({ model: folder }, context),
        tokenizer: await Tokenizer.load(folder),
      }),
    }],
    write: (source, folder, context) => saveMergedModel(source, folder, { dtype, maxShardBytes, ...context }),
    chats: 'Conversations: `tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")`.',
    usage: (place) =>
      [
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        `model = AutoModelForCausalLM.from_pretrained(${JSON.stringify(place)}, dtype="auto")`,
        `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(place)})`,
        "```",
        "",
        `vLLM serves it as it is: \`vllm serve ${place}\`.`,
      ].join("\n"),
  };
}
