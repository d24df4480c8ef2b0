/** The whole model with its adapter merged, as transformers.js loads it. */
import { Tokenizer, tokenizerFileNames } from "../../tokenizer/mod.ts";
import { ONNX_PRECISIONS, onnxDecoderLogits, type OnnxPrecision, saveOnnxDecoder } from "../onnx_decoder/mod.ts";
import { BOUNDS } from "./bounds.ts";
import type { ExportTarget } from "./target.ts";

/** Options of ONNX decoders. */
export interface OnnxExport {
  to: "onnx";
  /** One precision, or several: a decoder each, of which the first is loaded unless told otherwise. Default `"f32"`. */
  precision?: OnnxPrecision | readonly OnnxPrecision[];
}

/** What transformers.js calls them. */
const DTYPES: Readonly<Record<OnnxPrecision, string>> = { f32: "fp32", f16: "fp16", "4bit": "q4" };

/** @throws {RangeError} when there is no such precision */
export function onnxTarget({ precision = "f32" }: OnnxExport): ExportTarget {
  const precisions = [precision].flat();
  const unknown = precisions.find((each) => !ONNX_PRECISIONS.includes(each));
  if (precisions.length === 0 || unknown !== undefined || new Set(precisions).size < precisions.length) {
    throw new RangeError(
      `precision: expected some of ${ONNX_PRECISIONS.join(", ")}, each once, got ${precisions.join(", ") || "none"}`,
    );
  }
  const names: readonly string[] = tokenizerFileNames;
  return {
    title: `an ONNX decoder with a cache (${precisions.join(", ")}) for transformers.js`,
    library: "transformers.js",
    tags: ["onnx"],
    supersedes: (name) => names.includes(name),
    parts: precisions.map((precision) => ({
      format: precision,
      bound: BOUNDS[precision],
      readBack: async (folder, { ids }) => ({
        logits: await onnxDecoderLogits(folder, precision, ids),
        tokenizer: await Tokenizer.load(folder),
      }),
    })),
    write: (source, folder, context) => saveOnnxDecoder(source, folder, { precisions, ...context }),
    chats: "A list of messages goes through the chat template by itself.",
    usage: (place) =>
      [
        "```js",
        'import { pipeline } from "@huggingface/transformers";',
        "",
        `const generate = await pipeline("text-generation", ${JSON.stringify(place)}, { dtype: "${
          DTYPES[precisions[0]]
        }" });`,
        'console.log(await generate([{ role: "user", content: "Hello" }], { max_new_tokens: 64 }));',
        "```",
      ].join("\n"),
  };
}
