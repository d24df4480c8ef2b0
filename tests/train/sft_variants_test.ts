/** Runs of TRL's SFTTrainer with each kind of data set, loss and packing, done again. */
import assert from "node:assert/strict";
import type { CausalLM, TokenBatch } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import {
  AdamW,
  learningRateAt,
  type Metrics,
  packExamples,
  prepareSftDataset,
  sft,
  type SftDatasetOptions,
  type SftOptions,
  supervisedBackward,
  type TokenizedExample,
} from "../../lib/train/mod.ts";
import { batchingOptions, cutDataset, SftBatches } from "../../lib/train/sft_batches.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { collect, numbersOf, withTinyModel } from "../support/tiny_model.ts";

type RunOptions =
  & Omit<SftOptions, "model" | "trainDataset">
  & Required<Pick<SftOptions, "perDeviceTrainBatchSize" | "gradientAccumulationSteps" | "learningRate" | "maxSteps">>
  & Pick<SftDatasetOptions, "completionOnlyLoss" | "assistantOnlyLoss">;

interface GoldenRun {
  options: RunOptions;
  noiseAlpha?: number;
  rows: ({ input_ids: number[]; completion_mask: number[] } | Record<string, unknown>)[];
  prepared: { inputIds: number[]; labels: number[]; lengths?: number[] }[];
  steps: { loss: number; grad_norm: number; learning_rate: number; entropy: number; num_tokens: number }[];
}

/** The rows of a run, tokenized as TRL was told to. */
async function examplesOf({ rows, options }: GoldenRun): Promise<TokenizedExample[]> {
  if ("input_ids" in rows[0]) {
    return (rows as { input_ids: number[]; completion_mask: number[] }[])
      .map((row) => ({ ids: row.input_ids, lossMask: row.completion_mask.map((bit) => bit === 1) }));
  }
  const { completionOnlyLoss, assistantOnlyLoss } = options;
  const tokenizer = await Tokenizer.load(`${GOLDEN}sft_variants/tokenizer`);
  return prepareSftDataset(rows, { tokenizer, completionOnlyLoss, assistantOnlyLoss });
}

/** The rows as they are trained on, in the form of TRL's prepared data set. */
function preparedRows(examples: readonly TokenizedExample[], { options }: GoldenRun): GoldenRun["prepared"] {
  const { maxLength, packing, packingStrategy } = options;
  const rows = packing
    ? packExamples(examples, { maxLength: maxLength!, packingStrategy })
    : cutDataset(examples, batchingOptions(options, 128), "rows").documents.map(({ example }) => [example]);
  return rows.map((row) => ({
    inputIds: row.flatMap(({ ids }) => ids),
    labels: row.flatMap(({ ids, lossMask }) => ids.map((id, token) => lossMask[token] ? id : -100)),
    ...(packing ? { lengths: row.map(({ ids }) => ids.length) } : {}),
  }));
}

/** The noise of the golden run, which no generator is needed for. */
function fixedNoise({ batch, tokens }: TokenBatch, alpha: number, microBatch: number): Float32Array {
  const size = alpha / Math.sqrt(tokens * 32);
  return Float32Array.from(
    { length: batch * tokens * 32 },
    (_, i) => (((i + 31 * microBatch) * 7919) % 2003 / 1001 - 1) * size,
  );
}

/** The steps of a run whose noise is given: what sft() does, with that noise in the place of its own. */
async function noisySteps(model: CausalLM, data: SftBatches, run: GoldenRun): Promise<Metrics[]> {
  const { options, noiseAlpha } = run;
  const optimizer = new AdamW(model.engine, model.weights, options);
  const dataOfStep = data.bySteps(new Random(0));
  const all: Metrics[] = [];
  let tokens = 0;
  for (let step = 0; step < options.maxSteps; step++) {
    const { batches } = dataOfStep(step);
    const metrics = await supervisedBackward(model, optimizer, batches, { trainable: "all" }, {
      noise: (tokens, i) => fixedNoise(tokens, noiseAlpha!, step * options.gradientAccumulationSteps + i),
    });
    const learning_rate = learningRateAt(step, { ...options, totalSteps: options.maxSteps });
    const { gradNorm: grad_norm } = await optimizer.step(learning_rate);
    tokens += batches.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
    all.push({ ...metrics, grad_norm, learning_rate, num_tokens: tokens });
  }
  await optimizer.dispose();
  return all;
}

