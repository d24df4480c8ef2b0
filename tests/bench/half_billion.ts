/**
 * One step of GRPO on a model of Qwen2.5-0.5B's shape with random weights: does it fit, and how long does it take?
 * The prompt is read once, 8 completions are drawn, scored and learned from.
 */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { Decoder, generate, type ModelConfig } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { grpo, type Sampler } from "../../lib/train/mod.ts";
import { rolloutFlops, trainingStepFlops } from "../../lib/scale/mod.ts";
import { gigaflops, measure, type Measured, QUICK } from "./measure.ts";
import { randomTexts } from "./random_data.ts";
import { randomModel } from "./random_model.ts";
import { rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { HALF_BILLION, widestProduct } from "./shapes.ts";

const RANK = 32;
const COMPLETIONS = 8;

export const halfBillionSection: Section = {
  name: "half-billion",
  title: "A GRPO step at Qwen2.5-0.5B's shape, LoRA r32",
  cases: [{ name: "half-billion", memoryLimit: 16, run: measureStep }],
  heavy: true,
};

async function measureStep({ quick }: BenchSettings): Promise<Row[]> {
  const config: ModelConfig = quick ? { ...HALF_BILLION, layers: 2, vocabSize: 4096 } : HALF_BILLION;
  const [promptTokens, newTokens] = quick ? [16, 4] : [128, 64];
  const engine = await createEngine();
  const model = await randomModel(config, engine);
  const adapter = await createLora(model, new Random(2), { r: RANK });
  const decoder = new Decoder(model, { adapter });
  const compiling = await secondsOf(() => decoder.prepare());

  let sampling = 0;
  const sampler: Sampler = async ({ prompts, samples, round }) => {
    let completions: Awaited<ReturnType<typeof generate>> = [];
    sampling = await secondsOf(async () => {
      completions = await generate(model, { prompts, samples, maxNewTokens: newTokens, adapter, decoder, seed: round });
    });
    return completions.flat().map(({ tokenIds }) => ({ tokenIds, terminated: false }));
  };
  const [prompt] = randomTexts(1, promptTokens, config);
  const steps = grpo({
    model,
    adapter,
    sampler,
    // The only prompt is a list of tokens already, and nobody reads the completions.
    tokenizer: { encode: () => prompt, decode: (ids) => [...ids].join(" "), applyChatTemplate: () => "" },
    trainDataset: [{ prompt: "" }],
    rewards: { evenTokens: ({ completionIds }) => completionIds.map((ids) => ids.filter((id) => id % 2 === 0).length) },
    numGenerations: COMPLETIONS,
    perDeviceTrainBatchSize: COMPLETIONS,
    maxCompletionLength: newTokens,
    maxSteps: 1,
    learningRate: 1e-5,
    gradientCheckpointing: true,
  });
  const whole = await secondsOf(() => steps.next());
  await steps.return(undefined);

  const tokens = promptTokens + newTokens;
  const product = widestProduct({ label: "0.5B", config, batch: COMPLETIONS, tokens, aim: 0 });
  const raw = await rawMatmul(engine, product);
  const timings = await measure({ raw: raw.run }, quick ? QUICK : { rounds: 5 });
  const rawRate = gigaflops({ flops: raw.flops, timing: timings.raw });
  const measured = (what: string, seconds: number, flops: number | null, note: string) =>
    row({
      what,
      shape: `${COMPLETIONS} sequences, ${promptTokens} + ${newTokens} tokens`,
      value: seconds,
      unit: "s",
      ofRaw: flops === null ? null : flops / seconds / 1e9 / rawRate,
      note,
    });

  const rolloutWork = { prompts: 1, promptTokens, samples: COMPLETIONS, newTokens, rank: RANK };
  const drawing = rolloutFlops(config, rolloutWork);
  const learning = trainingStepFlops(config, {
    batch: COMPLETIONS,
    tokens,
    trainable: "lora",
    rank: RANK,
    scored: COMPLETIONS * newTokens,
    recompute: true,
  });
  const perSecond = (count: number, seconds: number) => `${(count / seconds).toFixed(1)} tokens/s`;
  return [
    measured("freeze the weights for decoding", compiling, null, "once a run"),
    measured("rollout", sampling, drawing, perSecond(COMPLETIONS * newTokens, sampling)),
    measured(
      "forward, backward, AdamW",
      whole - sampling,
      learning,
      `${perSecond(COMPLETIONS * tokens, whole - sampling)}, compiling included`,
    ),
    measured("the whole step", whole, drawing + learning, `raw MatMul ${rawRate.toFixed(0)} GFLOP/s`),
  ];
}

async function secondsOf(run: Measured): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}
