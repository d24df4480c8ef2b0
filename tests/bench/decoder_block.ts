/** A decoder block forward and backward, against the raw MatMul rate. */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine, type DeviceTensor } from "../../lib/engine/mod.ts";
import { causalBias } from "../../lib/kernels/mod.ts";
import { adapterFeeds, type AdapterWeights, type CausalLM, createModel, type Trainable } from "../../lib/models/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { blockFlops } from "../../lib/scale/mod.ts";
import { gigaflops, measure, QUICK, ratioOfRates } from "./measure.ts";
import { randomNumbers } from "./random_data.ts";
import { rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { atSpeed, BLOCK_SHAPES, type BlockShape, showBlock, widestProduct } from "./shapes.ts";

/** The rank of the adapter on all linear layers. */
const RANK = 16;

const VARIANTS: readonly { name: string; trainable: Trainable; rank: number }[] = [
  { name: `LoRA r${RANK}`, trainable: "lora", rank: RANK },
  { name: "full", trainable: "all", rank: 0 },
];

export const decoderBlockSection: Section = {
  name: "decoder-block",
  title: "Decoder block",
  cases: BLOCK_SHAPES.flatMap((shape) =>
    VARIANTS.map((variant) => ({
      name: `decoder block ${shape.label}, ${variant.name}`,
      run: (settings: BenchSettings) => measureBlock(atSpeed(shape, settings.quick), variant, settings),
    }))
  ),
};

async function measureBlock(
  shape: BlockShape,
  { name, trainable, rank }: typeof VARIANTS[number],
  { quick }: BenchSettings,
): Promise<Row[]> {
  const engine = await createEngine();
  // One block is measured: more of them, and the vocabulary, would only fill memory.
  const config = { ...shape.config, layers: 1, vocabSize: 256 };
  const model = await createModel(config, { engine, random: new Random(1) });
  const adapter = rank === 0 ? null : await createLora(model, new Random(2), { r: rank });
  const variant = { lora: adapter ?? { modules: [], r: 0 }, trainable };
  const recomputing = await model.blocks.get({ ...variant, residuals: false });
  const feeds = await blockFeeds(model, adapter, shape);
  const raw = await rawMatmul(engine, widestProduct(shape));

  const timings = await measure({
    raw: raw.run,
    forward: async () => disposeOutputs(await recomputing.forward.run(feeds)),
    backward: async () => disposeOutputs(await recomputing.backward.run(feeds)),
  }, quick ? QUICK : { rounds: 11 });

  const flops = blockFlops(config, { ...shape, trainable, rank });
  const measured = [
    { what: "forward", timing: timings.forward, flops: flops.forward },
    { what: "backward, recomputing", timing: timings.backward, flops: flops.backwardRecomputing },
  ];
  return measured.map(({ what, ...rate }) =>
    row({
      what: `${name}: ${what}`,
      shape: showBlock(shape),
      value: gigaflops(rate),
      unit: "GFLOP/s",
      spread: rate.timing.spread,
      ofRaw: ratioOfRates(rate, { timing: timings.raw, flops: raw.flops }),
      aim: shape.aim,
      note: `${rate.timing.milliseconds.toFixed(1)} ms`,
    })
  );
}

/** What all passes of the model's first block take, on the device. */
export async function blockFeeds(
  model: CausalLM,
  adapter: AdapterWeights | null,
  { batch, tokens }: BlockShape,
): Promise<Record<string, DeviceTensor>> {
  const { engine, config: { hiddenSize } } = model;
  const positions = BigInt64Array.from({ length: batch * tokens }, (_, at) => BigInt(at % tokens));
  const hidden = () => engine.store(randomNumbers(batch * tokens * hiddenSize), [batch, tokens, hiddenSize]);
  return {
    x: await hidden(),
    dy: await hidden(),
    positions: engine.upload(positions, [batch, tokens]),
    ...(await model.rotaryTables(tokens)),
    bias: await engine.store(causalBias(new Int32Array(batch * tokens), batch, tokens), [batch, 1, 1, tokens, tokens]),
    ...(adapter ? { scaling: engine.upload(Float32Array.of(adapter.scaling), []) } : {}),
    ...model.layerWeights(0),
    ...adapterFeeds(adapter, 0),
  };
}

/** Frees a program's outputs. */
export function disposeOutputs(tensors: Record<string, DeviceTensor>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
