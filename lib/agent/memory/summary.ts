/** What stands for the older part of a conversation. */
import { z } from "zod";

/** A summary, and which turns it stands for. A turn is a message of the person with all that follows until the next one. */
export const summarySchema = z.strictObject({
  /** Empty after the person deleted it: what those turns said is then in no prompt any more. */
  text: z.string().max(20_000),
  turns: z.strictObject({ from: z.int().min(1), to: z.int().min(1) }),
  /**
   * `extractive`: the patient's own sentences, chosen by the weights of their words. `model`: a language model's words.
   * `edited`: the person's, after which chosen sentences of later turns may follow.
   */
  kind: z.enum(["extractive", "model", "edited"]),
});
export type Summary = z.infer<typeof summarySchema>;

const HOW: Record<Summary["kind"], string> = {
  extractive: "the patient's sentences",
  model: "a model's summary",
  edited: "edited by the patient",
};

/** A summary as a prompt has it, with the turns that it stands for; empty where there is nothing to say. */
export function summaryText(summary: Summary | null): string {
  if (summary === null || summary.text === "") return "";
  const { turns: { from, to }, kind, text } = summary;
  const which = from === to ? `message ${from}` : `messages ${from} to ${to}`;
  return `Earlier (${which}, ${HOW[kind]}):\n${text}`;
}
