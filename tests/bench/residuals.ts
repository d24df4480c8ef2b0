/**
 * What keeping residuals saves: whole forward and backward passes that compute every layer again, and passes whose layers
 * and head run forward and backward as one program, in turns.
 */
import { createLora } from "../../lib/adapters/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { collate } from "../../lib/train/mod.ts";
import { trainingStepFlops } from "../../lib/scale/mod.ts";
import { measure, QUICK, ratioOfRates, ratioOfTimes } from "./measure.ts";
import { randomExamples } from "./random_data.ts";
import { randomModel } from "./random_model.ts";
import { rawMatmul } from "./raw_matmul.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { atSpeed, BLOCK_SHAPES, type BlockShape, showBlock, widestProduct } from "./shapes.ts";

const RANK = 16;

interface Variant {
  shape: BlockShape;
  rank: number;
  rounds: number;
}

const [HALF_BILLION, HOUSE] = ["0.5B", "house"].map((label) => BLOCK_SHAPES.find((shape) => shape.label === label)!);

/** Half a billion weights trained in full would hold 2 GB of gradients besides: LoRA is what one does with them here. */
const VARIANTS: readonly Variant[] = [
  { shape: HOUSE, rank: RANK, rounds: 9 },
  { shape: HOUSE, rank: 0, rounds: 9 },
  { shape: HALF_BILLION, rank: RANK, rounds: 3 },
];

export const residualsSection: Section = {
  name: "residuals",
  title: "Residuals against recomputing: forward and backward of all layers and the head",
  cases: VARIANTS.map((variant) => ({
    name: `residuals ${variant.shape.label}, ${showTrained(variant)}`,
    run: (settings: BenchSettings) => measureResiduals(variant, settings),
  })),
};

function showTrained({ rank }: Variant): string {
  return rank === 0 ? "full" : `LoRA r${rank}`;
}

async function measureResiduals(variant: Variant, { quick }: BenchSettings): Promise<Row[]> {
  const { rank, rounds } = variant;
  const shape = atSpeed(variant.shape, quick);
  const { config, batch, tokens } = quick
    ? { ...shape, config: { ...shape.config, layers: 2, vocabSize: 1024 } }
    : shape;
  const engine = await createEngine();
  const model = await randomModel(config, engine);
  const adapter = rank === 0 ? null : await createLora(model, new Random(2), { r: rank });
  const { tokens: read, wanted } = collate(randomExamples(batch, tokens, tokens / 2, config), 0);
  const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);
  const trainable = adapter ? "lora" as const : "all" as const;
  const pass = (residualLayers: number) => () =>
    model.forwardBackward(read, wanted, coefficients, (_, gradient) => gradient.dispose(), {
      adapter,
      trainable,
      residualLayers,
    });
  const raw = await rawMatmul(engine, widestProduct(shape));
  const timings = await measure(
    { raw: raw.run, recomputing: pass(0), residuals: pass(config.layers) },
    quick ? QUICK : { rounds },
  );

  const rowOf = (way: "recomputing" | "residuals") => {
    const timing = timings[way];
    const work = { batch, tokens, trainable, rank, scored: wanted.rows.length, recompute: way === "recomputing" };
    const flops = trainingStepFlops(config, work);
    return row({
      what: `${showTrained(variant)}, ${way}`,
      shape: showBlock(shape),
      value: batch * tokens / timing.milliseconds * 1000,
      unit: "tokens/s",
      spread: timing.spread,
      ofRaw: ratioOfRates({ timing, flops }, { timing: timings.raw, flops: raw.flops }),
      timeRatio: way === "recomputing" ? null : ratioOfTimes(timing, timings.recomputing),
      note: `${timing.milliseconds.toFixed(0)} ms${way === "recomputing" ? "" : "; time as a share of recomputing's"}`,
    });
  };
  return [rowOf("recomputing"), rowOf("residuals")];
}
