/** Texts to embed, a few at a time, so that what is written in between does not wait for all of them. */
import type { Embedder } from "../../retrieval/embed/mod.ts";
import { EngineBusyError, EngineRequestError } from "./errors.ts";

/** Texts that are embedded at once. */
const BATCH = 8;

interface EmbedJob {
  id: number;
  texts: readonly string[];
  kind: "query" | "passage";
  vectors: Float32Array[];
  tokens: number;
}

/** What came of a job. */
export type EmbedOutcome = { id: number; vectors: Float32Array[]; tokens: number } | { id: number; error: unknown };

/** A queue of requests for vectors. */
export class EmbedJobs {
  /** Texts that were embedded, and their tokens. */
  readonly counts = { texts: 0, tokens: 0 };
  readonly #jobs: EmbedJob[] = [];

  constructor(readonly embedder: Embedder | null, readonly maxQueue: number) {}

  get busy(): boolean {
    return this.#jobs.length > 0;
  }

  /** @throws {EngineRequestError} When there is no embedder, or a passage is too long; {EngineBusyError} when too many wait. */
  add(id: number, texts: readonly string[], kind: "query" | "passage"): void {
    if (!this.embedder) {
      throw new EngineRequestError("unknownModel", "there is no embedder: open the engine with one", "model");
    }
    if (this.#jobs.length >= Math.max(1, this.maxQueue)) {
      throw new EngineBusyError(this.#jobs.length, this.maxQueue, 1);
    }
    const { embedder, embedder: { description: { maxTokens } } } = this;
    const counts = texts.map((text) => embedder.countTokens(text));
    const long = counts.findIndex((count) => count > maxTokens);
    if (long >= 0 && kind === "passage") {
      const message =
        `texts[${long}]: it has ${counts[long]} tokens, and ${embedder.description.name} reads ${maxTokens}: ` +
        "cut it into passages, or embed it as a query";
      throw new EngineRequestError("tooLong", message, "texts");
    }
    const tokens = counts.reduce((sum, count) => sum + Math.min(count, maxTokens), 0);
    this.#jobs.push({ id, texts, kind, vectors: [], tokens });
  }

  /** Forgets a request. */
  drop(id: number): void {
    const at = this.#jobs.findIndex((job) => job.id === id);
    if (at >= 0) this.#jobs.splice(at, 1);
  }

  /** Embeds a few texts of the first request; returns what it came to where that was all. */
  async step(): Promise<EmbedOutcome | null> {
    const [job] = this.#jobs;
    if (!job) return null;
    const { id, texts, kind, vectors, tokens } = job;
    try {
      const some = texts.slice(vectors.length, vectors.length + BATCH);
      if (some.length > 0) {
        vectors.push(
          ...await (kind === "query" ? this.embedder!.embedQueries(some) : this.embedder!.embedPassages(some)),
        );
      }
    } catch (error) {
      this.drop(id);
      return { id, error };
    }
    if (vectors.length < texts.length) return null;
    this.drop(id);
    this.counts.texts += texts.length;
    this.counts.tokens += tokens;
    return { id, vectors, tokens };
  }
}
