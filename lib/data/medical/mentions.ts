/** Which of some names a text mentions: how the answers of medical texts are judged. */

/** Small letters, straight apostrophes, single spaces. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[’‘]/g, "'").replace(/\s+/g, " ");
}

/** A name without the article that it may begin with. */
export function bare(name: string): string {
  return name.replace(/^(?:an?|the) /i, "");
}

/** Stands where a longer name was; no name contains it. */
const HIDDEN = "\u0000";

/** Where a name stands in a plain text, between word borders; a hyphen belongs to the word. */
function placesOf(text: string, name: string): number[] {
  if (name === "") return [];
  const places: number[] = [];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const before = text.slice(Math.max(0, at - 1), at);
    const after = text.slice(at + name.length, at + name.length + 2);
    if (!/[\p{L}\p{N}-]/u.test(before) && !/^(?:[\p{L}\p{N}]|-[\p{L}\p{N}])/u.test(after)) places.push(at);
  }
  return places;
}

/** Whether the text mentions the name (case-insensitive, whole words, an article at its beginning left out). */
export function mentions(text: string, name: string): boolean {
  return placesOf(plain(text), plain(bare(name))).length > 0;
}

/**
 * The names that a text mentions. Where one name is part of another ("chest pain", "chest pain at rest"), a longer one hides
 * the shorter.
 */
export function mentionedNames(text: string, names: Iterable<string>): Set<string> {
  let left = plain(text);
  const found = new Set<string>();
  for (const name of [...new Set(names)].sort((a, b) => bare(b).length - bare(a).length)) {
    const searched = plain(bare(name));
    const places = placesOf(left, searched);
    if (places.length === 0) continue;
    found.add(name);
    const kept = places.map((at, i) => left.slice(i === 0 ? 0 : places[i - 1] + searched.length, at));
    left = [...kept, left.slice(places[places.length - 1] + searched.length)].join(HIDDEN);
  }
  return found;
}
