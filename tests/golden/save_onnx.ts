/**
 * Writes every golden model and the house model as ONNX decoders into a folder, for `check_onnx.py`:
 * `deno run -A tests/golden/save_onnx.ts FOLDER`.
 */
import { createEngine } from "../../lib/engine/mod.ts";
import { sourceOfModel } from "../../lib/formats/model_source.ts";
import { ONNX_PRECISIONS, saveOnnxDecoder } from "../../lib/formats/onnx_decoder/mod.ts";
import { loadModel } from "../../lib/models/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";

const golden = new URL("./", import.meta.url).pathname;
const house = new URL("../../data/models/kiln-tiny", import.meta.url).pathname;
/** Models and their tokenizers; the tiny ones have none of their own, and one with as few tokens serves. */
const MODELS: Record<string, { model: string; tokenizer: string }> = {
  "kiln-tiny": { model: house, tokenizer: house },
  ...Object.fromEntries(
    ["qwen2_tiny/tied", "qwen2_tiny/untied", "qwen3_tiny/tied", "llama_tiny/llama3", "llama_tiny/biased"].map(
      (name) => [name, { model: golden + name, tokenizer: `${golden}sft_variants/tokenizer` }],
    ),
  ),
};

const [folder] = Deno.args;
const engine = await createEngine();
for (const [name, { model: from, tokenizer }] of Object.entries(MODELS)) {
  const model = await loadModel(from, { engine });
  const source = sourceOfModel(model, await Tokenizer.load(tokenizer), name);
  // The house model's weights in files beside the decoder, those of the others inside it.
  const limits = name === "kiln-tiny" ? { maxEmbeddedBytes: 0, maxShardBytes: 2 ** 22 } : {};
  await saveOnnxDecoder(source, `${folder}/${name}`, { precisions: ONNX_PRECISIONS, ...limits });
  await model.dispose();
}
await engine.dispose();
