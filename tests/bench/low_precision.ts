/**
 * What frozen weights of few bits save and cost: a model of Qwen2.5-0.5B's shape is loaded from a folder, trained for some
 * steps with an adapter, and then writes some tokens, in a process of its own for each precision.
 */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { Decoder, generate, loadModel, type ModelConfig, type WeightPrecision } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";
import { measure, type Measured, peakMemory, QUICK } from "./measure.ts";
import { randomExamples, randomTexts } from "./random_data.ts";
import { writeRandomFolder } from "./random_model.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { HALF_BILLION } from "./shapes.ts";

const RANK = 16;
const ROWS = 8;

/** What a process that trains may hold at most, in 10^9 bytes. */
const LIMITS: Partial<Record<WeightPrecision, number>> = { float16: 6, "4bit": 4 };

export const lowPrecisionSection: Section = {
  name: "precision",
  title: `Frozen weights of few bits at Qwen2.5-0.5B's shape, LoRA r${RANK}`,
  cases: (["float32", "float16", "8bit", "4bit"] as const).map((precision) => ({
    name: `precision ${precision}`,
    memoryLimit: LIMITS[precision],
    run: (settings: BenchSettings) => measurePrecision(precision, settings),
  })),
  heavy: true,
};

async function measurePrecision(precision: WeightPrecision, { quick }: BenchSettings): Promise<Row[]> {
  const config: ModelConfig = quick ? { ...HALF_BILLION, layers: 2, vocabSize: 4096 } : HALF_BILLION;
  const tokens = quick ? 32 : 512;
  const folder = await Deno.makeTempDir({ prefix: "kiln-bench" });
  try {
    await writeRandomFolder(folder, config);
    const engine = await createEngine();
    let model!: Awaited<ReturnType<typeof loadModel>>;
    const loading = await secondsOf(async () => model = await loadModel(folder, { engine, precision }));
    const adapter = await createLora(model, new Random(2), { r: RANK });
    const weights = engine.bytesInUse;
    const steps = sft({
      model,
      adapter,
      trainDataset: randomExamples(1, tokens, tokens / 2, config),
      perDeviceTrainBatchSize: 1,
      gradientCheckpointing: true,
      maxSteps: 100,
      learningRate: 1e-4,
    });
    const { step } = await measure({ step: () => steps.next() }, quick ? QUICK : { rounds: 3, sampleMilliseconds: 0 });
    await steps.return(undefined);
    const trained = peakMemory();

    const decoder = new Decoder(model, { adapter });
    await decoder.prepare();
    const prompts = randomTexts(ROWS, 16, config);
    const newTokens = quick ? 4 : 32;
    const writing = await secondsOf(() =>
      generate(model, { prompts, maxNewTokens: newTokens, adapter, decoder, temperature: 0 })
    );
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
    return [
      row({
        what: `${precision}: load`,
        shape: "0.5B",
        value: loading,
        unit: "s",
        note: `${gigabytes(weights)} of weights and adapter`,
      }),
      row({
        what: `${precision}: SFT step`,
        shape: `[1, ${tokens}]`,
        value: tokens / step.milliseconds * 1000,
        unit: "tokens/s",
        note: `${gigabytes(trained)} at the peak, loading included`,
      }),
      row({
        what: `${precision}: generate`,
        shape: `${ROWS} rows`,
        value: ROWS * newTokens / writing,
        unit: "tokens/s",
        note: `${gigabytes(peakMemory())} at the peak, training included`,
      }),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function secondsOf(run: Measured): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}
