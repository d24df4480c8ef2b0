/**
 * Chats with tools: one call, several turns, several calls at once, calls that need the result of others, turns without
 * a call, mistakes that are mended, tools that fail, and results that carry instructions. Medicines, theorems, cities,
 * the weather and all that the other tools say is invented; sentences on medicine are for training, not medical advice.
 */
import { Random } from "../../random/mod.ts";
import type { ToolDefinition } from "../../tokenizer/mod.ts";
import { drawAskedBack } from "../tool_requests/asking_back.ts";
import { atOnce, exchangeOf } from "../tool_requests/exchange.ts";
import { HOUSE_REQUESTS } from "../tool_requests/house_requests.ts";
import { drawNoToolTurn, greeting, isAlike, thanks } from "../tool_requests/no_tool_turns.ts";
import { OTHER_REQUESTS } from "../tool_requests/other_tools.ts";
import { type DrawRequest, drawRequest, isInSplit, type ToolRequest } from "../tool_requests/request.ts";
import { drawSequence } from "../tool_requests/sequences.ts";
import { ToolChat } from "../tool_requests/tool_chat.ts";
import { HOUSE_TOOL_NAMES, HOUSE_TOOLS } from "../tool_requests/tools.ts";
import { failedCall, injectedResult, mendedCall } from "../tool_requests/troubles.ts";
import type { Corpus, CorpusOptions, GeneratedExample, Split } from "./corpus.ts";

/**
 * Metrics: where a call is due `called` and `right_call`, of what it wrote as one `valid_syntax` and `fits_a_tool` (one that is
 * offered, with arguments of its schema); `right_answer` of answers; `no_tool` and `right_reply` of the rest.
 */
export const toolCallsCorpus: Corpus = {
  name: "tool_calls",
  exampleAt(index: number, { seed = 0, split = "train" }: CorpusOptions = {}): GeneratedExample {
    const random = new Random(seed).fork("tool_calls").fork(split).fork(index);
    const { kind, write } = KINDS[random.weightedIndex(WEIGHTS)];
    // Drawing again keeps the kind. Where many tools are wanted, every few times it is one fewer, until there is room.
    const most = random.chance(1 / 8) ? MOST_TOOLS : 0;
    for (let attempt = 0;; attempt++) {
      const chat = write({ random, split, crowd: most - Math.floor(attempt / 4) });
      if (chat.tokens <= MAX_TOKENS) return chat.example(kind);
    }
  },
};

/** A chat is to fit a training row of 448 tokens, with the error of the estimate. */
const MAX_TOKENS = 385;

/** As many as the house has. */
const MOST_TOOLS = 7;

/** What a chat is made from. */
interface Draw {
  random: Random;
  split: Split;
  /** Where above 0, so many tools are offered. */
  crowd: number;
}

interface Kind {
  kind: string;
  weight: number;
  write(draw: Draw): ToolChat;
}

const KINDS: readonly Kind[] = [
  {
    kind: "single call",
    weight: 12,
    write(draw) {
      const { random, split } = draw;
      const request = drawAny(random, split);
      const chat = openChat(draw, [request.tool], 4);
      if (random.chance(0.2)) chat.withoutTool(drawIn(random, split, greeting));
      chat.withTools(exchangeOf(request));
      return chat;
    },
  },
  {
    kind: "several turns",
    weight: 20,
    write(draw) {
      const { random, split } = draw;
      const requests = drawDifferent(random, split, random.integer(2, 3));
      const chat = openChat(draw, requests.map(({ tool }) => tool), requests.length + 1);
      for (const request of requests) chat.withTools(exchangeOf(request));
      sayThanks(chat, random, split, requests[0]);
      return chat;
    },
  },
  {
    kind: "the same tools again",
    weight: 14,
    write(draw) {
      const { random, split } = draw;
      const families = random.sample(REPEATABLE_FAMILIES, random.integer(1, 2));
      const requests = Array.from({ length: random.integer(3, 5) }, () => random.pick(families)).map((family) =>
        drawRequest(random, family, split)
      );
      // Some go on from the one before: "And in Oslo?"
      for (let turn = 1; turn < requests.length; turn++) {
        const { again } = requests[turn - 1];
        if (again !== undefined && random.chance(0.4)) requests[turn] = drawRequest(random, again, split);
      }
      const chat = openChat(draw, requests.map(({ tool }) => tool), 2);
      for (const request of requests) chat.withTools(exchangeOf(request));
      sayThanks(chat, random, split, requests[0]);
      return chat;
    },
  },
  {
    kind: "parallel calls",
    weight: 12,
    write(draw) {
      const { random, split } = draw;
      const first = drawAny(random, split);
      const { again } = first;
      const isAlike = again !== undefined && random.chance(0.5);
      const requests = isAlike
        ? [first, ...different(first, random.integer(1, 2), () => drawRequest(random, again, split))]
        : drawDifferent(random, split, random.chance(0.8) ? 2 : 3);
      const chat = openChat(draw, requests.map(({ tool }) => tool), 4);
      chat.withTools(atOnce(random, requests, isAlike));
      return chat;
    },
  },
  {
    kind: "calls in sequence",
    weight: 14,
    write(draw) {
      const { random, split } = draw;
      const sequence = drawIn(random, split, drawSequence);
      const chat = openChat(draw, sequence.tools, 4);
      chat.withTools(sequence);
      return chat;
    },
  },
  {
    kind: "no tool",
    weight: 12,
    write(draw) {
      const { random, split } = draw;
      const chat = openChat(draw, [], 4);
      const turns = random.integer(2, 5);
      for (let turn = 0; turn < turns; turn++) sayWithoutTool(chat, random, split, turn);
      return chat;
    },
  },
  {
    kind: "now and then a tool",
    weight: 10,
    write(draw) {
      const { random, split } = draw;
      const request = drawAny(random, split);
      const chat = openChat(draw, [request.tool], 4);
      const callAt = random.integer(0, 2);
      for (let turn = 0; turn < 3; turn++) {
        if (turn === callAt) chat.withTools(exchangeOf(request));
        else sayWithoutTool(chat, random, split, turn);
      }
      return chat;
    },
  },
  {
    kind: "asking back",
    weight: 4,
    write(draw) {
      const { random, split } = draw;
      for (;;) {
        const { first, then } = drawAskedBack(random);
        if (!isInSplit(first.instance, split) || !isInSplit(then.instance, split)) continue;
        const chat = openChat(draw, [then.tool], 4);
        chat.withoutTool(first);
        chat.withTools(exchangeOf(then));
        return chat;
      }
    },
  },
  { kind: "mended call", weight: 8, write: (draw) => troubled(draw, mendedCall) },
  { kind: "failed call", weight: 6, write: (draw) => troubled(draw, failedCall) },
  { kind: "injected result", weight: 8, write: (draw) => troubled(draw, injectedResult) },
];

