/** In which type each weight of a file stands, as llama.cpp's own quantiser decides it. */
import type { ModelConfig } from "../../models/mod.ts";
import { blockSizeOf, type GgufTensorType } from "./format.ts";
import { layerOf } from "./tensor_names.ts";

/** What a whole file can be written in. */
export const GGUF_TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K"] as const;

/** The type of most weights of a file. */
export type GgufType = (typeof GGUF_TYPES)[number];

/** `general.file_type`, by which tools name a file. Q4_K is the mixture that llama.cpp calls Q4_K_M (with Q6_K). */
export const FILE_TYPES: Readonly<Record<GgufType, { id: number; name: string }>> = {
  F32: { id: 0, name: "F32" },
  F16: { id: 1, name: "F16" },
  BF16: { id: 32, name: "BF16" },
  Q8_0: { id: 7, name: "Q8_0" },
  Q4_0: { id: 2, name: "Q4_0" },
  Q4_K: { id: 15, name: "Q4_K_M" },
};

/** What takes the place of a type whose blocks do not fit a row. */
const FALLBACKS: Readonly<Partial<Record<GgufTensorType, GgufTensorType>>> = {
  Q4_K: "Q5_0",
  Q6_K: "Q8_0",
  Q5_0: "F16",
  Q4_0: "F16",
  Q8_0: "F16",
};

/**
 * The type of a weight in a file of a type.
 *
 * - Norms and biases are always F32: they are few, and everything depends on them.
 * - The head, or the token table where the two are one, is Q6_K in files of 4 bits.
 * - In Q4_K files attn_v and ffn_down are Q6_K in the first and last eighth of the layers and in every third between
 *   them: the mixture Q4_K_M.
 * - Where the blocks of a type do not fit a row (256 numbers for Q4_K and Q6_K, 32 for others), Q5_0 stands for Q4_K,
 *   Q8_0 for Q6_K, and F16 for the others.
 *
 * @param weight Its name in the checkpoint.
 * @param shape [rows, columns], or [length] of a norm or bias.
 */
export function typeOfWeight(
  weight: string,
  shape: readonly number[],
  config: Pick<ModelConfig, "layers" | "tieWordEmbeddings">,
  type: GgufType,
): GgufTensorType {
  if (shape.length < 2) return "F32";
  const columns = shape[shape.length - 1];
  let chosen: GgufTensorType = needsMoreBits(weight, config, type) ? "Q6_K" : type;
  while (columns % blockSizeOf(chosen) !== 0) chosen = FALLBACKS[chosen]!;
  return chosen;
}

function needsMoreBits(
  weight: string,
  { layers, tieWordEmbeddings }: Pick<ModelConfig, "layers" | "tieWordEmbeddings">,
  type: GgufType,
): boolean {
  if (type !== "Q4_0" && type !== "Q4_K") return false;
  if (weight === (tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight")) return true;
  if (type === "Q4_0" || !/\.(v_proj|down_proj)\.weight$/.test(weight)) return false;
  const layer = layerOf(weight)!;
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor(7 * layers / 8) || (layer - eighth) % 3 === 2;
}
