/** What reads a query and a passage together, and says how well the one answers the other. */

/** A text that was too long for the model, and lost its end. */
export interface CutText {
  text: "query" | "passage";
  /** The number of the passage; a query is cut for each passage by itself. */
  passage: number;
  /** Tokens that it has. */
  tokens: number;
  /** Tokens that were read. */
  kept: number;
}

/** Options of a call. */
export interface RerankOptions {
  /** Passages at a time, those of like length together. Default 16. */
  batchSize?: number;
  signal?: AbortSignal;
  /** Called after each batch. */
  onProgress?: (done: number, total: number) => void;
  /** Called for each text that was too long, before anything is computed. */
  onCut?: (cut: CutText) => void;
}

/** A model that scores pairs. */
export interface Reranker {
  /** Whose scores these are; `maxTokens` bounds what is read of a query and a passage together. */
  readonly description: { name: string; revision: string; maxTokens: number };
  /**
   * A score for each passage, in their order: higher is better. Scores of one reranker can be compared over queries where it says
   * so. Texts that are too long are cut at their end, and `onCut` is told.
   */
  rerank(query: string, passages: readonly string[], options?: RerankOptions): Promise<number[]>;
  dispose(): Promise<void>;
}
