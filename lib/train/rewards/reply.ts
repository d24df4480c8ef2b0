/** Options that every reward of tagged replies takes. */
export interface TaggedReplyOptions {
  /**
   * The text the assistant's turn was begun with, when the model was started inside it (such as "<think>\n"). The
   * completion is judged as its continuation. Words before its first tag are ours, not the model's, and do not count.
   */
  prefill?: string;
}

/**
 * Joins the prefill to a completion.
 *
 * @throws {Error} when the prefill holds no `<think>`: it could not be part of the layout
 */
export function replyOf(prefill = ""): (completion: string) => string {
  if (prefill === "") return (completion) => completion;
  const from = prefill.indexOf("<think>");
  if (from < 0) throw new Error(`the prefill ${JSON.stringify(prefill)} holds no <think>: expected one, or no prefill`);
  const opening = prefill.slice(from);
  return (completion) => opening + completion;
}

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
