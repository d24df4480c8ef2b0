/**
 * 50 steps of TRL's SFTTrainer and six of its GRPOTrainer, followed step by step: packing, dft, label smoothing, warm-up and
 * cosine schedule, weight decay, clipping, epochs that turn over and end with a smaller step.
 *
 * What is allowed is what float32 cannot help. A metric may be as far from float64 as four times TRL in float32 is over
 * the same steps and 1e-6 more, together 1.2e-6 to 7e-6 (dft, whose gradient hangs on small probabilities: 1.6e-5). For
 * weights see `changeTolerance`. Measured: loss 7e-8 after 50 steps (dft 5e-7), change of weights 1e-6 (adapters) to 1.3e-5
 * (all weights). The section "trajectory" of tests/golden/README.md says more, and at which step which mistake is found.
 */
import assert from "node:assert/strict";
import { loadAdapter } from "../../lib/adapters/mod.ts";
import { type CausalLM, loadModel } from "../../lib/models/mod.ts";
import {
  grpo,
  type GrpoOptions,
  type RewardFunction,
  sft,
  type SftOptions,
  type TokenizedExample,
  type TrainingStep,
} from "../../lib/train/mod.ts";
import { assertClose, GOLDEN, goldenJson, goldenTensors } from "../support/golden.ts";
import { EOS, idTokenizer, numbersOf, withEngine } from "../support/tiny_model.ts";

type Weights = Map<string, Float32Array>;

interface GoldenRun {
  model: string;
  adapter: string | null;
  /** Each metric of every step; null where TRL did not log it. */
  steps: Record<string, (number | null)[]>;
  changesAt: number[];
  changeNorms: Record<string, number>;
  /** How far TRL in float32 is from these numbers, at the first, at some and at all steps. */
  float32: Record<string, number[]>;
}

interface SftRun extends GoldenRun {
  options: Omit<SftOptions, "model" | "trainDataset">;
  rows: number[][];
  promptLengths: number[];
}

type NoColumns = Record<never, never>;

interface GrpoRun extends GoldenRun {
  options: Omit<GrpoOptions<NoColumns>, "model" | "tokenizer" | "rewards" | "trainDataset" | "sampler">;
  prompts: number[][];
  completions: number[][][];
}

/** Kiln's name of a weight. */
function ownName(name: string): string {
  return name.replace(/^base_model\.model\./, "").replace(/(lora_[AB])\.weight$/, "$1");
}

/** By how much the given weights have changed, one after another. */
function changes(before: Weights, now: Weights, names: readonly string[]): number[] {
  return names.flatMap((name) => Array.from(now.get(name)!, (value, i) => value - before.get(name)![i]));
}

function norm(numbers: readonly number[]): number {
  return Math.sqrt(numbers.reduce((sum, value) => sum + value ** 2, 0));
}

/** A float32 step of AdamW rounds a weight twice (decay, update), each time by at most 2^-24 of it. */
const ROUNDING = 2 ** -24;

/** Relative error of float32 gradients. In Adam's step it is the error of the step. */
const GRADIENT_ERROR = 3e-6;

/**
 * The error that a change of weights cannot help to have: the roundings of all steps, which are independent and so grow with
 * the root of their number, against a change that is small beside the weights; and the error of gradients.
 */
function changeTolerance(steps: number, weightNorm: number, changeNorm: number): number {
  // The first step's learning rate is 0: nothing is rounded.
  return ROUNDING * Math.sqrt(2 * (steps - 1)) * weightNorm / changeNorm + GRADIENT_ERROR;
}

/**
 * How far a metric may be from float64: four times what rounding alone does to TRL in float32, and 1e-6 where TRL happens to
 * come nearer (a float32 log-probability near 5 is itself known to 2.4e-7 only).
 */
function metricTolerance(metric: string, { float32 }: GoldenRun): number {
  if (metric === "learning_rate") return 1e-12;
  return 4 * Math.max(0, ...float32[metric] ?? []) + 1e-6;
}

