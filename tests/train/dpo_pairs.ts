/** Pairs for tests of DPO. */
import { Random } from "../../lib/random/mod.ts";
import type { PreferenceExample } from "../../lib/train/mod.ts";
import { EOS } from "../support/tiny_model.ts";

/** Pairs of random tokens. */
export function randomPairs(count: number, seed = "pairs"): PreferenceExample[] {
  const random = new Random(seed);
  const ids = (from: number, to: number) =>
    Array.from({ length: random.integer(from, to) }, () => random.integer(2, 95));
  return Array.from({ length: count }, () => ({
    promptIds: ids(1, 5),
    chosenIds: [...ids(1, 7), EOS],
    rejectedIds: [...ids(1, 7), EOS],
  }));
}
