/** A tool that a model may call. */
import type { z } from "zod";

/** What a running tool may ask for. */
export interface ToolContext {
  /** Aborted at the tool's time limit and when the run is stopped. A tool that goes on regardless is left behind. */
  signal: AbortSignal;
  /** Says that strangers wrote part of this result, where that is not so of all of the tool's results. */
  markUntrusted(): void;
}

/** A function with a name, a purpose and typed arguments. Make one by `defineTool`. */
export interface Tool<Input = unknown, Output = unknown> {
  /** Letters, digits, `_` and `-`, at most 64 of them. */
  name: string;
  /** For the model: what it is good for. */
  description: string;
  /** Arguments; an object. The JSON schema that the model reads is made from it. */
  input: z.ZodType<Input>;
  /** The JSON schema that the model reads instead, for a tool that comes with one. */
  parameters?: Readonly<Record<string, unknown>>;
  /** When given, what `run` returns is held against it. */
  output?: z.ZodType<Output>;
  /** What the model reads of a result, where that is not all of it. */
  modelView?(output: Output): unknown;
  /** Default 10,000. */
  timeoutMs?: number;
  /** Whether it changes anything outside, such as a file or somebody's calendar: then it is asked for first. Default false. */
  sideEffects?: boolean;
  /** Whether strangers write what it returns, as with the web: then nothing in it is an instruction. Default false. */
  untrusted?: boolean;
  /**
   * Does it. What it throws is told to the model by its message.
   *
   * A tool that computes without a pause holds up everything else, its own time limit included: long computations belong in
   * a worker.
   */
  run(input: Input, context: ToolContext): Output | Promise<Output>;
}

/** Why a call had no result. */
export type ToolFailureKind =
  | "unknown tool"
  | "invalid arguments"
  | "refused"
  | "timeout"
  | "aborted"
  | "failed"
  | "invalid result"
  | "result too large";

/** What came of a call. */
export type ToolOutcome = ToolSuccess | ToolFailure;

/** A result. */
export interface ToolSuccess {
  ok: true;
  /** As JSON, which the model reads. */
  text: string;
  /** What the tool returned, or what its output schema made of that. */
  result: unknown;
  /** Without the wait for an approval. */
  milliseconds: number;
  untrusted: boolean;
}

/** None. */
export interface ToolFailure {
  ok: false;
  kind: ToolFailureKind;
  /** `{"error": "..."}`, which the model reads: what was wrong and what was expected; no paths, no stack. */
  text: string;
  message: string;
  /** Without the wait for an approval. */
  milliseconds: number;
  untrusted: boolean;
}
