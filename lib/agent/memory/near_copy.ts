/** Names that a model copied from a message with a slip. */
import { editDistance } from "../../spelling/mod.ts";
import type { Clause } from "./clauses.ts";

/** Letters that may differ, as a share of the name's. */
const MAX_SLIPS = 0.25;
/** Shorter names differ by a letter from too many words. */
const MIN_LETTERS = 6;

/** The words of the message that a name is a slip of the pen from, as they stand there; null where none or several are. */
export function nearCopy(name: string, clauses: readonly Clause[]): string | null {
  const words = wordsOf(name);
  const wanted = words.join(" ").toLowerCase();
  if (wanted.length < MIN_LETTERS) return null;
  let [nearest, least] = [new Map<string, string>(), Math.floor(wanted.length * MAX_SLIPS)];
  for (const { text } of clauses) {
    const said = wordsOf(text);
    for (let start = 0; start + words.length <= said.length; start++) {
      const candidate = said.slice(start, start + words.length).join(" ");
      if (Math.abs(candidate.length - wanted.length) > least) continue;
      const distance = editDistance(wanted, candidate.toLowerCase());
      if (distance > least) continue;
      if (distance < least) [nearest, least] = [new Map(), distance];
      nearest.set(candidate.toLowerCase(), candidate);
    }
  }
  return nearest.size === 1 ? [...nearest.values()][0] : null;
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? [];
}
