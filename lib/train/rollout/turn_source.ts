/** Turns that are written elsewhere than by the local model. */

/** A turn that is due. */
export interface TurnRequest {
  /** What it follows. */
  prompt: readonly number[];
  /** What its draws depend on. */
  seed: string;
}

/** How turns are drawn; names as in `generate`. */
export interface TurnDrawing {
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  repetitionPenalty?: number;
  /** Tokens of a turn. */
  maxTokens: number;
  stopStrings: readonly string[];
  /** Besides the model's own end tokens. */
  stopTokenIds?: readonly number[];
  /** Called when a turn is written, with its tokens. */
  onTurn?: (tokens: number) => void;
  signal?: AbortSignal;
}

/** A turn as it was written. */
export interface WrittenTurn {
  /** As drawn: with the stop token, or the tokens of the stop string. */
  tokenIds: readonly number[];
  finishReason: "stop" | "stopString" | "length";
}

/** Who writes the turns of episodes; see `endpointTurns`. */
export interface TurnSource {
  /** Called when episodes begin: from here on the policy is as it is now. */
  begin(): Promise<void>;
  /** Writes turns, in the order of the requests. */
  write(requests: readonly TurnRequest[], drawing: TurnDrawing): Promise<WrittenTurn[]>;
}
