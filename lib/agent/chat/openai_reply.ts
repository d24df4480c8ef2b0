/** Chunks of the chat completions API, put together to a reply. */
import { z } from "zod";
import { MAX_CALL_CHARACTERS } from "../calls/mod.ts";
import type { ChatEvent, ChatUsage, FinishReason } from "./chat_model.ts";
import { estimateTextTokens } from "./estimate_tokens.ts";
import { callEvent, newCallId } from "./written_call.ts";

const count = z.number().int().nonnegative();

const callDelta = z.object({
  index: z.number().int().nullish(),
  id: z.string().nullish(),
  function: z.object({
    name: z.string().nullish(),
    // Some endpoints send an object, whole.
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  }).nullish(),
});

/** What of a chunk is read; the rest is passed over, since endpoints add fields of their own. */
const chunkSchema = z.object({
  choices: z.array(z.object({
    index: z.number().nullish(),
    delta: z.object({
      content: z.string().nullish(),
      refusal: z.string().nullish(),
      reasoning_content: z.string().nullish(),
      // Another name of the same; where it is something else, it is not for us.
      reasoning: z.string().nullish().catch(null),
      tool_calls: z.array(callDelta).nullish(),
    }).nullish(),
    finish_reason: z.string().nullish(),
  })).nullish(),
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish().catch(null),
});

/** A call of which more may come. */
interface OpenCall {
  index: number | null;
  id: string;
  name: string;
  text: string;
}

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map(Object.entries({
  stop: "stop",
  length: "length",
  tool_calls: "toolCalls",
  function_call: "toolCalls",
  content_filter: "filtered",
}));

/** Takes a reply's chunks. Calls come out whole: each when the next one begins, the last at the end. */
export class OpenaiReply {
  #open: OpenCall | null = null;
  #finishReason: string | null = null;
  #usage: ChatUsage | null = null;
  #hasCalls = false;
  /** All that was written, for an estimate. */
  #tokensWritten = 0;

  /** Whether the endpoint said why the reply ended: without that, it was broken off. */
  get isFinished(): boolean {
    return this.#finishReason !== null;
  }

  /**
   * @param chunk As it came.
   * @throws {z.ZodError} When it is no chunk.
   */
  push(chunk: unknown): ChatEvent[] {
    const { choices, usage } = chunkSchema.parse(chunk);
    if (usage) this.#usage = { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
    const choice = choices?.find(({ index }) => (index ?? 0) === 0);
    if (!choice) return [];
    const events: ChatEvent[] = [];
    const { content, refusal, reasoning_content, reasoning, tool_calls } = choice.delta ?? {};
    this.#say("reasoning", reasoning_content ?? reasoning, events);
    this.#say("text", content, events);
    this.#say("text", refusal, events);
    for (const delta of tool_calls ?? []) this.#takeCall(delta, events);
    if (choice.finish_reason) this.#finishReason = choice.finish_reason;
    return events;
  }

  /**
   * What was still open, and the end.
   *
   * @param promptTokens Taken where the endpoint gave no usage.
   */
  end(promptTokens: number): ChatEvent[] {
    const events: ChatEvent[] = [];
    this.#close(events);
    const usage = this.#usage ?? { promptTokens, completionTokens: this.#tokensWritten, isEstimated: true };
    return [...events, { type: "end", finishReason: this.#reason(), usage }];
  }

  #reason(): FinishReason {
    const reason = FINISH_REASONS.get(this.#finishReason ?? "") ?? "stop";
    // Some endpoints end a turn of calls by "stop", and some a turn without calls by "tool_calls".
    if (reason === "stop" || reason === "toolCalls") return this.#hasCalls ? "toolCalls" : "stop";
    return reason;
  }

  #say(type: "text" | "reasoning", text: string | null | undefined, events: ChatEvent[]): void {
    if (!text) return;
    this.#tokensWritten += estimateTextTokens(text);
    events.push({ type, text });
  }

  #takeCall({ index, id, function: part }: z.infer<typeof callDelta>, events: ChatEvent[]): void {
    let open = this.#open;
    if (open === null || isAnother(open, index, id)) {
      this.#close(events);
      open = this.#open = { index: index ?? null, id: id || newCallId(), name: "", text: "" };
    }
    if (part?.name && open.name === "") open.name = part.name;
    const given = part?.arguments ?? "";
    const text = typeof given === "string" ? given : JSON.stringify(given);
    this.#tokensWritten += estimateTextTokens(text);
    // One more than allowed is enough to see that it is too long.
    open.text = `${open.text}${text}`.slice(0, MAX_CALL_CHARACTERS + 1);
  }

  #close(events: ChatEvent[]): void {
    if (this.#open === null) return;
    const { id, name, text } = this.#open;
    events.push(callEvent({ id, name, given: text, wasCut: this.#finishReason === "length" }));
    this.#hasCalls = true;
    this.#open = null;
  }
}

/** Whether a delta begins another call. Some endpoints give every call the index 0, or none, and tell them apart by id. */
function isAnother(open: OpenCall, index: number | null | undefined, id: string | null | undefined): boolean {
  if (index !== null && index !== undefined && index !== open.index) return true;
  return Boolean(id) && id !== open.id;
}
