/** A request in a batch that others join and leave. */
import type { ModelConfig } from "../config.ts";
import type { AdapterWeights } from "../adapter_weights.ts";
import { type CompletionEvent, type GenerateOptions, resolveSettings, type TokenEvent } from "./options.ts";
import { Sequence } from "./sequence.ts";

/** What is asked for: one completion of one prompt. The names are those of `generate`. */
export interface BatchRequest extends
  Pick<
    GenerateOptions,
    | ("temperature" | "topK" | "topP" | "minP" | "repetitionPenalty" | "maxNewTokens" | "stopTokenIds" | "stopStrings")
    | ("tokenizer" | "skipSpecialTokens" | "seed" | "adapter" | "logitsProcessor" | "topLogProbs")
  > {
  promptIds: readonly number[];
}

/** What comes of a request: a start, tokens and a completion, or an error in place of what is missing. */
export type BatchEvent =
  | {
    kind: "start";
    promptTokens: number;
    /** Of them, those that had been read before. */
    cachedTokens: number;
  }
  | TokenEvent
  | CompletionEvent
  | { kind: "failed"; error: Error };

/**
 * Where a request is: in the queue, its prompt being read, a row of the batch, set aside until its reader goes on, or at its
 * end.
 */
export type MemberState = "waiting" | "reading" | "active" | "paused" | "ended";

/** The caller's hold on a request. */
export interface BatchHandle {
  readonly state: MemberState;
  /** It leaves at the next step, with a completion of the reason `"aborted"`. */
  abort(): void;
  /** Its row is given to others at the next step. */
  pause(): void;
  /** It waits for a row again, before those that never had one. Its tokens are those that it would have had without a pause. */
  resume(): void;
}

/** A request, with what became of it so far. */
export class BatchMember implements BatchHandle {
  readonly adapter: AdapterWeights | null;
  readonly sequence: Sequence;
  state: MemberState = "waiting";
  /** What reads its prompt, while the state is `"reading"`. One that it left may go on for others. */
  reading: object | null = null;
  /** What its caller wants with it from the next step on. */
  wish: "go" | "pause" | "abort" = "go";
  /** Whether it is to be read alone, since reading it with others went wrong. */
  isAlone = false;
  /** Whether its start was told. */
  hasStarted = false;

  /** @throws When an option makes no sense for the model; the message names it. */
  constructor(config: ModelConfig, request: BatchRequest, readonly onEvent: (event: BatchEvent) => void) {
    const { promptIds, adapter = null, ...options } = request;
    this.adapter = adapter;
    this.sequence = new Sequence(resolveSettings(config, { ...options, prompts: [promptIds] }), 0, 0);
  }

  abort(): void {
    this.wish = "abort";
  }

  pause(): void {
    if (this.wish === "go") this.wish = "pause";
  }

  resume(): void {
    if (this.wish === "pause") this.wish = "go";
  }

  /** Ends it with an error. */
  fail(cause: unknown): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.onEvent({ kind: "failed", error: cause instanceof Error ? cause : new Error(String(cause)) });
  }

  /** Ends it with what it has. */
  endAborted(): void {
    this.state = "ended";
    this.onEvent({ kind: "completion", completion: this.sequence.complete("aborted") });
  }
}
