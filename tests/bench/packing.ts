/**
 * What packing saves: the same documents, of the lengths that solved problems have, one to a row and padded to the batch's
 * longest, or several to a row.
 */
import { createLora } from "../../lib/adapters/mod.ts";
import { loadGsm8k, wordProblemAt } from "../../lib/data/mod.ts";
import { createEngine } from "../../lib/engine/mod.ts";
import { Random } from "../../lib/random/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { chunk, collatePacked, packExamples, type TokenizedExample, type TrainingBatch } from "../../lib/train/mod.ts";
import { measure, QUICK, ratioOfTimes } from "./measure.ts";
import { randomModel } from "./random_model.ts";
import { type BenchSettings, type Row, row, type Section } from "./section.ts";
import { HOUSE } from "./shapes.ts";

const RANK = 16;
/** Rows of a batch that is padded. */
const ROWS = 16;
const TOKENIZER = new URL("../../data/models/kiln-tiny", import.meta.url).pathname;
/** GSM8K, where it lies beside the repository. */
const GSM8K = new URL("../../../shared/data/gsm8k", import.meta.url).pathname;

export const packingSection: Section = {
  name: "packing",
  title: `Packing against padding: an epoch of the same documents, house model, LoRA r${RANK}`,
  cases: [{ name: "packing", run: measurePacking }],
};

/** Solved problems: real ones where the data set is at hand, else generated ones. */
async function problems(count: number): Promise<{ source: string; texts: { question: string; answer: string }[] }> {
  try {
    await Deno.stat(GSM8K);
  } catch {
    const texts = Array.from({ length: count }, (_, index) => wordProblemAt(index));
    return { source: "generated word problems", texts };
  }
  const { rows } = await loadGsm8k({ source: GSM8K, shuffleSeed: 1, limit: count });
  return { source: "GSM8K", texts: rows };
}

async function measurePacking({ quick }: BenchSettings): Promise<Row[]> {
  const { source, texts } = await problems(quick ? 16 : 64);
  const tokenizer = await Tokenizer.load(TOKENIZER);
  const documents = texts.map(({ question, answer }): TokenizedExample => {
    const [prompt, completion] = [question, answer].map((text) => tokenizer.encode(text));
    return {
      ids: [...prompt, ...completion],
      lossMask: [...prompt.map(() => false), ...completion.map(() => true)],
    };
  });
  const lengths = documents.map(({ ids }) => ids.length);
  const [longest, all] = [Math.max(...lengths), lengths.reduce((sum, length) => sum + length, 0)];
  const rowsOf = {
    padding: documents.map((document) => [document]),
    packing: packExamples(documents, { maxLength: longest }),
  };

  const engine = await createEngine();
  const model = await randomModel(HOUSE, engine);
  const adapter = await createLora(model, new Random(2), { r: RANK });
  const epoch = (batches: readonly TrainingBatch[]) => async () => {
    for (const { tokens, wanted } of batches) {
      const coefficients = new Float32Array(wanted.rows.length).fill(-1 / wanted.rows.length);
      await model.forwardBackward(tokens, wanted, coefficients, (_, gradient) => gradient.dispose(), {
        adapter,
        trainable: "lora",
        residualLayers: HOUSE.layers,
      });
    }
  };
  const batchesOf = (rows: TokenizedExample[][]) => chunk(rows, ROWS).map((part) => collatePacked(part, 0));
  const batches = { padding: batchesOf(rowsOf.padding), packing: batchesOf(rowsOf.packing) };
  const timings = await measure(
    { padding: epoch(batches.padding), packing: epoch(batches.packing) },
    quick ? QUICK : { rounds: 3 },
  );

  return (["padding", "packing"] as const).map((way) => {
    const timing = timings[way];
    const read = batches[way].reduce((sum, { tokens }) => sum + tokens.batch * tokens.tokens, 0);
    const filled = `${(100 * all / read).toFixed(0)} % of ${read} tokens are real`;
    return row({
      what: `${way}, ${source}`,
      shape: `${documents.length} documents of ${Math.min(...lengths)} to ${longest} tokens`,
      value: all / timing.milliseconds * 1000,
      unit: "tokens/s",
      spread: timing.spread,
      timeRatio: way === "padding" ? null : ratioOfTimes(timing, timings.padding),
      note: way === "padding" ? filled : `${filled}; time as a share of padding's`,
    });
  });
}
