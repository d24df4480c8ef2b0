/** A text encoder ready to run: texts to vectors of length 1, and the gradients that teach it. */
import type { DeviceTensor, Engine } from "../../engine/mod.ts";
import type { Tokenizer } from "../../tokenizer/mod.ts";
import { disposeAll, giveGradients, type GradientSink, gradientsOf } from "../forward_pass.ts";
import type { EncoderConfig } from "./config.ts";
import { EncoderPrograms, rowsGradientName } from "./programs.ts";
import type { SentenceSettings } from "./sentence_files.ts";
import { collateTexts, type TextBatch, textFeeds } from "./text_batch.ts";
import { encoderWeightShapes, TABLE_KINDS, TABLES } from "./weights.ts";

/** Options of `embed`. */
export interface EmbedOptions {
  /** Text put before each, such as e5's `"query: "`. Default: none. */
  prefix?: string;
  /** Tokens that are read of a text; longer ones are cut. Default, and at most: the encoder's `maxTokens`. */
  maxTokens?: number;
  /** Texts that are encoded at a time, those of like length together. Default 64. */
  batchSize?: number;
  signal?: AbortSignal;
  /** Called after each batch; `truncated` counts the texts that were too long, and is known from the first call on. */
  onProgress?: (progress: { done: number; total: number; truncated: number }) => void;
}

/** A batch of pairs for `contrast`. */
export interface ContrastBatch {
  /** The queries, then their own passages, then hard negatives where there are any. */
  texts: TextBatch;
  /** How many of the texts are queries. */
  queries: number;
  /** [queries, passages]: 1 at each query's own passage. */
  own: Float32Array;
  /** [queries, passages]: `MASKED` where a passage is no negative for a query; else 0. */
  bias: Float32Array;
}

/** Make one with `loadEncoder` or `createEncoder`. (The web's own `TextEncoder` is something else.) */
export class SentenceEncoder {
  readonly #programs: EncoderPrograms;
  /** What the tokenizer puts before and after a text. */
  readonly #around: { before: number[]; after: number[] };

  constructor(
    readonly engine: Engine,
    readonly config: EncoderConfig,
    /** By the names of transformers' BertModel. */
    readonly weights: Map<string, DeviceTensor>,
    readonly tokenizer: Tokenizer,
    readonly settings: SentenceSettings,
  ) {
    tokenizer.assertFits(config.vocabSize);
    this.#programs = new EncoderPrograms(engine, config);
    this.#around = tokensAround(tokenizer);
    const { before, after } = this.#around;
    if (settings.maxTokens <= before.length + after.length || settings.maxTokens > config.maxPositions) {
      throw new RangeError(
        `maxTokens: expected ${before.length + after.length + 1} to ${config.maxPositions}, got ${settings.maxTokens}`,
      );
    }
  }

  /** Numbers of an embedding. */
  get hiddenSize(): number {
    return this.config.hiddenSize;
  }

