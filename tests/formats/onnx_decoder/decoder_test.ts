/** That an exported decoder computes what the model computes, in one go and token by token, padded or not. */
import assert from "node:assert/strict";
import { sourceOfModel } from "../../../lib/formats/model_source.ts";
import { onnxDecoderLogits, type OnnxPrecision, saveOnnxDecoder } from "../../../lib/formats/onnx_decoder/mod.ts";
import { createEngine, type Engine } from "../../../lib/engine/mod.ts";
import { type CausalLM, loadModel, type ModelConfig, type PrecisionOptions } from "../../../lib/models/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { Tokenizer } from "../../../lib/tokenizer/mod.ts";
import { assertClose, GOLDEN } from "../../support/golden.ts";
import { inFolder } from "../../support/in_folder.ts";
import { smallModel } from "../../models/generate/models.ts";
import { ExportedDecoder } from "./exported_decoder.ts";
import { ownLogits } from "./own_logits.ts";

/** Its 53 tokens fit all models here. */
const TOKENIZER = `${GOLDEN}sft_variants/tokenizer`;

/** Gives a test the model in full and the folder of an export of it. */
async function withExport(
  make: (engine: Engine) => Promise<CausalLM>,
  precision: OnnxPrecision,
  run: (exported: { model: CausalLM; folder: string; engine: Engine }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const engine = await createEngine({ threads: 1 });
    try {
      const model = await make(engine);
      const source = sourceOfModel(model, await Tokenizer.load(TOKENIZER), "tiny");
      await saveOnnxDecoder(source, folder, { precisions: [precision] });
      await run({ model, folder, engine });
      await model.dispose();
    } finally {
      await engine.dispose();
    }
  });
}

/** Three texts of different lengths. */
function texts({ vocabSize }: ModelConfig, lengths: readonly number[] = [9, 4, 1]): number[][] {
  const random = new Random("texts of an export");
  return lengths.map((length) => Array.from({ length }, () => random.integer(2, vocabSize - 1)));
}

/** Compares all of an export's logits with those of a model, padded, alone and token by token. */
async function assertSame(
  folder: string,
  precision: OnnxPrecision,
  model: CausalLM,
  { tolerance, what, lengths }: { tolerance: number; what: string; lengths?: number[] },
): Promise<void> {
  const all = texts(model.config, lengths);
  const expected = await Promise.all(all.map((ids) => ownLogits(model, ids)));
  const decoder = await ExportedDecoder.open(folder, precision, model.config);
  try {
    const padded = await decoder.prefill(all);
    padded.forEach((logits, row) => assertClose(logits, expected[row], `${what}: row ${row} of a batch`, tolerance));

    // Beginnings as different in length as the texts are, then two tokens in one run, then the rest one by one.
    const beginnings = all.map((ids) => ids.slice(0, Math.max(1, ids.length - 5)));
    const given = (await decoder.prefill(beginnings)).map((logits) => [...logits]);
    const rest = all.map((ids, row) => [...ids.slice(beginnings[row].length), ...new Array(5).fill(2)].slice(0, 5));
    for (const [start, end] of [[0, 2], [2, 3], [3, 4], [4, 5]]) {
      const logits = await decoder.more(rest.map((ids) => ids.slice(start, end)));
      logits.forEach((more, row) => given[row].push(...more));
    }
    for (const [row, ids] of all.entries()) {
      const longer = await ownLogits(model, [...beginnings[row], ...rest[row]]);
      assertClose(given[row], longer, `${what}: row ${row} token by token`, tolerance);
      if (rest[row].length + beginnings[row].length === ids.length) assert.equal(longer.length, expected[row].length);
    }
  } finally {
    await decoder.close();
  }
  const alone = await onnxDecoderLogits(folder, precision, all[0]);
  assertClose(alone, expected[0], `${what}: onnxDecoderLogits()`, tolerance);
}

const GOLDEN_MODELS = [
  "qwen2_tiny/tied",
  "qwen2_tiny/untied",
  "qwen3_tiny/tied",
  "llama_tiny/llama3",
  "llama_tiny/biased",
];

for (const name of GOLDEN_MODELS) {
  Deno.test(`saveOnnxDecoder() writes what computes as the model does: ${name} in f32`, async () => {
    await withExport((engine) => loadModel(GOLDEN + name, { engine }), "f32", async ({ model, folder }) => {
      await assertSame(folder, "f32", model, { tolerance: 1e-5, what: name });
    });
  });
}

