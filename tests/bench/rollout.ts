/** Sampling completions at the house model's size, as GRPO does: several of each prompt, all in one batch. */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { createModel, Decoder, generate } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { rolloutFlops } from "../../lib/scale/mod.ts";
import { measure, QUICK, ratioOfRates } from "./measure.ts";
import { randomTexts } from "./random_data.ts";
import { rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { BLOCK_SHAPES, HOUSE, widestProduct } from "./shapes.ts";

/** As `localSampler` does: an adapter's base weights are frozen into the program, weights in training are fed to it. */
const VARIANTS = [
  { name: "LoRA r16, frozen weights", rank: 16, weights: "frozen" },
  { name: "full, weights as inputs", rank: 0, weights: "inputs" },
] as const;

export const rolloutSection: Section = {
  name: "rollout",
  title: "Rollouts, house model",
  cases: VARIANTS.map((variant) => ({
    name: `rollout ${variant.name}`,
    run: (settings: BenchSettings) => measureRollout(variant, settings),
  })),
};

async function measureRollout(
  { name, rank, weights }: typeof VARIANTS[number],
  { quick }: BenchSettings,
): Promise<Row[]> {
  const work = { prompts: 8, promptTokens: 64, samples: 8, newTokens: quick ? 8 : 128, rank };
  const engine = await createEngine();
  const model = await createModel(HOUSE, { engine, random: new Random(1) });
  const adapter = rank === 0 ? null : await createLora(model, new Random(2), { r: rank });
  const decoder = new Decoder(model, { adapter, weights });
  const prompts = randomTexts(work.prompts, work.promptTokens, HOUSE);
  const house = BLOCK_SHAPES.find(({ label }) => label === "house")!;
  const raw = await rawMatmul(engine, widestProduct(house));

  let round = 0;
  const sequences = work.prompts * work.samples;
  const sample = async () => {
    const completions = await generate(model, {
      prompts,
      samples: work.samples,
      maxNewTokens: work.newTokens,
      adapter,
      decoder,
      seed: round++,
    });
    const drawn = completions.flat().reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    if (drawn !== sequences * work.newTokens) throw new Error(`${drawn} tokens drawn of ${sequences * work.newTokens}`);
  };
  const timings = await measure({ raw: raw.run, sample }, quick ? QUICK : { rounds: 7 });
  const rate = { timing: timings.sample, flops: rolloutFlops(HOUSE, work) };
  return [row({
    what: name,
    shape: `${sequences} sequences, ${work.promptTokens} + ${work.newTokens} tokens`,
    value: sequences * work.newTokens / timings.sample.milliseconds * 1000,
    unit: "tokens/s",
    spread: timings.sample.spread,
    ofRaw: ratioOfRates(rate, { timing: timings.raw, flops: raw.flops }),
    note: `${(timings.sample.milliseconds / (work.newTokens - 1)).toFixed(1)} ms a token of each`,
  })];
}
