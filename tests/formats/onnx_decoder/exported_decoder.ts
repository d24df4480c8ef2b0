/** Runs an exported decoder in ONNX Runtime as its readers do: batches padded on the left, and a cache handed on. */
import * as ort from "onnxruntime-node";
import { type OnnxPrecision, variantOf } from "../../../lib/formats/onnx_decoder/variants.ts";
import type { ModelConfig } from "../../../lib/models/mod.ts";

/** The logits of one run for each row [tokens * vocabulary], padding left out. */
export type RowLogits = Float32Array[];

export class ExportedDecoder {
  #past: Record<string, ort.Tensor> = {};
  /** For each row and place: 1 for a token, 0 for padding. */
  #mask: number[][] = [];

  private constructor(
    readonly session: ort.InferenceSession,
    readonly config: ModelConfig,
    readonly cacheType: "float32" | "float16",
  ) {}

  static async open(folder: string, precision: OnnxPrecision, config: ModelConfig): Promise<ExportedDecoder> {
    const { file, cacheType } = variantOf(precision);
    return new ExportedDecoder(await ort.InferenceSession.create(`${folder}/onnx/${file}`), config, cacheType);
  }

  /** Forgets everything, and reads prompts. */
  async prefill(prompts: readonly (readonly number[])[]): Promise<RowLogits> {
    const { kvHeads, headDim } = this.config;
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    this.#mask = prompts.map(() => []);
    this.#past = {};
    const empty = this.cacheType === "float16" ? new Uint16Array(0) : new Float32Array(0);
    for (const name of this.session.inputNames.filter((name) => name.startsWith("past_key_values"))) {
      const shape = [prompts.length, kvHeads, 0, headDim];
      this.#past[name] = new ort.Tensor(this.cacheType as "float32", empty as Float32Array, shape);
    }
    const padding = prompts.map((prompt) => new Array<number>(longest - prompt.length).fill(0));
    return await this.#run(
      prompts.map((prompt, row) => [...padding[row], ...prompt]),
      prompts.map((prompt, row) => [...padding[row], ...prompt.map(() => 1)]),
    );
  }

  /** Reads as many more tokens in each row. */
  async more(tokens: readonly (readonly number[])[]): Promise<RowLogits> {
    return await this.#run(tokens, tokens.map((row) => row.map(() => 1)));
  }

  async #run(ids: readonly (readonly number[])[], mask: readonly (readonly number[])[]): Promise<RowLogits> {
    const [rows, tokens] = [ids.length, ids[0].length];
    this.#mask.forEach((row, index) => row.push(...mask[index]));
    const positions = this.#mask.map((row) => {
      let position = 0;
      // What transformers.js and transformers give padding.
      return row.map((isToken) => isToken ? position++ : 1).slice(-tokens);
    });
    const integers = (values: readonly (readonly number[])[]) =>
      new ort.Tensor("int64", BigInt64Array.from(values.flat(), BigInt), [rows, values[0].length]);
    const results = await this.session.run({
      input_ids: integers(ids),
      attention_mask: integers(this.#mask),
      position_ids: integers(positions),
      ...this.#past,
    });
    for (const name of Object.keys(this.#past)) {
      this.#past[name] = fedAgain(results[name.replace("past_key_values", "present")]);
    }
    const { logits } = results;
    const perRow = tokens * this.config.vocabSize;
    return ids.map((_, row) => {
      const start = row * perRow + mask[row].filter((isToken) => !isToken).length * this.config.vocabSize;
      return (logits.data as Float32Array).slice(start, (row + 1) * perRow);
    });
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}

/** Deno hands a Float16Array to native code as empty. */
function fedAgain(tensor: ort.Tensor): ort.Tensor {
  if (tensor.type !== "float16") return tensor;
  const { buffer, byteOffset, length } = tensor.data as unknown as Uint16Array;
  const again = new ort.Tensor("uint16", new Uint16Array(buffer, byteOffset, length), tensor.dims);
  Object.defineProperty(again, "type", { value: "float16" });
  return again;
}
