/** Arithmetic drills: lines such as "7*8=56", to learn the tables; the same kinds of calculation that word problems need. */
import { Random } from "../../random/mod.ts";
import type { Corpus } from "./corpus.ts";

const LINES = 10;
/** What half of the sums and differences stay below, as most do in word problems. */
const SMALL = 40;

/**
 * The corpus with numbers up to a largest one.
 *
 * @param maxNumber Default 200, at least 20.
 * @throws {RangeError} when maxNumber is too small
 */
export function drillsCorpus({ maxNumber = 200 }: { maxNumber?: number } = {}): Corpus {
  if (!Number.isInteger(maxNumber) || maxNumber < 20) {
    throw new RangeError(`maxNumber is ${maxNumber}: expected a whole number of at least 20`);
  }
  return {
    name: "drills",
    exampleAt(index, { seed = 0, split = "train" } = {}) {
      const random = new Random(seed).fork("drills").fork(split).fork(index);
      const lines = Array.from({ length: LINES }, () => line(random, maxNumber));
      // Only for reading: what is learned here shows in the word problems.
      return {
        kind: "drill",
        messages: [{ role: "user", content: "Calculate." }, { role: "assistant", content: lines.join("\n") }],
        cases: [],
      };
    },
  };
}

function line(random: Random, maxNumber: number): string {
  const small = random.chance(0.5);
  const sum = random.integer(4, small ? Math.min(SMALL, maxNumber) : maxNumber);
  const addend = random.integer(2, sum - 2);
  const left = random.integer(2, small ? Math.min(12, Math.floor(maxNumber / 2)) : Math.floor(maxNumber / 2));
  const right = random.integer(2, Math.max(2, Math.min(12, Math.floor(maxNumber / left))));
  switch (random.integer(0, 3)) {
    case 0:
      return `${sum - addend}+${addend}=${sum}`;
    case 1:
      return `${sum}-${addend}=${sum - addend}`;
    case 2:
      return random.chance(0.5) ? `${left}*${right}=${left * right}` : `${right}*${left}=${left * right}`;
    default:
      return random.chance(0.5) ? `${left * right}/${left}=${right}` : `${left * right}/${right}=${left}`;
  }
}
