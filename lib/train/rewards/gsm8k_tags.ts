import { between, isThinkAnswer, parseNumber } from "../../data/mod.ts";
import { knownRewards } from "./known_rewards.ts";
import { replyOf, type TaggedReplyOptions } from "./reply.ts";
import type { RewardFunction } from "./reward.ts";

/** Two results are equal when they differ by less. */
const TOLERANCE = 1e-5;

/**
 * The two rewards of tagged replies, 0 or 1 each:
 * - correctness: the number between the first `<answer>` and the `</answer>` after it is the gold one, commas and `$`
 *   aside ("$1,200.00" is 1200);
 * - format: the whole reply is `<think>...</think>\n<answer>...</answer>`, each tag once, nothing before or after.
 *
 * Tags are found by plain search, so that no completion, however long and strange, takes more than linear time.
 *
 * @throws {Error} when called with a gold answer that is no number, naming the row
 */
export function gsm8kTagRewards(options: TaggedReplyOptions = {}): {
  correctness: RewardFunction<{ answer: string }>;
  format: RewardFunction;
} {
  const reply = replyOf(options.prefill);
  return knownRewards("gsm8kTagRewards", options.prefill, {
    correctness: ({ completions, answer }) =>
      completions.map((completion, row) => {
        const gold = parseNumber(answer[row]);
        if (gold === null) throw new Error(`the gold answer ${JSON.stringify(answer[row])} of row ${row} is no number`);
        const given = parseNumber(between(reply(completion), "<answer>", "</answer>") ?? "");
        return given !== null && Math.abs(given - gold) < TOLERANCE ? 1 : 0;
      }),
    format: ({ completions }) => completions.map((completion) => isThinkAnswer(reply(completion)) ? 1 : 0),
  });
}
