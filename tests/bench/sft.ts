/** Whole steps of supervised fine-tuning at the house model's size: forward, backward, clipping and AdamW. */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { createModel } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";
import { trainingStepFlops } from "../../lib/scale/mod.ts";
import { measure, QUICK, ratioOfRates } from "./measure.ts";
import { randomExamples } from "./random_data.ts";
import { rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { HOUSE, widestProduct } from "./shapes.ts";

const RANK = 16;

/** What is trained, and how the backward pass comes by what it needs of the forward. */
interface SftVariant {
  rank: number;
  recompute: boolean;
}

const VARIANTS: readonly SftVariant[] = [
  { rank: 0, recompute: true },
  { rank: 0, recompute: false },
  { rank: RANK, recompute: true },
  { rank: RANK, recompute: false },
];

export const sftSection: Section = {
  name: "sft",
  title: "SFT steps, house model",
  cases: VARIANTS.map((variant) => ({
    name: `sft ${showVariant(variant)}`,
    run: (settings: BenchSettings) => measureSft(variant, settings),
  })),
};

function showVariant({ rank, recompute }: SftVariant): string {
  return `${rank === 0 ? "full" : `LoRA r${rank}`}, ${recompute ? "recomputing" : "residuals"}`;
}

async function measureSft(variant: SftVariant, { quick }: BenchSettings): Promise<Row[]> {
  const { rank, recompute } = variant;
  const [batch, tokens, promptTokens] = [16, quick ? 32 : 128, quick ? 16 : 64];
  const engine = await createEngine();
  const model = await createModel(HOUSE, { engine, random: new Random(1) });
  const adapter = rank === 0 ? undefined : await createLora(model, new Random(2), { r: rank });
  const steps = sft({
    model,
    adapter,
    trainDataset: randomExamples(batch, tokens, promptTokens, HOUSE),
    perDeviceTrainBatchSize: batch,
    gradientCheckpointing: recompute,
    maxSteps: 1000,
    learningRate: 1e-4,
  });
  const product = widestProduct({ label: "house", config: HOUSE, batch, tokens, aim: 0 });
  const raw = await rawMatmul(engine, product);
  // The first step compiles the programs, and is a round that does not count.
  const timings = await measure({ raw: raw.run, step: () => steps.next() }, quick ? QUICK : { rounds: 9 });
  await steps.return(undefined);

  const trainable = rank === 0 ? "all" as const : "lora" as const;
  const scored = batch * (tokens - promptTokens);
  const flops = trainingStepFlops(HOUSE, { batch, tokens, trainable, rank, scored, recompute });
  return [row({
    what: showVariant(variant),
    shape: `house [${batch}, ${tokens}]`,
    value: batch * tokens / timings.step.milliseconds * 1000,
    unit: "tokens/s",
    spread: timings.step.spread,
    ofRaw: ratioOfRates({ timing: timings.step, flops }, { timing: timings.raw, flops: raw.flops }),
    note: `${timings.step.milliseconds.toFixed(0)} ms a step`,
  })];
}
