/** Text that others wrote, made harmless: it must not pose as a step, a question or a turn of the chat. */
import { neutralise } from "../retrieval/answer/mod.ts";

/** The beginnings of the grammar's lines; also as a model might misread them. */
const MARK =
  /(step\s*\d+|the\s*(?:question|problem\s*analysis|retrieval\s*query|retrieval\s*documents|final\s*answer))\s*[:：]/giu;

/**
 * The text in one line, without chat markers, unseen characters and the marks of the grammar: of "The final answer: 42", the colon
 * becomes a dash.
 *
 * @param options.isLabel A colon will follow it, as after a document's title: then a title such as "Step 3" is put in quotes. Default
 *   false.
 */
export function neutralLine(text: string, { isLabel = false }: { isLabel?: boolean } = {}): string {
  const line = neutralise(text).replace(MARK, "$1 - ").replace(/\s+/g, " ").trim();
  return isLabel && `${line}:`.match(MARK) !== null ? `"${line}"` : line;
}
