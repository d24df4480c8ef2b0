/** Reading replies that were asked for tags. Tags are found by plain search: no reply, however long and strange, takes more than linear time. */

/** The text between `open` (found at or after `from`) and the first `close` after it; null without such a pair. */
export function between(text: string, open: string, close: string, from = 0): string | null {
  const start = text.indexOf(open, from);
  if (start < 0) return null;
  const end = text.indexOf(close, start + open.length);
  return end < 0 ? null : text.slice(start + open.length, end);
}

/** How often `part` occurs in `text`, without overlaps, counting no further than 2. */
export function occurrences(text: string, part: string): 0 | 1 | 2 {
  const first = text.indexOf(part);
  if (first < 0) return 0;
  return text.indexOf(part, first + part.length) < 0 ? 1 : 2;
}

/** Whether the whole reply is `<think>...</think>\n<answer>...</answer>`, each tag once, nothing before or after. */
export function isThinkAnswer(reply: string): boolean {
  const tags = ["<think>", "</think>", "<answer>", "</answer>"];
  if (!reply.startsWith("<think>") || !reply.endsWith("</answer>")) return false;
  // With every tag there once, this pair in the middle and the others at the ends, the order is settled.
  return tags.every((tag) => occurrences(reply, tag) === 1) && reply.includes("</think>\n<answer>");
}
