/** The head of a model card as the hub takes it. */
import { hubIdOf } from "../models/mod.ts";

/**
 * Gives a model card whose `base_model` is a name on the hub: the hub refuses cards with any other. A folder of downloads is
 * named by what it was downloaded as; another folder's line is left out of the head, since nobody else has that folder.
 *
 * @param baseModel the name to write instead, where the card's own is not known on the hub
 */
export async function hubCard(
  card: string,
  { baseModel, cacheFolder }: { baseModel?: string; cacheFolder?: string } = {},
): Promise<string> {
  const [whole, head] = /^---\r?\n([^]*?)\r?\n---(?:\r?\n|$)/.exec(card) ?? [];
  if (whole === undefined) return baseModel === undefined ? card : `---\nbase_model: ${baseModel}\n---\n\n${card}`;
  const own = head.split(/\r?\n/);
  const at = own.findIndex((line) => /^base_model:\s*\S/.test(line));
  const named = at < 0 ? undefined : scalar(own[at].replace(/^base_model:\s*/, ""));
  // A list, or something else that somebody wrote by hand.
  if (at >= 0 && named === undefined && baseModel === undefined) return card;
  const id = baseModel ?? (named === undefined ? undefined : await hubIdOf(named, { cacheFolder }));
  const others = own.filter((_, each) => each !== at);
  const line = id === undefined ? [] : [`base_model: ${id}`];
  const place = at < 0 ? 0 : at;
  const lines = [...others.slice(0, place), ...line, ...others.slice(place)];
  return `---\n${lines.join("\n")}\n---\n${card.slice(whole.length)}`;
}

/** A text on one line of YAML, quoted or not. */
function scalar(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith('"')) {
    try {
      const value: unknown = JSON.parse(trimmed);
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  }
  if (trimmed.startsWith("'")) return /^'((?:[^']|'')*)'$/.exec(trimmed)?.[1].replaceAll("''", "'");
  return /^[[{&*!|>#]/.test(trimmed) ? undefined : trimmed.replace(/\s+#.*$/, "");
}
