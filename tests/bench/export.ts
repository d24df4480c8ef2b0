/**
 * Exporting a model of Qwen2.5-0.5B's shape with an adapter of rank 16 to each format: how long it takes and what it holds in
 * memory, with the verification and without. Each case writes its model in another process first, so that its own peak is
 * that of the export.
 */
import { createLora, saveAdapter } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { exportModel, type ExportOptions } from "../../lib/formats/mod.ts";
import { CausalLM, type ModelConfig } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { chatMlTemplate, Tokenizer } from "../../lib/tokenizer/mod.ts";
import { qwenIsHere, qwenTokenizer } from "../tokenizer/qwen.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";
import { peakMemory } from "./measure.ts";
import { writeRandomFolder } from "./random_model.ts";
import { type BenchCase, type BenchSettings, type Row, row, type Section } from "./section.ts";
import { HALF_BILLION } from "./shapes.ts";

/** What a process may hold, in 10^9 bytes, and how many seconds an export may take. */
const [LIMIT, SECONDS] = [4, 60];

const RANK = 16;

/** The formats, by how they are named. */
const FORMATS = {
  "PEFT adapter": { to: "peft" },
  "Hugging Face, BF16": { to: "hf", dtype: "BF16" },
  "GGUF, F16": { to: "gguf", type: "F16" },
  "GGUF, Q8_0": { to: "gguf", type: "Q8_0" },
  "GGUF, Q4_K": { to: "gguf", type: "Q4_K" },
  "ONNX, f32": { to: "onnx", precision: "f32" },
  "ONNX, f16": { to: "onnx", precision: "f16" },
  "ONNX, 4 bits": { to: "onnx", precision: "4bit" },
} as const;

export const exportSection: Section = {
  name: "export",
  title: `Exports at Qwen2.5-0.5B's shape with an adapter of rank ${RANK}, aim ${SECONDS} s and ${LIMIT} GB`,
  cases: Object.entries(FORMATS).flatMap(([name, format]) =>
    [true, false].map((verify) => caseOf(name, format, verify))
  ),
  heavy: true,
};

function caseOf(name: string, format: (typeof FORMATS)[keyof typeof FORMATS], verify: boolean): BenchCase {
  const what = `${name}${verify ? ", verified" : ""}`;
  return {
    name: `export ${what}`,
    memoryLimit: LIMIT,
    run: (settings) => measureExport(what, { ...format, verify }, settings),
  };
}

async function measureExport(
  what: string,
  options: { verify: boolean } & (typeof FORMATS)[keyof typeof FORMATS],
  { quick }: BenchSettings,
): Promise<Row[]> {
  const folder = await Deno.makeTempDir({ prefix: "kiln-bench" });
  try {
    await prepareElsewhere(folder, quick);
    const output = `${folder}/export`;
    const started = performance.now();
    const exported: ExportOptions = { ...options, source: `${folder}/adapter`, output };
    const { files, verifications } = await exportModel(exported);
    const seconds = (performance.now() - started) / 1000;
    const bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const errors = verifications?.map(({ relativeError }) => `error of the logits ${relativeError.toExponential(1)}`) ??
      [];
    const note = [`${(bytes / 1e9).toFixed(2)} GB written`, `peak ${(peakMemory() / 1e9).toFixed(2)} GB`, ...errors];
    return [row({ what, shape: `rank ${RANK}`, value: seconds, unit: "s", note: note.join("; ") })];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function prepareElsewhere(folder: string, quick: boolean): Promise<void> {
  const args = ["run", "-A", "--no-check", import.meta.filename!, folder, String(quick)];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "inherit" }).output();
  if (!success) throw new Error("the model could not be written");
}

/** Writes a model, its tokenizer and an adapter for it: `base` and `adapter` in a folder. */
async function prepare(folder: string, quick: boolean): Promise<void> {
  const config: ModelConfig = quick ? { ...HALF_BILLION, layers: 2, vocabSize: 4096 } : HALF_BILLION;
  await writeRandomFolder(`${folder}/base`, config);
  const isReal = qwenIsHere && !quick;
  const tokenizer = isReal
    ? (await qwenTokenizer()).withChatTemplate(chatMlTemplate)
    : await Tokenizer.load(HOUSE_MODEL);
  await tokenizer.save(`${folder}/base`);
  const engine = await createEngine();
  const model = new CausalLM(engine, config, new Map());
  const random = new Random("adapter");
  const adapter = await createLora(model, random, { r: RANK, loraAlpha: 2 * RANK });
  for (const [name, { data }] of adapter.factors) {
    if (name.endsWith("lora_B")) {
      (data as Float32Array).forEach((_, at, all) => all[at] = 0.01 * (random.float() - 0.5));
    }
  }
  await saveAdapter(model, adapter, `${folder}/adapter`, { baseModel: `${folder}/base` });
  await engine.dispose();
}

if (import.meta.main) await prepare(Deno.args[0], Deno.args[1] === "true");