async function firstGradients(model: CausalLM, data: SftBatches, run: GoldenRun): Promise<Map<string, Float32Array>> {
  const { noiseAlpha, options: { lossType, labelSmoothingFactor } } = run;
  const sums = new Map<string, Float32Array>();
  const addGradient: AdamW["addGradient"] = async (name, gradient) => {
    const values = await model.engine.read(gradient) as Float32Array;
    const sum = sums.get(name) ?? sums.set(name, new Float32Array(values.length)).get(name)!;
    values.forEach((value, i) => sum[i] += value);
    gradient.dispose();
  };
  const { batches } = data.bySteps(new Random(0))(0);
  await supervisedBackward(model, { addGradient }, batches, { trainable: "all", residualLayers: model.config.layers }, {
    objective: { lossType, labelSmoothingFactor },
    noise: noiseAlpha ? (tokens, i) => fixedNoise(tokens, noiseAlpha, i) : undefined,
  });
  return sums;
}

const variants = [
  "text",
  "text_pairs",
  "text_pairs.whole",
  "text_pairs.cut",
  "chat_pairs",
  "chats",
  "chats.assistant_only",
  "packed.bfd",
  "packed.bfd_split",
  "dft",
  "smoothed",
  "neftune",
  "cosine",
];

for (const name of variants) {
  Deno.test(`sft() equals TRL's SFTTrainer on ${name}: rows, first gradient, every step, the weights' change`, () =>
    withTinyModel(async (model) => {
      const run = await goldenJson<GoldenRun>(`sft_variants/${name}.json`);
      const arrays = await goldenTensors(`sft_variants/${name}.arrays.safetensors`);
      const trainDataset = await examplesOf(run);
      assert.deepEqual(preparedRows(trainDataset, run), run.prepared, "the rows as TRL prepares them");

      const data = new SftBatches(trainDataset, {
        ...run.options,
        ...batchingOptions(run.options, 128),
        shuffle: false,
        padTokenId: 0,
      });
      const before = await numbersOf(model, model.weights);
      const gradients = await firstGradients(model, data, run);
      const steps = run.noiseAlpha
        ? await noisySteps(model, data, run)
        : (await collect(sft({ ...run.options, model, trainDataset, shuffle: false }))).map(({ metrics }) => metrics);

      assert.equal(steps.length, run.steps.length);
      run.steps.forEach((golden, i) => {
        for (const key of ["loss", "grad_norm", "entropy"] as const) {
          assertClose([steps[i][key]], [golden[key]], `step ${i + 1}: ${key}`, 2e-6);
        }
        assertClose([steps[i].learning_rate], [golden.learning_rate], `step ${i + 1}: learning rate`, 1e-12);
        assert.equal(steps[i].num_tokens, golden.num_tokens, `tokens of step ${i + 1}`);
      });
      for (const [key, expected] of arrays) {
        const [kind, weight] = [key.slice(0, key.indexOf(".")), key.slice(key.indexOf(".") + 1)];
        if (kind === "gradient") {
          assertClose(gradients.get(weight)!, expected, key, 3e-6);
          continue;
        }
        const [first, last] = [before.get(weight)!, await model.engine.read(model.weight(weight)) as Float32Array];
        assertClose(last, expected.map((change, i) => first[i] + change), `${weight} after the run`, 5e-6);
        // A float32 weight near 1 is rounded by 6e-8 at every step, against changes of 1e-3. Gradients by the keys' biases
        // are what remains of sums that cancel (adding one vector to all keys hardly changes attention), and Adam
        // makes small gradients large.
        const tolerance = weight.endsWith("k_proj.bias") ? 5e-4 : 1e-4;
        assertClose(last.map((value, i) => value - first[i]), expected, key, tolerance);
      }
    }));
}
