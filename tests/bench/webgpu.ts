/**
 * Training and decoding through WebGPU at Qwen2.5-0.5B's shape. Where the adapter is software (SwiftShader, llvmpipe), and
 * with --quick, a much smaller model shows that everything runs; the tables say so.
 */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, gpuAdapters } from "../../lib/engine/mod.ts";
import {
  type CausalLM,
  Decoder,
  generate,
  type ModelConfig,
  type PrecisionOptions,
  resolvePrecision,
} from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { sft } from "../../lib/train/mod.ts";
import { PeakEngine } from "../support/peak_engine.ts";
import { blockFeeds, disposeOutputs } from "./decoder_block.ts";
import { blockFlops, trainingStepFlops } from "../../lib/scale/mod.ts";
import { gigaflops, measure, type Measured, QUICK, type Rate, ratioOfRates } from "./measure.ts";
import { randomExamples, randomTexts } from "./random_data.ts";
import { randomModel } from "./random_model.ts";
import { rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { type BlockShape, HALF_BILLION, showBlock, showProduct, widestProduct } from "./shapes.ts";

/** The rank of the adapter on all linear layers. */
const RANK = 16;

const CASES: readonly { name: string; precision: PrecisionOptions }[] = [
  { name: "float32", precision: { weights: "float32" } },
  { name: "float16", precision: { weights: "float16", compute: "float16" } },
  { name: "4bit", precision: { weights: "4bit" } },
];

export const webgpuSection: Section = {
  name: "webgpu",
  title: `WebGPU at Qwen2.5-0.5B's shape, LoRA r${RANK}; "of raw" is a share of this provider's own float32 MatMul`,
  cases: CASES.map(({ name, precision }) => ({
    name: `webgpu ${name}`,
    run: (settings: BenchSettings) => measureWebGpu(name, precision, settings),
  })),
  heavy: true,
};

const FULL: BlockShape = { label: "0.5B", config: HALF_BILLION, batch: 1, tokens: 512, aim: 0.9 };

const SMALL: BlockShape = {
  ...FULL,
  label: "small, not 0.5B",
  config: { ...HALF_BILLION, hiddenSize: 64, intermediateSize: 192, headDim: 32, heads: 2, kvHeads: 1, layers: 2 },
  tokens: 32,
};

/** What does not run here is a row that says why. */
function absent(what: string, reason: string): Row {
  return row({ what, shape: "", value: null, unit: "tokens/s", note: `does not run here: ${reason}` });
}

async function measureWebGpu(name: string, precision: PrecisionOptions, { quick }: BenchSettings): Promise<Row[]> {
  let engine: PeakEngine;
  try {
    engine = new PeakEngine(await createEngine({ device: "webgpu" }));
  } catch {
    // Once is enough.
    return name === CASES[0].name ? [absent("WebGPU", "no GPU, nor software in its place; see deno task devices")] : [];
  }
  if (precision.weights === "float16" && !engine.supportsFloat16) {
    return [absent(name, "the adapter has no float16 (shader-f16)")];
  }
  const [adapter] = await gpuAdapters();
  const isSmall = quick || (adapter?.isSoftware ?? false);
  const shape = isSmall ? SMALL : FULL;
  const config: ModelConfig = {
    ...shape.config,
    vocabSize: isSmall ? 512 : shape.config.vocabSize,
    precision: resolvePrecision(precision),
  };
  const model = await randomModel(config, engine);
  const where = `${adapter?.description || adapter?.vendor || "adapter unknown"}${
    adapter?.isSoftware ? ", software" : ""
  }`;
  const sized = { ...shape, config };
  const rounds = isSmall ? QUICK : { rounds: 7, sampleMilliseconds: 0 };
  const rows = [...await blockRows(model, sized, rounds, isSmall ? 1 : 10), ...await modelRows(model, sized, rounds)];
  return rows.map((each) => ({ ...each, what: `${name}: ${each.what}`, note: `${each.note}; ${where}` }));
}

/** Kernels run after `run` has returned: to be timed, several runs wait for the device once. */
async function untilDone(model: CausalLM, repeats: number): Promise<(run: Measured) => Measured> {
  const tiny = await model.engine.store(Float32Array.of(0), [1]);
  return (run) => async () => {
    for (let time = 0; time < repeats; time++) await run();
    await model.engine.read(tiny);
  };
}

async function blockRows(
  model: CausalLM,
  shape: BlockShape,
  rounds: Parameters<typeof measure>[1],
  repeats: number,
): Promise<Row[]> {
  const adapter = await createLora(model, new Random(2), { r: RANK });
  const { forward, backward } = await model.blocks.get({ lora: adapter, trainable: "lora", residuals: false });
  const feeds = await blockFeeds(model, adapter, shape);
  const product = widestProduct(shape);
  const raw = await rawMatmul(model.engine, product);
  const done = await untilDone(model, repeats);
  const timings = await measure({
    raw: done(raw.run),
    forward: done(async () => disposeOutputs(await forward.run(feeds))),
    backward: done(async () => disposeOutputs(await backward.run(feeds))),
  }, rounds);
  const flops = blockFlops(shape.config, { ...shape, trainable: "lora", rank: RANK });
  const rawRate: Rate = { timing: timings.raw, flops: raw.flops * repeats };
  const measured = [
    { what: "bare MatMul", of: showProduct(product), rate: rawRate },
    { what: "block forward", rate: { timing: timings.forward, flops: flops.forward * repeats } },
    {
      what: "block backward, recomputing",
      rate: { timing: timings.backward, flops: flops.backwardRecomputing * repeats },
    },
  ];
  return measured.map(({ what, of = showBlock(shape), rate }) =>
    row({
      what,
      shape: of,
      value: gigaflops(rate),
      unit: "GFLOP/s",
      spread: rate.timing.spread,
      ofRaw: rate === rawRate ? null : ratioOfRates(rate, rawRate),
      note: `${(rate.timing.milliseconds / repeats).toPrecision(3)} ms`,
    })
  );
}

/** Whole steps and whole completions, and what their tensors take on the device. */
async function modelRows(
  model: CausalLM,
  shape: BlockShape,
  rounds: Parameters<typeof measure>[1],
): Promise<Row[]> {
  const engine = model.engine as PeakEngine;
  const { config, batch, tokens } = shape;
  const adapter = await createLora(model, new Random(2), { r: RANK });
  const raw = await rawMatmul(engine, widestProduct(shape));
  const steps = sft({
    model,
    adapter,
    trainDataset: randomExamples(batch, tokens, tokens / 2, config),
    perDeviceTrainBatchSize: batch,
    gradientCheckpointing: true,
    maxSteps: 1000,
    learningRate: 1e-4,
  });
  const gigabytes = () => `${(engine.peak / 1e9).toPrecision(3)} GB of tensors at the peak`;
  engine.peak = 0;
  // The first step compiles the programs, and is a round that does not count. A step ends with reading the loss.
  const done = await untilDone(model, 1);
  const timings = await measure({ raw: done(raw.run), step: () => steps.next() }, rounds);
  await steps.return(undefined);
  const scored = batch * tokens / 2;
  const flops = trainingStepFlops(config, { ...shape, trainable: "lora", rank: RANK, scored, recompute: true });
  const trained = row({
    what: "SFT step",
    shape: `${shape.label}, ${config.layers} layers [${batch}, ${tokens}]`,
    value: batch * tokens / timings.step.milliseconds * 1000,
    unit: "tokens/s",
    spread: timings.step.spread,
    ofRaw: ratioOfRates({ timing: timings.step, flops }, { timing: timings.raw, flops: raw.flops }),
    note: `${timings.step.milliseconds.toFixed(0)} ms, ${gigabytes()}`,
  });

  const decoder = new Decoder(model, { adapter });
  await decoder.prepare();
  engine.peak = 0;
  const [prompts, maxNewTokens] = [randomTexts(8, 16, config), tokens < FULL.tokens ? 4 : 64];
  const write = () => generate(model, { prompts, maxNewTokens, adapter, decoder, seed: 1 });
  const { wrote } = await measure({ wrote: write }, rounds);
  await decoder.dispose();
  const written = row({
    what: "decode",
    shape: `${shape.label}, ${config.layers} layers, ${prompts.length} rows of 16 + ${maxNewTokens} tokens`,
    value: prompts.length * maxNewTokens / wrote.milliseconds * 1000,
    unit: "tokens/s",
    spread: wrote.spread,
    note: `${(wrote.milliseconds / maxNewTokens).toFixed(1)} ms a token of each, ${gigabytes()}`,
  });
  return [trained, written];
}
