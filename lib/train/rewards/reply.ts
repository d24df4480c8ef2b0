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