  get parameterCount(): number {
    const shapes = Object.values(encoderWeightShapes(this.config));
    return shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0);
  }

  /** A text's token ids with those that stand around it, cut to `maxTokens`. */
  tokenize(text: string, maxTokens: number = this.settings.maxTokens): { ids: number[]; truncated: boolean } {
    const { before, after } = this.#around;
    const room = maxTokens - before.length - after.length;
    const ids = this.tokenizer.encode(text);
    const truncated = ids.length > room;
    const whole = [...before, ...(truncated ? ids.slice(0, room) : ids), ...after];
    // A tokenizer that adds nothing gives nothing for an empty text; one padding token stands for it.
    return { ids: whole.length === 0 ? [this.config.padTokenId] : whole, truncated };
  }

  /**
   * Embeddings of texts: one Float32Array [hiddenSize] of length 1 each, in the order of the texts. The same text has the
   * same embedding, up to the last bits, whatever is embedded with it.
   *
   * @throws {RangeError} When an option is out of range.
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const { prefix = "", maxTokens = this.settings.maxTokens, batchSize = 64, signal, onProgress } = options;
    const least = this.#around.before.length + this.#around.after.length + 1;
    if (!Number.isInteger(maxTokens) || maxTokens < least || maxTokens > this.settings.maxTokens) {
      throw new RangeError(`maxTokens: expected ${least} to ${this.settings.maxTokens}, got ${maxTokens}`);
    }
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`batchSize: expected a whole number above 0, got ${batchSize}`);
    }
    signal?.throwIfAborted();
    const tokenized = texts.map((text) => this.tokenize(prefix + text, maxTokens));
    const truncated = tokenized.filter((row) => row.truncated).length;
    // Texts of like length together, the longest first: a lack of memory shows at once.
    const order = tokenized.map((_, index) => index)
      .sort((a, b) => tokenized[b].ids.length - tokenized[a].ids.length);
    const embeddings = new Array<Float32Array>(texts.length);
    const { pooling } = this.settings;
    for (let start = 0; start < order.length; start += batchSize) {
      signal?.throwIfAborted();
      const rows = order.slice(start, start + batchSize);
      const batch = collateTexts(rows.map((index) => tokenized[index].ids), this.config, pooling);
      const vectors = await this.#embedBatch(batch);
      rows.forEach((index, row) => {
        embeddings[index] = vectors.slice(row * this.hiddenSize, (row + 1) * this.hiddenSize);
      });
      onProgress?.({ done: start + rows.length, total: texts.length, truncated });
    }
    return embeddings;
  }

  /** Embeddings [texts, hidden] of one batch. */
  async #embedBatch(batch: TextBatch): Promise<Float32Array> {
    const { engine } = this;
    const program = await this.#programs.embed();
    const pooling = engine.upload(batch.pooling, [batch.texts, batch.rows * batch.tokens]);
    const feeds = { ...textFeeds(engine, batch), pooling };
    try {
      const { embeddings } = await program.run({ ...Object.fromEntries(this.weights), ...feeds });
      const vectors = await engine.read(embeddings) as Float32Array;
      embeddings.dispose();
      return vectors;
    } finally {
      disposeAll(feeds);
    }
  }

  /**
   * The mean InfoNCE loss of a batch, the share of queries whose own passage is the closest, and the gradient of the loss by
   * every weight, forward and backward in one program.
   *
   * @param sink Gets each gradient by the weight's name, and owns it.
   */
  async contrast(
    { texts, queries, own, bias }: ContrastBatch,
    { temperature, symmetric = false }: { temperature: number; symmetric?: boolean },
    sink: GradientSink,
  ): Promise<{ loss: number; accuracy: number }> {
    const { engine } = this;
    const slots = texts.rows * texts.tokens;
    const passages = texts.texts - queries;
    const feeds: Record<string, DeviceTensor> = {
      ...textFeeds(engine, texts),
      queryPooling: engine.upload(texts.pooling.subarray(0, queries * slots), [queries, slots]),
      passagePooling: engine.upload(texts.pooling.subarray(queries * slots), [passages, slots]),
      own: engine.upload(own, [queries, passages]),
      pairBias: engine.upload(bias, [queries, passages]),
      inverseTemperature: engine.upload(Float32Array.of(1 / temperature), []),
      share: engine.upload(new Float32Array(queries).fill(1 / queries), [queries]),
    };
    try {
      const program = await this.#programs.contrast(symmetric);
      const outputs = await program.run({ ...Object.fromEntries(this.weights), ...feeds });
      const { losses, isFirst } = outputs;
      const [loss, accuracy] = [await engine.read(losses), await engine.read(isFirst)]
        .map((values) => (values as Float32Array).reduce((sum, value) => sum + value, 0) / queries);
      disposeAll({ losses, isFirst });
      const rows = TABLE_KINDS.map((kind) => outputs[rowsGradientName(kind)]);
      try {
        await giveGradients(gradientsOf(outputs), sink);
        await this.#giveTableGradients(rows, feeds, sink);
      } finally {
        rows.forEach((tensor) => tensor.dispose());
      }
      return { loss, accuracy };
    } finally {
      disposeAll(feeds);
    }
  }

  /** Adds up the gradients of the tables from those of the rows that were read. */
  async #giveTableGradients(
    rows: readonly DeviceTensor[],
    { ids, positions }: Readonly<Record<string, DeviceTensor>>,
    sink: GradientSink,
  ): Promise<void> {
    const first = this.engine.upload(BigInt64Array.of(0n), [1]);
    const read = { word: ids, position: positions, tokenType: first };
    for (const [i, kind] of TABLE_KINDS.entries()) {
      const zeros = this.engine.zeros(this.weights.get(TABLES[kind])!.shape);
      await sink(TABLES[kind], await this.#programs.addRows(zeros, read[kind], rows[i]));
    }
    first.dispose();
  }

  /** Frees weights and programs. */
  async dispose(): Promise<void> {
    this.weights.forEach((weight) => weight.dispose());
    this.weights.clear();
    await this.#programs.dispose();
  }
}

/** What a tokenizer puts around every text. */
function tokensAround(tokenizer: Tokenizer): { before: number[]; after: number[] } {
  const [bare, whole] = [false, true].map((addSpecialTokens) => tokenizer.encode("a", { addSpecialTokens }));
  const start = whole.findIndex((_, at) => bare.every((id, k) => whole[at + k] === id));
  if (bare.length === 0 || start < 0) throw new Error("the tokenizer does not keep a text's own tokens together");
  return { before: whole.slice(0, start), after: whole.slice(start + bare.length) };
}