/** Far beyond one row of the coarse rotary table, and beyond where Llama 3's frequencies begin to differ. */
const LONG: Partial<ModelConfig>[] = [
  { maxPositions: 1024, ropeTheta: 500_000 },
  {
    family: "llama",
    attentionBias: false,
    maxPositions: 1000,
    ropeScaling: {
      type: "llama3",
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxPositions: 128,
    },
  },
  { family: "qwen3", attentionBias: false, maxPositions: 700, ropeScaling: { type: "linear", factor: 4 } },
];

for (const changes of LONG) {
  const { family = "qwen2", maxPositions, ropeScaling } = changes;
  Deno.test(`an exported ${family} turns ${maxPositions} positions as the model does, scaling ${ropeScaling?.type}`, async () => {
    const make = (engine: Engine) => smallModel(engine, { vocabSize: 64, ...changes });
    await withExport(make, "f32", async ({ model, folder }) => {
      const lengths = [maxPositions! - 5, 300];
      await assertSame(folder, "f32", model, { tolerance: 1e-5, what: `${family} of ${maxPositions}`, lengths });
    });
  });
}

/**
 * The same numbers in the same rounded form, and how far the logits may be off. f16: keys, values and attention's products in
 * float16 besides, which Kiln keeps in float32. 4 bits: the head's input is rounded to 8 bits, block by block.
 */
const ROUNDED: [OnnxPrecision, PrecisionOptions, tolerance: number][] = [
  ["f16", { weights: "float16", compute: "float16" }, 4e-3],
  ["4bit", { weights: "4bit" }, 1.5e-2],
];

for (const [precision, options, tolerance] of ROUNDED) {
  for (const name of GOLDEN_MODELS) {
    Deno.test(`saveOnnxDecoder() writes the numbers that loadModel() rounds to: ${name} in ${precision}`, async () => {
      await withExport((engine) => loadModel(GOLDEN + name, { engine }), precision, async ({ folder, engine }) => {
        const rounded = await loadModel(GOLDEN + name, { engine, precision: options });
        await assertSame(folder, precision, rounded, { tolerance, what: `${name} ${precision}` });
        await rounded.dispose();
      });
    });
  }
}

Deno.test("a decoder in float16 outlasts activations that float16 does not have", async () => {
  const make = async (engine: Engine) => {
    const model = await smallModel(engine, { vocabSize: 64 });
    // The product of gate and up grows to several 100,000, and down_proj takes most of it back.
    for (const [module, factor] of [["gate_proj", 400], ["up_proj", 400], ["down_proj", 1e-3]] as const) {
      for (let layer = 0; layer < model.config.layers; layer++) {
        const weights = model.weight(`model.layers.${layer}.mlp.${module}.weight`).data as Float32Array;
        weights.forEach((value, at) => weights[at] = value * factor);
      }
    }
    return model;
  };
  await withExport(make, "f16", async ({ model, folder }) => {
    const [ids] = texts(model.config);
    const logits = await onnxDecoderLogits(folder, "f16", ids);
    assertClose(logits, await ownLogits(model, ids), "large activations in f16", 1e-2);
  });
});

Deno.test("onnxDecoderLogits() names what it cannot read", async () => {
  await withExport((engine) => smallModel(engine, { vocabSize: 64, maxPositions: 8 }), "f32", async ({ folder }) => {
    const refused: [readonly number[], RegExp][] = [
      [[], /^RangeError: ids: expected 1 to 8 tokens, got 0$/],
      [new Array(9).fill(1), /^RangeError: ids: expected 1 to 8 tokens, got 9$/],
      [[1, 64], /^RangeError: ids: token id 64 is outside the vocabulary of 64$/],
      [[1.5], /^RangeError: ids: token id 1.5 is outside/],
    ];
    for (const [ids, message] of refused) await assert.rejects(onnxDecoderLogits(folder, "f32", ids), message);
    const unknown = onnxDecoderLogits(folder, "f64" as OnnxPrecision, [1]);
    await assert.rejects(unknown, /^RangeError: precision: expected one of f32, f16, 4bit, got "f64"$/);
    await assert.rejects(onnxDecoderLogits(folder, "4bit", [1]), /model_q4\.onnx/);
    await assert.rejects(onnxDecoderLogits(`${folder}/nowhere`, "f32", [1]), /config\.json/);
  });
});
