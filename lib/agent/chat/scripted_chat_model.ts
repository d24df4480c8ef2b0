/** A model that says what it was told to say, for tests: of this library's users too. */
import type { InvalidCall } from "../calls/mod.ts";
import type { ChatEvent, ChatModel, ChatRequest, ChatUsage, FinishReason } from "./chat_model.ts";
import { estimateTextTokens, estimateTokens } from "./estimate_tokens.ts";
import { nextCallNumber, TaggedText } from "./tagged_text.ts";

/** A text, or the pieces that it comes in. */
export type ScriptedText = string | readonly string[];

/** A call of a script. */
export interface ScriptedCall {
  /** Default: `call_1`, `call_2` and so on through the conversation, as a local model's. */
  id?: string;
  name: string;
  arguments?: Readonly<Record<string, unknown>>;
}

/** A reply of a script: what it has, in this order. */
export interface ScriptedReply {
  reasoning?: ScriptedText;
  text?: ScriptedText;
  /** What a local model would write, tags of calls and reasoning included: it is read as such. */
  written?: ScriptedText;
  calls?: readonly ScriptedCall[];
  invalidCalls?: readonly InvalidCall[];
  /** Thrown where the end would come. */
  failure?: unknown;
  /** Nothing comes any more, until the request is aborted. Default false. */
  hangs?: boolean;
  /** Default: `"toolCalls"` with calls, else `"stop"`. */
  finishReason?: FinishReason;
  /** Default: a third of the bytes. */
  usage?: ChatUsage;
}

/** A string is what a model writes, tags included. */
export type ScriptLine = string | ScriptedReply;

/** Replies in their order, or made from what is asked. */
export type ChatScript =
  | readonly ScriptLine[]
  | ((request: ChatRequest, index: number) => ScriptLine | Promise<ScriptLine>);

/** A scripted model, and what it was asked. */
export interface ScriptedChatModel extends ChatModel {
  /** Each request as it was when it came. */
  readonly requests: readonly ChatRequest[];
}

/**
 * A chat model for tests. It takes no heed of `maxTokens`, `stop`, `seed` and `temperature`, but of `signal`.
 *
 * @param options.name Default `"scripted"`.
 * @param options.pieceLength Characters of a piece, where a text is not given in pieces. Default: whole.
 * @param options.countTokens Default: a third of the bytes.
 *
 * @example
 * ```ts
 * const model = scriptedChatModel([
 *   { calls: [{ name: "calculator", arguments: { expression: "6*7" } }] },
 *   "It is 42.",
 * ]);
 * ```
 *
 * Its streams throw what the script says, and an error when a list has no more replies.
 */
export function scriptedChatModel(
  script: ChatScript,
  { name = "scripted", pieceLength = Infinity, countTokens = estimateTokens }: {
    name?: string;
    pieceLength?: number;
    countTokens?: ChatModel["countTokens"];
  } = {},
): ScriptedChatModel {
  const requests: ChatRequest[] = [];
  return {
    name,
    canPrefill: true,
    requests,
    async *stream(request) {
      const { signal, messages, tools, prefill } = request;
      signal?.throwIfAborted();
      const index = requests.push(copyOf(request)) - 1;
      const line = await nextLine(script, request, index, name);
      const reply: ScriptedReply = typeof line === "string" ? { written: line } : line;
      const tags = new TaggedText(request, prefill);
      let [completionTokens, hasCalls] = [0, false];
      for (const event of eventsOf(reply, tags, pieceLength, nextCallNumber(messages))) {
        // Each piece comes in a turn of the event loop of its own, as from a network.
        await new Promise((resolve) => setTimeout(resolve, 0));
        signal?.throwIfAborted();
        completionTokens += estimateTextTokens("text" in event ? event.text : JSON.stringify(event));
        hasCalls ||= event.type === "call" || event.type === "invalidCall";
        yield event;
      }
      if (reply.hangs) await untilAborted(signal);
      if ("failure" in reply) throw reply.failure;
      signal?.throwIfAborted();
      yield {
        type: "end",
        finishReason: reply.finishReason ?? (hasCalls ? "toolCalls" : "stop"),
        usage: reply.usage ?? { promptTokens: countTokens(messages, tools), completionTokens },
      };
    },
    countTokens,
  };
}

async function nextLine(script: ChatScript, request: ChatRequest, index: number, name: string): Promise<ScriptLine> {
  if (typeof script === "function") return await script(request, index);
  if (index < script.length) return script[index];
  throw new Error(`${name}: the script has ${script.length} replies, and a further one was asked for`);
}

function* eventsOf(
  reply: ScriptedReply,
  tags: TaggedText,
  pieceLength: number,
  firstCall: number,
): Generator<Exclude<ChatEvent, { type: "end" }>> {
  const { reasoning = [], text = [], written = [], calls = [], invalidCalls = [] } = reply;
  for (const piece of piecesOf(reasoning, pieceLength)) yield { type: "reasoning", text: piece };
  for (const piece of piecesOf(text, pieceLength)) yield { type: "text", text: piece };
  let number = firstCall;
  const read = function* (events: ChatEvent[]) {
    for (const event of events) {
      if (event.type === "end") continue;
      if (event.type === "call" || event.type === "invalidCall") number++;
      yield event;
    }
  };
  for (const piece of piecesOf(written, pieceLength)) yield* read(tags.push(piece));
  yield* read(tags.end("stop", { promptTokens: 0, completionTokens: 0 }));
  for (const { id = `call_${number++}`, name, arguments: given = {} } of calls) {
    yield { type: "call", call: { id, name, arguments: given } };
  }
  for (const call of invalidCalls) yield { type: "invalidCall", call };
}

function piecesOf(text: ScriptedText, length: number): readonly string[] {
  if (typeof text !== "string") return text;
  if (text.length <= length) return text === "" ? [] : [text];
  return Array.from({ length: Math.ceil(text.length / length) }, (_, i) => text.slice(i * length, (i + 1) * length));
}

/** As it is now: the caller may go on with the same list of messages. */
function copyOf({ signal: _, ...request }: ChatRequest): ChatRequest {
  return structuredClone(request);
}

async function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
  signal?.throwIfAborted();
}
