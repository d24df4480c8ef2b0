/** What is drawn from, who wants a token, and what comes of it. */
import type { DeviceTensor } from "../../engine/mod.ts";
import type { Random } from "../../random/mod.ts";

/** What a step's programs say about next tokens, where the engine keeps it; see `segmentOutputs`. */
export class Scores {
  constructor(readonly tensors: Readonly<Record<string, DeviceTensor>>) {}

  /** Frees them. */
  dispose(): void {
    Object.values(this.tensors).forEach((tensor) => tensor.dispose());
  }
}

/** A completion that wants its next token. */
export interface TokenStream {
  /** Each draw takes one number of it, none when greedy. */
  readonly random: Random;
  /** The distinct tokens of prompt and completion, for the repetition penalty. */
  readonly seen: ReadonlySet<number> | undefined;
  /** Changes a copy of the logits [vocabulary] after the penalty. */
  readonly edit: ((logits: Float32Array) => void) | undefined;
  /** What errors call it. */
  readonly place: string;
}

/** A draw: for a stream, from a row of scores. Several draws may be from one row. */
export interface Draw {
  stream: TokenStream;
  row: number;
}

/** A token that was drawn. */
export interface DrawnToken {
  token: number;
  /**
   * Its log-probability under the model at the temperature (at 1 when greedy), before truncation, penalty and processor:
   * what a trainer computes for the same token.
   */
  logProb: number;
  /** Whether it is a most likely token of the model. */
  isGreedy: boolean;
}

/** Draws the tokens of one generation. */
export interface Drawer {
  /**
   * Draws a token each, in their order.
   *
   * @throws NotFiniteLogitsError, naming the stream, when its logits are not finite.
   */
  draw(scores: Scores, draws: readonly Draw[]): Promise<DrawnToken[]>;
}

/** Runs something for a stream; what it throws names the stream. */
export function inPlace<T>({ place }: TokenStream, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${place}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