/** Compares a run with the golden one after each of its steps. */
async function assertFollows(
  name: string,
  golden: GoldenRun,
  read: () => Promise<Weights>,
  run: AsyncIterable<TrainingStep>,
): Promise<void> {
  const goldenChanges = await goldenTensors(`trajectory/${name}.changes.safetensors`);
  const before = await read();
  const seen: Record<string, number[]> = {};
  let steps = 0;
  for await (const { step, metrics } of run) {
    steps = step;
    for (const [metric, values] of Object.entries(golden.steps)) {
      const expected = values[step - 1];
      // TRL logs what it measured of completions only when they are new.
      if (expected === null) continue;
      assert.ok(metric in metrics, `${name}, step ${step}: metric ${metric} is missing`);
      (seen[metric] ??= []).push(metrics[metric]);
      const all = values.slice(0, step).filter((value) => value !== null);
      assertClose(seen[metric], all, `${name}, step ${step}: ${metric}`, metricTolerance(metric, golden));
    }
    if (step === 1) assert.deepEqual(await read(), before, `${name}: the first step's learning rate is 0`);
    if (!golden.changesAt.includes(step)) continue;
    const prefix = `${step}.`;
    const keys = [...goldenChanges.keys()].filter((key) => key.startsWith(prefix));
    assert.ok(keys.length > 0, `${name}: no changes of step ${step}`);
    const names = keys.map((key) => ownName(key.slice(prefix.length)));
    const now = await read();
    const expected = keys.flatMap((key) => Array.from(goldenChanges.get(key)!));
    const weightNorm = norm(names.flatMap((name) => Array.from(now.get(name)!)));
    assertClose(
      changes(before, now, names),
      expected,
      `${name}, step ${step}: change of weights`,
      changeTolerance(step, weightNorm, norm(expected)),
    );
  }
  assert.equal(steps, golden.steps.loss.length);
  assertAllChanged(name, golden, before, await read());
}

/** Compares the norm of each weight's change over the run: nothing may be forgotten that is not kept whole. */
function assertAllChanged(name: string, golden: GoldenRun, before: Weights, now: Weights): void {
  assert.deepEqual(Object.keys(golden.changeNorms).map(ownName).sort(), [...now.keys()].sort());
  for (const [key, expected] of Object.entries(golden.changeNorms)) {
    const weight = ownName(key);
    const tolerance = changeTolerance(golden.steps.loss.length, norm([...now.get(weight)!]), expected);
    assertClose(
      [norm(changes(before, now, [weight]))],
      [expected],
      `${name}: norm of the change of ${weight}`,
      tolerance,
    );
  }
}

/** Loads the golden run's model and adapter. */
async function withModelOf(
  { model: folder, adapter: adapterFolder }: GoldenRun,
  use: (model: CausalLM, adapter: SftOptions["adapter"], read: () => Promise<Weights>) => Promise<void>,
): Promise<void> {
  await withEngine(async (engine) => {
    const model = await loadModel(GOLDEN + folder, { engine });
    const adapter = adapterFolder === null ? undefined : await loadAdapter(model, GOLDEN + adapterFolder);
    await use(model, adapter, () => numbersOf(model, adapter ? adapter.factors : model.weights));
    await model.dispose();
  });
}

for (const name of ["qwen2", "qwen3.packed", "qwen3.smoothed", "llama", "llama.dft"]) {
  Deno.test(`sft() follows TRL's SFTTrainer for 50 steps (${name})`, async () => {
    const run = await goldenJson<SftRun>(`trajectory/${name}.json`);
    const trainDataset: TokenizedExample[] = run.rows.map((ids, row) => ({
      ids,
      lossMask: ids.map((_, token) => token >= run.promptLengths[row]),
    }));
    await withModelOf(run, async (model, adapter, read) => {
      await assertFollows(name, run, read, sft({ ...run.options, model, adapter, trainDataset, shuffle: false }));
    });
  });
}

const rewards: Record<string, RewardFunction> = {
  even_words: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length / 8),
  ended: ({ completionIds }) => completionIds.map((ids) => ids.at(-1) === EOS ? 1 : 0),
};

for (const name of ["qwen3.grpo", "llama.grpo"]) {
  Deno.test(`grpo() follows TRL's GRPOTrainer for three rounds of two updates (${name})`, async () => {
    const run = await goldenJson<GrpoRun>(`trajectory/${name}.json`);
    await withModelOf(run, async (model, adapter, read) => {
      const steps = grpo<NoColumns>({
        ...run.options,
        rewardWeights: { even_words: 1, ended: 0.5 },
        model,
        adapter,
        tokenizer: idTokenizer,
        rewards,
        trainDataset: run.prompts.map((ids) => ({ prompt: ids.join(" ") })),
        shuffle: false,
        sampler: ({ round }) =>
          Promise.resolve(
            run.completions[round].map((tokenIds) => ({ tokenIds, terminated: tokenIds.at(-1) === EOS })),
          ),
      });
      await assertFollows(name, run, read, steps);
    });
  });
}
