/** From a data set to the batches of each optimizer step: cutting, packing, order. */
import type { Random } from "../random/mod.ts";
import { chunk, collatePacked, epochOrder, type TokenizedExample, type TrainingBatch, trainsNothing } from "./batch.ts";
import { stepRows } from "./data_order.ts";
import { lengthGroupedOrder } from "./group_by_length.ts";
import { bestFitDecreasing, checkPackOptions, cutExample, type PackingStrategy } from "./pack.ts";
import { checkPositiveInteger, type Metrics } from "./step.ts";

/** How rows are cut and put together; names and defaults as in TRL and transformers. */
export interface BatchingOptions {
  /**
   * Tokens of a row: what is longer loses its end (with `packing`, see `packingStrategy`). Default 1024, or what the model
   * reads if that is less; null cuts nothing.
   */
  maxLength?: number | null;
  /** Put several rows of the data set, isolated from each other, into one row of `maxLength` tokens. Default false. */
  packing?: boolean;
  /** Default `"bfd"`. */
  packingStrategy?: PackingStrategy;
  /** Batches of rows of like length, for less padding (`train_sampling_strategy` in transformers 5). Default false. */
  groupByLength?: boolean;
}

/** One row of a batch. */
interface BatchRow {
  /** The documents in it; without packing one. */
  documents: TokenizedExample[];
  /** The rows of the data set that they are from. */
  sources: number[];
  tokens: number;
}

/** What all batches are made from. */
interface BatchPlan extends Required<BatchingOptions> {
  perDeviceTrainBatchSize: number;
  gradientAccumulationSteps: number;
  shuffle: boolean;
  padTokenId: number;
}

/** The options with their defaults, checked. */
export function batchingOptions(options: BatchingOptions, maxPositions: number): Required<BatchingOptions> {
  const { packing = false, packingStrategy = "bfd", groupByLength = false } = options;
  const { maxLength = Math.min(1024, maxPositions) } = options;
  if (maxLength === null) {
    if (packing) throw new RangeError("maxLength: packing needs a number, the tokens of a row");
  } else {
    checkPackOptions({ maxLength, packingStrategy });
    if (maxLength > maxPositions) {
      throw new RangeError(`maxLength: the model reads at most ${maxPositions} tokens, got ${maxLength}`);
    }
  }
  return { maxLength, packing, packingStrategy, groupByLength };
}

/**
 * Cuts rows to `maxLength`. A row whose trained tokens are all cut off is left out, as TRL does: one long prompt should not
 * stop a run, and a row that trains nothing would only take time.
 *
 * @param name What the rows are called in a message.
 * @returns The documents with the rows they are from, and a line for the log when anything was cut.
 * @throws When no row is left.
 */
export function cutDataset(
  examples: readonly TokenizedExample[],
  { maxLength, packing, packingStrategy }: Required<BatchingOptions>,
  name: string,
): { documents: { example: TokenizedExample; source: number }[]; notes: string[] } {
  const documents: { example: TokenizedExample; source: number }[] = [];
  const leftOut: number[] = [];
  let cut = 0;
  examples.forEach((example, source) => {
    if (maxLength === null || example.ids.length <= maxLength) return documents.push({ example, source });
    cut++;
    const strategy = packing ? packingStrategy : "bfd";
    const parts = cutExample(example, { maxLength, packingStrategy: strategy })
      .filter(({ lossMask }) => !trainsNothing(lossMask));
    if (parts.length === 0) leftOut.push(source);
    for (const part of parts) documents.push({ example: part, source });
  });
  const which = leftOut.slice(0, 5).join(", ") + (leftOut.length > 5 ? ", ..." : "");
  if (documents.length === 0 && examples.length > 0) {
    throw new Error(`${name}: the first ${maxLength} tokens of every row are prompt; raise maxLength`);
  }
  const notes: string[] = [];
  if (cut > 0) {
    const made = packing && packingStrategy === "bfd_split" ? "split" : "cut";
    notes.push(`${name}: ${made} ${cut} of ${examples.length} rows, which are longer than maxLength ${maxLength}`);
  }
  if (leftOut.length > 0) {
    notes.push(`${name}: ${leftOut.length} of those are left out, since nothing that is trained remains (${which})`);
  }
  return { documents, notes };
}

