/** What is drawn from, who wants a token, and what comes of it. */
import type { DeviceTensor } from "../../engine/mod.ts";
import type { Random } from "../../random/mod.ts";
import type { SamplingOptions } from "./sample.ts";

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
  /** How its tokens are chosen. */
  readonly sampling: SamplingOptions;
  /** Likeliest tokens to be named with each that is drawn; 0: none. */
  readonly alternatives: number;
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
  /** The likeliest tokens, likeliest first, where the stream wants some. */
  alternatives?: readonly TokenLogProb[];
}

/** A token and its log-probability, in the meaning of `DrawnToken.logProb`. */
export interface TokenLogProb {
  tokenId: number;
  logProb: number;
}

/** Draws the tokens of streams, each in its own way. */
export interface Drawer {
  /**
   * Draws a token each, in their order. Where that fails for one stream, as when its logits are not finite, there is an
   * error in the token's place, which names the stream.
   *
   * @throws When no stream can have a token: what computes them has failed.
   */
  draw(scores: Scores, draws: readonly Draw[]): Promise<(DrawnToken | Error)[]>;
}

/** Draws for one stream; the error that comes in the place of a token names the stream. */
export function inPlace({ place }: TokenStream, draw: () => DrawnToken): DrawnToken | Error {
  try {
    return draw();
  } catch (error) {
    return new Error(`${place}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
