/** Models that @huggingface/transformers runs. It is loaded when it is first needed: who stays offline does not pay for it. */
import { dirname, resolve } from "node:path";
import type * as transformers from "@huggingface/transformers";

/** The form of the weights in an ONNX file, which decides the file's name. */
export type OnnxDtype = "fp32" | "fp16" | "q8" | "q4";

const SUFFIXES: Record<OnnxDtype, string> = { fp32: "", fp16: "_fp16", q8: "_quantized", q4: "_q4" };

/**
 * The file with weights of another form, as repositories for transformers.js name it: `onnx/model_quantized.onnx` for
 * `onnx/model.onnx` in `"q8"`.
 *
 * @throws {RangeError} When there is no such form.
 */
export function onnxFileOf(onnxFile: string, dtype: OnnxDtype): string {
  const suffix = SUFFIXES[dtype];
  if (suffix !== undefined) return onnxFile.replace(/\.onnx$/, `${suffix}.onnx`);
  const known = Object.keys(SUFFIXES).map((name) => `"${name}"`).join(", ");
  throw new RangeError(`dtype: expected one of ${known}, got ${JSON.stringify(dtype)}`);
}

/** Files beside the ONNX file that a model needs. */
export const TRANSFORMERS_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;

/** A batch of token ids, each row as long as it is. */
export interface TokenRows {
  ids: readonly (readonly number[])[];
  /** The segment of each token, for models that read pairs. Default: all 0. */
  types?: readonly (readonly number[])[];
}

/** A loaded model with its tokenizer. */
export interface TransformersModel {
  /** A text's ids; with `pair`, those of both texts, and the segments where the tokenizer tells them. */
  encode(text: string, options?: { pair?: string; specialTokens?: boolean }): { ids: number[]; types?: number[] };
  /**
   * Runs the model on a batch, padded on the right.
   *
   * @returns The first of `names` that the model puts out, as float32.
   * @throws When it puts out none of them.
   */
  run(rows: TokenRows, names: readonly string[]): Promise<{ data: Float32Array; shape: readonly number[] }>;
  dispose(): Promise<void>;
}

/**
 * Opens an ONNX model in the layout of transformers.js from a folder. Nothing is fetched.
 *
 * @param kind What the model gives: hidden states, or the logits of classes.
 * @param options.onnxFile A path in the folder, such as `onnx/model.onnx`.
 * @param options.threads Default: all cores.
 * @throws When a file is absent or cannot be read; the message names the folder and the file.
 */
export async function openTransformersModel(
  kind: "hidden states" | "classes",
  folder: string,
  { onnxFile, threads, signal }: { onnxFile: string; threads?: number; signal?: AbortSignal },
): Promise<TransformersModel> {
  signal?.throwIfAborted();
  for (const file of [...TRANSFORMERS_FILES, onnxFile]) await needFile(folder, file);
  const library = await import("@huggingface/transformers");
  signal?.throwIfAborted();
  // A relative path with one slash would be taken for a name on the hub.
  const path = resolve(folder);
  const inside = dirname(onnxFile);
  const options: transformers.PretrainedModelOptions = {
    local_files_only: true,
    device: "cpu",
    // The file's name is whole already: no ending is put to it.
    dtype: "fp32",
    subfolder: inside === "." ? "" : inside,
    model_file_name: onnxFile.slice(inside === "." ? 0 : inside.length + 1).replace(/\.onnx$/, ""),
    session_options: threads === undefined ? {} : { intraOpNumThreads: threads },
  };
  try {
    const tokenizer = await library.AutoTokenizer.from_pretrained(path, { local_files_only: true });
    const Model = kind === "classes" ? library.AutoModelForSequenceClassification : library.AutoModel;
    const model = await Model.from_pretrained(path, options);
    return wrap(library, tokenizer, model, `${path}/${onnxFile}`);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path} cannot be used by transformers.js: ${problem}. Fetch or export it again.`, { cause });
  }
}

async function needFile(folder: string, file: string): Promise<void> {
  try {
    if ((await Deno.stat(`${folder}/${file}`)).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  throw new Error(
    `${folder} has no ${file}, which transformers.js needs (${
      TRANSFORMERS_FILES.join(", ")
    } and an ONNX file): fetch the whole ` +
      "repository, or name another file",
  );
}

function wrap(
  { Tensor }: typeof transformers,
  tokenizer: transformers.PreTrainedTokenizer,
  model: transformers.PreTrainedModel,
  path: string,
): TransformersModel {
  let isDisposed = false;
  const padding = BigInt(tokenizer.pad_token_id ?? 0);
  return {
    encode(text, { pair, specialTokens = true } = {}) {
      const { input_ids, token_type_ids } = tokenizer(text, {
        text_pair: pair,
        add_special_tokens: specialTokens,
        // Else only tokenizers of some classes tell them, and a pair would be scored as if it were one text.
        return_token_type_ids: pair !== undefined,
        return_tensor: false,
        // Else the library cuts what its own settings call too long.
        truncation: false,
      });
      return { ids: input_ids.map(Number), ...(token_type_ids && { types: token_type_ids.map(Number) }) };
    },
    async run({ ids, types }, names) {
      if (isDisposed) throw new Error(`${path} was disposed`);
      const tokens = Math.max(...ids.map(({ length }) => length));
      const filled = (rows: readonly (readonly number[])[], rest: bigint) => {
        const numbers = new BigInt64Array(ids.length * tokens).fill(rest);
        rows.forEach((row, at) => row.forEach((value, token) => numbers[at * tokens + token] = BigInt(value)));
        return new Tensor("int64", numbers, [ids.length, tokens]);
      };
      const output: Record<string, transformers.Tensor | undefined> = await model({
        input_ids: filled(ids, padding),
        attention_mask: filled(ids.map((row) => row.map(() => 1)), 0n),
        ...(types && { token_type_ids: filled(types, 0n) }),
      });
      const found = names.map((name) => output[name]).find((tensor) => tensor !== undefined);
      if (found === undefined) {
        const there = Object.keys(output).join(", ");
        throw new Error(`${path} puts out ${there}; expected ${names.join(" or ")}: it was exported for another task`);
      }
      const data = found.type === "float32" ? found.data : found.to("float32").data;
      return { data: data as Float32Array, shape: found.dims };
    },
    async dispose() {
      if (isDisposed) return;
      isDisposed = true;
      await model.dispose();
    },
  };
}
