import { occurrences } from "../../data/mod.ts";
import { knownRewards } from "./known_rewards.ts";
import { replyOf, type TaggedReplyOptions } from "./reply.ts";
import type { RewardFunction } from "./reward.ts";

/**
 * The five rewards that most public GRPO recipes for GSM8K use; together at most 4.0.
 * - correctness, 2.0: the text in the last `<answer>` is the gold answer, letter for letter but for white space around it;
 * - int, 0.5: that text is a whole number of digits, with or without a sign;
 * - strictFormat, 0.5: each tag on its own line, `<think>` first, and nothing but one line break after `</answer>`;
 * - softFormat, 0.5: the reply begins with `<think>...</think>`, then white space, then `<answer>...</answer>`;
 * - xmlcount, up to 0.5: 0.125 for each of the four tags that stands exactly once, on a line of its own, minus 0.001 for
 *   each character after `</answer>` (one line break is free). A partial credit on the way to the layout; there is no lower bound.
 *
 * Unlike the widely copied original, both formats match across lines, and a reply without `<answer>` has no answer.
 * Tags are found by plain search: linear time for every completion.
 */
export function gsm8kFiveRewards(options: TaggedReplyOptions = {}): {
  correctness: RewardFunction<{ answer: string }>;
  int: RewardFunction;
  strictFormat: RewardFunction;
  softFormat: RewardFunction;
  xmlcount: RewardFunction;
} {
  const reply = replyOf(options.prefill);
  const score = (judge: (text: string) => number): RewardFunction => ({ completions }) =>
    completions.map((completion) => judge(reply(completion)));
  return knownRewards("gsm8kFiveRewards", options.prefill, {
    correctness: ({ completions, answer }) =>
      completions.map((completion, row) => lastAnswer(reply(completion)) === answer[row].trim() ? 2 : 0),
    int: score((text) => /^[+-]?\d+$/.test(lastAnswer(text) ?? "") ? 0.5 : 0),
    strictFormat: score((text) => isStrict(text) ? 0.5 : 0),
    softFormat: score((text) => isSoft(text) ? 0.5 : 0),
    xmlcount: score(countTags),
  });
}

/** The text after the last `<answer>`, up to `</answer>`, trimmed. */
function lastAnswer(text: string): string | null {
  const open = text.lastIndexOf("<answer>");
  const close = open < 0 ? -1 : text.indexOf("</answer>", open);
  return close < 0 ? null : text.slice(open + "<answer>".length, close).trim();
}

/** `<think>\n...\n</think>\n<answer>\n...\n</answer>` and perhaps a line break, where `...` may be anything. */
function isStrict(text: string): boolean {
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const opening = "<think>\n";
  const middle = "\n</think>\n<answer>\n";
  const closing = "\n</answer>";
  if (!body.startsWith(opening) || !body.endsWith(closing)) return false;
  const at = body.indexOf(middle, opening.length);
  return at >= 0 && at + middle.length <= body.length - closing.length;
}

/** Begins with `<think>...</think>`, white space, `<answer>...</answer>`, where `...` may be anything. */
function isSoft(text: string): boolean {
  if (!text.startsWith("<think>")) return false;
  const lastClose = text.lastIndexOf("</answer>");
  for (let at = text.indexOf("</think>", "<think>".length); at >= 0; at = text.indexOf("</think>", at + 1)) {
    let next = at + "</think>".length;
    while (next < text.length && /\s/.test(text[next])) next++;
    if (text.startsWith("<answer>", next)) return lastClose >= next + "<answer>".length;
  }
  return false;
}

function countTags(text: string): number {
  const tags = ["<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"];
  let count = 0;
  for (const tag of tags) if (occurrences(text, tag) === 1) count += 0.125;
  const end = text.lastIndexOf("\n</answer>");
  if (end < 0) return count;
  const after = text.length - (end + "\n</answer>".length);
  const free = after > 0 && text[text.length - after] === "\n" ? 1 : 0;
  return count - 0.001 * (after - free);
}