/** The training batches of a run. */
export class SftBatches {
  readonly stepsPerEpoch: number;
  /** Lines for the log: what was cut, left out and packed. */
  readonly notes: readonly string[];
  readonly #rows: readonly BatchRow[];
  readonly #plan: BatchPlan;

  /** @throws When an option is out of range or nothing is left to train on. */
  constructor(examples: readonly TokenizedExample[], plan: BatchPlan) {
    const { perDeviceTrainBatchSize, gradientAccumulationSteps, packing, maxLength, groupByLength, shuffle } = plan;
    checkPositiveInteger({ perDeviceTrainBatchSize, gradientAccumulationSteps });
    if (groupByLength && !shuffle) throw new Error("groupByLength draws an order: it excludes shuffle: false");
    this.#plan = plan;
    const { documents, notes } = cutDataset(examples, plan, "trainDataset");
    const packs = packing
      ? bestFitDecreasing(documents.map(({ example }) => example.ids.length), maxLength!)
      : documents.map((_, index) => [index]);
    this.#rows = packs.map((pack) => ({
      documents: pack.map((index) => documents[index].example),
      sources: pack.map((index) => documents[index].source),
      tokens: pack.reduce((sum, index) => sum + documents[index].example.ids.length, 0),
    }));
    this.notes = packing ? [...notes, packingNote(documents.length, this.#rows, maxLength!)] : notes;
    this.stepsPerEpoch = Math.ceil(this.#rows.length / (perDeviceTrainBatchSize * gradientAccumulationSteps));
  }

  /** Tokens of the longest row. */
  get longestRow(): number {
    return this.#rows.reduce((longest, { tokens }) => Math.max(longest, tokens), 0);
  }

  /** Makes the function from a step, counted from 0, to its micro-batches and the rows of the data set in them. */
  bySteps(random: Random): (step: number) => { batches: TrainingBatch[]; rows: number[] } {
    const { perDeviceTrainBatchSize, gradientAccumulationSteps, groupByLength, shuffle, padTokenId } = this.#plan;
    const rowsPerStep = perDeviceTrainBatchSize * gradientAccumulationSteps;
    const lengths = this.#rows.map(({ tokens }) => tokens);
    const rowsOf = stepRows(this.stepsPerEpoch, (epoch) => {
      const order = groupByLength
        ? lengthGroupedOrder(lengths, rowsPerStep, random, epoch)
        : epochOrder(lengths.length, random, epoch, shuffle);
      return chunk(order, rowsPerStep);
    });
    return (step) => {
      const rows = rowsOf(step).map((row) => this.#rows[row]);
      const batches = chunk(rows, perDeviceTrainBatchSize)
        .map((part) => collatePacked(part.map(({ documents }) => documents), padTokenId));
      return { batches, rows: rows.flatMap(({ sources }) => sources) };
    };
  }
}

function packingNote(documents: number, rows: readonly BatchRow[], maxLength: number): string {
  const share = rows.reduce((sum, { tokens }) => sum + tokens, 0) / (rows.length * maxLength);
  return `packing: ${documents} documents in ${rows.length} ${
    rows.length === 1 ? "row" : "rows"
  } of ${maxLength} tokens, ${(100 * share).toFixed(1)} % full`;
}

/**
 * What the micro-batches of a step hold.
 *
 * @param eosTokenIds The ids that end a text.
 * @returns `num_eos_labels`, trained tokens that end a text (0 means that the model does not learn to stop);
 *   `masked_share`, real tokens that are not trained over all real tokens; `packed_share`, real tokens over all tokens, the
 *   rest being padding.
 */
export function labelMetrics(batches: readonly TrainingBatch[], eosTokenIds: readonly number[]): Metrics {
  const ends = new Set(eosTokenIds);
  let [labels, eosLabels, real, all] = [0, 0, 0, 0];
  for (const { tokens, wanted, tokenCount } of batches) {
    labels += wanted.rows.length;
    for (const target of wanted.targets) if (ends.has(target)) eosLabels++;
    real += tokenCount;
    all += tokens.batch * tokens.tokens;
  }
  return { num_eos_labels: eosLabels, masked_share: 1 - labels / real, packed_share: real / all };
}