const WEIGHTS = KINDS.map(({ weight }) => weight);

/** A turn without a tool that was not there before in the chat. */
function sayWithoutTool(chat: ToolChat, random: Random, split: Split, turn: number): void {
  for (;;) {
    const next = drawNoToolTurn(random, chat.tools, split, turn === 0 ? "first" : "later");
    if (!chat.hasAsked(next.question)) return chat.withoutTool(next);
  }
}

/** Thanks at the end of some chats. They have no parts, so the request before them decides on the split. */
function sayThanks(chat: ToolChat, random: Random, split: Split, { instance }: ToolRequest): void {
  const turn = thanks(random);
  if (random.chance(0.2) && isInSplit(`${turn.instance}:${instance}`, split)) chat.withoutTool(turn);
}

/** A request with trouble, half the time before or after one without. */
function troubled(draw: Draw, trouble: typeof mendedCall): ToolChat {
  const { random, split } = draw;
  const requests = drawDifferent(random, split, random.integer(1, 2));
  const chat = openChat(draw, requests.map(({ tool }) => tool), 3);
  const at = random.integer(0, requests.length - 1);
  requests.forEach((request, turn) => {
    chat.withTools(turn === at ? trouble(random, request) : exchangeOf(request));
  });
  return chat;
}

const SYSTEM_MESSAGES = [
  "You are a helpful assistant.",
  "You are Kiln, a small assistant with tools.",
  "You are an assistant. Answer briefly.",
  "Use a tool where it helps. Answer in one or two sentences.",
  "You help people with their daily questions.",
  "Answer from the results of the tools and make nothing up.",
];

/** A chat that offers the tools it needs, and up to `most` in all. */
function openChat({ random, crowd }: Draw, needed: readonly ToolDefinition[], most: number): ToolChat {
  const different = new Map(needed.map((tool) => [tool.function.name, tool]));
  const chat = new ToolChat(offer(random, [...different.values()], crowd > 0 ? crowd : random.integer(1, most)));
  if (random.chance(1 / 3)) chat.system(random.pick(SYSTEM_MESSAGES));
  return chat;
}

/** `count` tools in any order, or as many as are needed. */
function offer(random: Random, needed: readonly ToolDefinition[], count: number): ToolDefinition[] {
  const tools = [...needed];
  while (tools.length < count) {
    const tool = random.chance(0.75)
      ? HOUSE_TOOLS[random.pick(HOUSE_TOOL_NAMES)]
      : random.pick(OTHER_REQUESTS)(random).tool;
    if (!tools.some((other) => isAlike(other, tool))) tools.push(tool);
  }
  return random.shuffle(tools);
}

/** Four of five requests are for the house's tools; these are equally frequent but for the one without arguments. */
function drawAny(random: Random, split: Split): ToolRequest {
  const family = random.chance(0.8) ? random.pick(HOUSE_FAMILIES) : random.pick(OTHER_REQUESTS);
  return drawRequest(random, family, split);
}

const HOUSE_FAMILIES: readonly DrawRequest[] = HOUSE_TOOL_NAMES.flatMap((name) =>
  Array<DrawRequest>(name === "today" ? 1 : 2).fill(HOUSE_REQUESTS[name])
);

/** The date does not change within a chat. */
const REPEATABLE_FAMILIES = HOUSE_FAMILIES.filter((family) => family !== HOUSE_REQUESTS.today);

/** Requests for different tools. */
function drawDifferent(random: Random, split: Split, count: number): ToolRequest[] {
  const requests: ToolRequest[] = [];
  while (requests.length < count) {
    const request = drawAny(random, split);
    if (!requests.some(({ tool }) => isAlike(tool, request.tool))) requests.push(request);
  }
  return requests;
}

/** Requests after the first, none with the same arguments as another. */
function different(first: ToolRequest, count: number, drawNext: () => ToolRequest): ToolRequest[] {
  const seen = new Set([JSON.stringify(first.call)]);
  const requests: ToolRequest[] = [];
  while (requests.length < count) {
    const request = drawNext();
    const call = JSON.stringify(request.call);
    if (!seen.has(call)) requests.push(request);
    seen.add(call);
  }
  return requests;
}

/** Draws until the instance belongs to the split. */
function drawIn<Value extends { instance: string }>(
  random: Random,
  split: Split,
  from: (random: Random) => Value,
): Value {
  for (;;) {
    const value = from(random);
    if (isInSplit(value.instance, split)) return value;
  }
}
