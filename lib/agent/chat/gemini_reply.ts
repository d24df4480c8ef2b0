/** Chunks of Gemini's stream, put together to a reply. */
import { z } from "zod";
import type { ChatEvent, ChatUsage, FinishReason } from "./chat_model.ts";
import { estimateTextTokens } from "./estimate_tokens.ts";
import type { CallMemory } from "./gemini_request.ts";
import { callEvent, newCallId } from "./written_call.ts";

const count = z.number().int().nonnegative();

const partSchema = z.object({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  functionCall: z.object({
    id: z.string().optional(),
    name: z.string(),
    args: z.record(z.string(), z.unknown()).nullish(),
  }).optional(),
});

/** What of a chunk is read; the rest is passed over. */
const chunkSchema = z.object({
  candidates: z.array(z.object({
    index: z.number().optional(),
    content: z.object({ parts: z.array(partSchema).optional() }).optional(),
    finishReason: z.string().optional(),
    finishMessage: z.string().optional(),
  })).optional(),
  promptFeedback: z.object({ blockReason: z.string().optional() }).optional(),
  usageMetadata: z.object({
    promptTokenCount: count.optional(),
    candidatesTokenCount: count.optional(),
    thoughtsTokenCount: count.optional(),
  }).optional(),
  error: z.object({ code: z.number().optional(), message: z.string().optional() }).optional(),
});

/** Reasons that are the model's own end; of the rest, which the provider had, the list grows. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map(Object.entries({
  STOP: "stop",
  MAX_TOKENS: "length",
  FINISH_REASON_UNSPECIFIED: "stop",
  OTHER: "stop",
}));

/** Reasons that mean a call that Gemini itself could not read. */
const BAD_CALL_REASONS: readonly string[] = [
  "MALFORMED_FUNCTION_CALL",
  "UNEXPECTED_TOOL_CALL",
  "TOO_MANY_TOOL_CALLS",
  "MISSING_THOUGHT_SIGNATURE",
  "MALFORMED_RESPONSE",
];

/** The endpoint said in a chunk that it failed. */
export class GeminiMidwayError extends Error {
  override name = "GeminiMidwayError";
}

/** Takes a reply's chunks. */
export class GeminiReply {
  #finishReason: string | null = null;
  #wasBlocked = false;
  #usage: ChatUsage | null = null;
  #hasCalls = false;
  #tokensWritten = 0;

  /** @param calls Where is kept what Gemini wants back with its calls. */
  constructor(private readonly calls: Map<string, CallMemory>) {}

  /** Whether the endpoint said why the reply ended: without that, it was broken off. */
  get isFinished(): boolean {
    return this.#finishReason !== null || this.#wasBlocked;
  }

  /**
   * @param chunk As it came.
   * @throws {z.ZodError} When it is no chunk.
   * @throws {GeminiMidwayError} When it is an error.
   */
  push(chunk: unknown): ChatEvent[] {
    const { candidates, promptFeedback, usageMetadata, error } = chunkSchema.parse(chunk);
    if (error) throw new GeminiMidwayError(error.message ?? `code ${error.code}`);
    if (promptFeedback?.blockReason) this.#wasBlocked = true;
    if (usageMetadata) {
      const { promptTokenCount = 0, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = usageMetadata;
      this.#usage = {
        promptTokens: promptTokenCount,
        completionTokens: candidatesTokenCount + thoughtsTokenCount,
      };
    }
    const candidate = candidates?.find(({ index = 0 }) => index === 0);
    if (!candidate) return [];
    const events: ChatEvent[] = [];
    for (const part of candidate.content?.parts ?? []) this.#takePart(part, events);
    const reason = candidate.finishReason;
    if (reason) this.#finishReason = reason;
    if (reason && BAD_CALL_REASONS.includes(reason)) {
      this.#hasCalls = true;
      const raw = (candidate.finishMessage ?? "").slice(0, 2000);
      const problem =
        `the call could not be read (${reason}): write one call of a tool that is offered, with its arguments`;
      events.push({ type: "invalidCall", call: { id: newCallId(), raw, kind: "not a call", problem } });
    }
    return events;
  }

  /**
   * The end.
   *
   * @param promptTokens Taken where the endpoint gave no usage.
   */
  end(promptTokens: number): ChatEvent[] {
    const usage = this.#usage ?? { promptTokens, completionTokens: this.#tokensWritten, isEstimated: true };
    return [{ type: "end", finishReason: this.#reason(), usage }];
  }

  #reason(): FinishReason {
    const reason = this.#finishReason === null ? "filtered" : FINISH_REASONS.get(this.#finishReason);
    if (this.#hasCalls && reason !== "length") return "toolCalls";
    return reason ?? "filtered";
  }

  #takePart({ text, thought, thoughtSignature, functionCall }: z.infer<typeof partSchema>, events: ChatEvent[]): void {
    if (functionCall) {
      const { id: ownId, name, args } = functionCall;
      const event = callEvent({ id: ownId || newCallId(), name, given: args ?? {} });
      if (event.type === "call") {
        remember(this.calls, event.call.id, {
          hasOwnId: Boolean(ownId),
          ...(thoughtSignature ? { thoughtSignature } : {}),
        });
      }
      this.#hasCalls = true;
      this.#tokensWritten += estimateTextTokens(JSON.stringify(event.type === "call" ? event.call : {}));
      events.push(event);
    } else if (text) {
      this.#tokensWritten += estimateTextTokens(text);
      events.push({ type: thought ? "reasoning" : "text", text });
    }
  }
}

/** Calls that are remembered; a conversation has fewer. */
const MAX_REMEMBERED = 1000;

function remember(calls: Map<string, CallMemory>, id: string, memory: CallMemory): void {
  calls.set(id, memory);
  // A map keeps the order of insertion: the first is the oldest.
  if (calls.size > MAX_REMEMBERED) calls.delete(calls.keys().next().value!);
}
