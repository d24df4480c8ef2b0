/** Which names may have been meant. */
import { editDistance } from "../../spelling/mod.ts";

const MAX_LENGTH = 64;

/**
 * Names that are like the given one, the nearest first: those that are part of it or that it is part of, then those that
 * differ in few letters. `get_weather` is near `weather`, `beozut` near `bezout`.
 *
 * @param most Names at most.
 */
export function nearestNames(given: string, names: readonly string[], most = 3): string[] {
  const wanted = letters(given.slice(0, MAX_LENGTH));
  if (wanted === "") return [];
  return names.flatMap((name) => {
    const own = letters(name);
    if (own === "") return [];
    const isPart = Math.min(own.length, wanted.length) >= 3 && (own.includes(wanted) || wanted.includes(own));
    const distance = isPart ? 0 : editDistance(own, wanted);
    return isPart || distance <= Math.max(1, Math.floor(own.length / 3)) ? [{ name, distance }] : [];
  }).sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).slice(0, most).map(({ name }) => name);
}

function letters(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
