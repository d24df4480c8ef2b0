/** Reading replies of models that were asked for citations and lines of quotes, and mostly keep to it. */
import { normalizeAnswer, NOT_IN_DOCUMENTS } from "../../data/mod.ts";
import type { ReadReply } from "./prompt_form.ts";

/** A line such as `[1] "words"`, `- [1]: “words”` or `Evidence [1]: "words"`. */
const QUOTE_LINE = /^(?:[-*•]\s*)?(?:(?:evidence|quote|passage|source)\s+)?\[(\d{1,3})\]\s*:?\s*["“](.+)["”][.,;]?$/i;
/** A line that only announces them. */
const QUOTES_HEADING = /^[\s*_#]*(?:quotes?|quotations?|evidence|citations?|sources?)[\s*_:]*$/i;
const REASONING_END = "</think>";

/**
 * Takes a reply apart: reasoning before `</think>` is left out, lines of quotes are collected, the rest is the
 * answer.
 */
export function readReply(reply: string): ReadReply {
  const answer = reply.slice(
    reply.includes(REASONING_END) ? reply.lastIndexOf(REASONING_END) + REASONING_END.length : 0,
  );
  const quotes: ReadReply["quotes"] = [];
  const kept: string[] = [];
  for (const line of answer.trim().split(/\r?\n/)) {
    const match = QUOTE_LINE.exec(line.trim());
    if (match !== null) quotes.push({ number: Number(match[1]), words: match[2] });
    else if (!QUOTES_HEADING.test(line)) kept.push(line);
  }
  const text = kept.join("\n").trim();
  const [said, refusal] = [normalizeAnswer(text), normalizeAnswer(NOT_IN_DOCUMENTS)];
  const isRefusal = said === refusal && quotes.length === 0;
  if (text === "") return { text, quotes, isRefusal, problem: "there is no answer: expected text with citations" };
  if (!isRefusal && said.includes(refusal)) {
    return { text, quotes, isRefusal, problem: "it says that the documents do not answer, and more" };
  }
  return { text, quotes, isRefusal };
}
