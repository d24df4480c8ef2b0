/**
 * What client and worker say to each other. What a client says is validated, since requests come from outside; what the worker
 * says is our own.
 */
import { z } from "zod";
import type { Device } from "../../engine/mod.ts";
import type { PrecisionOptions, WeightPrecision } from "../../models/mod.ts";
import type { ChatMessage, ToolDefinition } from "../../tokenizer/mod.ts";
import { nearestIssue } from "../nearest_issue.ts";
import type { EngineEvent, EngineInput, EngineStats, GenerateRequest, ServedModel } from "./engine.ts";
import {
  EngineBusyError,
  EngineFailure,
  EngineRequestError,
  EngineUnavailableError,
  type FailureKind,
  type RequestProblem,
} from "./errors.ts";

/** What the worker loads, and how much it takes on. Folders are there already. */
export interface WorkerOptions {
  model: { id: string; folder: string };
  adapters: readonly { id: string; folder: string }[];
  /** A folder or a name that `openEmbedder` knows. */
  embedder?: string;
  device?: Device | "auto";
  threads?: number;
  precision?: WeightPrecision | PrecisionOptions;
  maxRows: number;
  maxQueue: number;
  /** Of the model and all adapters together. */
  prefixCacheBytes: number;
  /** Adapters that may be loaded later, at one time. */
  runtimeAdapters: number;
  pieceTokens?: number;
  /** Tokens that a reader may be behind before its row is taken away. */
  windowTokens: number;
}

const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.null(), z.array(z.record(z.string(), z.unknown()))]).optional(),
  name: z.string().optional(),
  tool_call_id: z.string().optional(),
  reasoning_content: z.string().optional(),
  tool_calls: z.array(z.looseObject({
    id: z.string().optional(),
    type: z.literal("function").optional(),
    function: z.looseObject({ name: z.string(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]) }),
  })).optional(),
}) satisfies z.ZodType<ChatMessage>;

const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string(),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
}) satisfies z.ZodType<ToolDefinition>;

const input = z.union([
  z.strictObject({
    messages: z.array(message),
    tools: z.array(tool).optional(),
    prefill: z.string().optional(),
    templateVariables: z.record(z.string(), z.unknown()).optional(),
  }),
  z.strictObject({ text: z.string() }),
  z.strictObject({ tokenIds: z.array(z.int().nonnegative()) }),
]) satisfies z.ZodType<EngineInput>;

const request = z.strictObject({
  model: z.string(),
  input,
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.number().optional(),
  minP: z.number().optional(),
  repetitionPenalty: z.number().optional(),
  maxTokens: z.int().positive().optional(),
  stop: z.array(z.string().min(1)).optional(),
  stopTokenIds: z.array(z.int().nonnegative()).optional(),
  skipSpecialTokens: z.boolean().optional(),
  seed: z.number().optional(),
  topLogProbs: z.int().min(0).max(20).optional(),
  returnPromptTokenIds: z.boolean().optional(),
}) satisfies z.ZodType<GenerateRequest>;

const id = z.int().nonnegative();

/** The bodies of what can be asked; each is answered under its id. */
const bodySchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("generate"), request }),
  z.strictObject({ type: z.literal("countTokens"), model: z.string(), input }),
  z.strictObject({ type: z.literal("embed"), texts: z.array(z.string()), kind: z.enum(["query", "passage"]) }),
  z.strictObject({ type: z.literal("loadAdapter"), model: z.string().min(1), folder: z.string().min(1) }),
  z.strictObject({ type: z.literal("unloadAdapter"), model: z.string() }),
  z.strictObject({ type: z.literal("stats") }),
]);

/** What can be asked. */
export type AskedBody = z.infer<typeof bodySchema>;

/** What a client says once the worker is open. */
export const clientMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ask"), id, body: z.unknown() }),
  /** So many tokens of a request were read. */
  z.strictObject({ type: z.literal("read"), id, tokens: z.int().positive() }),
  /** Nobody waits for an answer any more. */
  z.strictObject({ type: z.literal("drop"), id }),
  z.strictObject({ type: z.literal("close") }),
]);

/** What a client says, first of all what to open. */
export type ClientMessage =
  | { type: "open"; options: WorkerOptions }
  | { type: "ask"; id: number; body: unknown }
  | { type: "read"; id: number; tokens: number }
  | { type: "drop"; id: number }
  | { type: "close" };

/** Counts of the worker's; the rest of `EngineStats` the client knows. */
export interface WorkerStats extends Omit<EngineStats, "state" | "failure" | "memory" | "uptimeSeconds"> {
  heapUsed: number;
  external: number;
}

/** Answers by what was asked; events are what `generate` is answered with, again and again. */
export type Answer =
  | { type: "event"; event: EngineEvent }
  | { type: "tokens"; tokens: number }
  | { type: "vectors"; vectors: Float32Array[]; tokens: number }
  | { type: "stats"; stats: WorkerStats }
  /** What is served from now on. */
  | { type: "models"; models: readonly ServedModel[] }
  | { type: "error"; error: ErrorMessage };

/** What the worker says. */
export type WorkerMessage =
  | { type: "opened"; models: ServedModel[] }
  /** One message a step, whatever the number of requests. */
  | { type: "answers"; answers: (readonly [id: number, answer: Answer])[] }
  /** The worker cannot go on, or could not begin; nothing comes after it. */
  | { type: "failed"; message: string }
  | { type: "closed" };

/** An error on its way between threads, which keep no classes. */
export type ErrorMessage =
  | { kind: "request"; problem: RequestProblem; message: string; param?: string }
  | { kind: "busy"; waiting: number; maxQueue: number; retryAfterSeconds: number }
  | { kind: "closed"; message: string }
  | { kind: FailureKind; message: string };

/** An error as it can be sent; what is none of ours is the model's failure. */
export function errorMessage(error: unknown): ErrorMessage {
  if (error instanceof EngineRequestError) {
    return { kind: "request", problem: error.problem, message: error.message, param: error.param };
  }
  if (error instanceof EngineBusyError) {
    const { waiting, maxQueue, retryAfterSeconds } = error;
    return { kind: "busy", waiting, maxQueue, retryAfterSeconds };
  }
  if (error instanceof EngineUnavailableError) return { kind: "closed", message: error.message };
  return { kind: "model", message: error instanceof Error ? error.message : String(error) };
}

/** The error that was sent. */
export function errorOf(sent: ErrorMessage): Error {
  if (sent.kind === "request") return new EngineRequestError(sent.problem, sent.message, sent.param);
  if (sent.kind === "busy") return new EngineBusyError(sent.waiting, sent.maxQueue, sent.retryAfterSeconds);
  if (sent.kind === "closed") return new EngineUnavailableError("closed", sent.message);
  return new EngineFailure(sent.kind, sent.message);
}

/**
 * Validates what was asked.
 *
 * @throws {EngineRequestError} Naming the field.
 */
export function readBody(body: unknown): AskedBody {
  const parsed = bodySchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = nearestIssue(parsed.error.issues);
  const path = (issue.path[0] === "request" ? issue.path.slice(1) : issue.path).map(String);
  const where = path.length === 0 ? "the request" : path.join(".");
  throw new EngineRequestError("option", `${where}: ${issue.message}`, path[0]);
}
