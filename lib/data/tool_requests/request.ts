import type { Random } from "../../random/mod.ts";
import type { ToolDefinition } from "../../tokenizer/mod.ts";
import { type Split, splitOf } from "../corpora/corpus.ts";
import type { RequestedCall } from "./call.ts";
import type { AnswerKey } from "./grade.ts";

/** Something a user wants that one call of one tool gives. */
export interface ToolRequest {
  tool: ToolDefinition;
  /** Template and parts: requests with the same ones belong to the same split. */
  instance: string;
  /** What the user says. */
  question: string;
  call: RequestedCall;
  /** What the tool gives, as JSON text. */
  result: string;
  /** One or two sentences. */
  answer: string;
  /** One that says what it is about, for a reply with several; default `answer`. */
  fullAnswer?: string;
  key: AnswerKey;
  /** What was asked for, to go on after "I have no tool to": "tell the weather". */
  purpose: string;
  /** A second request that only makes sense after this one: "And in Oslo?" */
  again?: (random: Random) => ToolRequest;
}

/** A family of requests. */
export type DrawRequest = (random: Random) => ToolRequest;

/** Draws until the request belongs to the split. */
export function drawRequest(random: Random, draw: DrawRequest, split: Split): ToolRequest {
  for (;;) {
    const request = draw(random);
    if (isInSplit(request.instance, split)) return request;
  }
}

/** Whether texts made from this instance belong to the split. */
export function isInSplit(instance: string, split: Split): boolean {
  return splitOf(`tool_calls:${instance}`) === split;
}

/** One of several wordings, with its number, which goes into the instance. */
export function pickNumbered<Item>(random: Random, items: readonly Item[]): [number: number, item: Item] {
  const index = random.integer(0, items.length - 1);
  return [index, items[index]];
}
