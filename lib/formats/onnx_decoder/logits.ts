import * as ort from "onnxruntime-node";
import { parseConfig } from "../../models/mod.ts";
import { cacheNames, NUM_LOGITS } from "./decoder_graph.ts";
import { type OnnxPrecision, variantOf } from "./variants.ts";

/**
 * The logits of a text that an exported decoder computes in ONNX Runtime on the CPU, as a check of the export.
 *
 * @param folder What `saveOnnxDecoder` wrote.
 * @param ids The text's tokens; at least one.
 * @returns float32 [tokens, vocabulary]
 * @throws When a file is absent or is not what it should be.
 */
export async function onnxDecoderLogits(
  folder: string,
  precision: OnnxPrecision,
  ids: readonly number[],
): Promise<Float32Array<ArrayBuffer>> {
  const { file, cacheType } = variantOf(precision);
  const path = `${folder}/config.json`;
  const { layers, kvHeads, headDim, vocabSize, maxPositions } = parseConfig(await Deno.readTextFile(path), path);
  const most = Math.min(maxPositions, Math.floor(MOST_LOGITS / vocabSize));
  if (ids.length === 0 || ids.length > most) {
    throw new RangeError(`ids: expected 1 to ${most} tokens, got ${ids.length}`);
  }
  const stray = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
  if (stray !== undefined) throw new RangeError(`ids: token id ${stray} is outside the vocabulary of ${vocabSize}`);

  const integers = (values: readonly number[]) =>
    new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
  const feeds: Record<string, ort.Tensor> = {
    input_ids: integers(ids),
    attention_mask: integers(ids.map(() => 1)),
    position_ids: integers(ids.map((_, position) => position)),
  };
  const none = cacheType === "float16" ? new Uint16Array(0) : new Float32Array(0);
  for (let layer = 0; layer < layers; layer++) {
    for (const name of Object.values(cacheNames("past_key_values", layer))) {
      feeds[name] = new ort.Tensor(cacheType as "float32", none as Float32Array, [1, kvHeads, 0, headDim]);
    }
  }
  const session = await ort.InferenceSession.create(`${folder}/onnx/${file}`, precision === "4bit" ? {} : ONE_RUN);
  try {
    if (session.inputNames.includes(NUM_LOGITS)) feeds[NUM_LOGITS] = new ort.Tensor("int64", BigInt64Array.of(0n), []);
    const { logits } = await session.run(feeds, ["logits"]);
    return logits.data as Float32Array<ArrayBuffer>;
  } finally {
    await session.release();
  }
}

/** What one array holds. */
const MOST_LOGITS = 2 ** 29;

/**
 * For a session that runs once: laying the weights out anew, for speed, takes longer than that run and half as much memory
 * again. Products of 4 bits are five times slower without.
 */
const ONE_RUN: ort.InferenceSession.SessionOptions = {
  graphOptimizationLevel: "disabled",
  extra: { session: { disable_prepacking: "1" } },
};
