/** Judging a reply to a vignette. */
import { CONDITIONS } from "./conditions.ts";
import { mentionedNames } from "./mentions.ts";
import { answerOf, type Vignette, VIGNETTE_ASKS, type VignetteAsk } from "./vignette.ts";

/** Every answer to questions of a kind. A diagnosis counts by its everyday name too, as a wrong one. */
const CANDIDATES = Object.fromEntries(VIGNETTE_ASKS.map((asks) => {
  const names = CONDITIONS.map((condition) => answerOf(condition, asks));
  const everyday = asks === "diagnosis" ? CONDITIONS.flatMap(({ lay }) => lay ?? []) : [];
  return [asks, [...names, ...everyday]];
})) as Record<VignetteAsk, string[]>;

const EVERYDAY_NAMES = new Map(CONDITIONS.map(({ name, lay }) => [name, lay]));

/** The other answers that a question of this kind can have: what a wrong reply would name. */
export function vignetteCandidates(asks: VignetteAsk): readonly string[] {
  return CANDIDATES[asks];
}

/**
 * Whether the answer part of a reply names the right answer and no other candidate of its kind (whole words, in small or capital
 * letters). The answer part stands between `<answer>` and `</answer>`, else follows `</think>`, else is the whole reply. An
 * answer that is denied ("it is not gout") or, where something is to be avoided, recommended, is wrong. Never throws.
 */
export function vignetteAnswerIsRight(
  vignette: Pick<Vignette, "asks" | "answer" | "condition">,
  reply: string,
): boolean {
  const part = answerPart(reply);
  if (part === null) return false;
  const { asks, answer, condition } = vignette;
  if (asks === "avoid" ? RECOMMENDED.test(part) : DENIED.test(part)) return false;
  const named = mentionedNames(part, [...CANDIDATES[asks], answer]);
  const ownName = asks === "diagnosis" ? EVERYDAY_NAMES.get(condition) : undefined;
  if (ownName !== undefined) named.delete(ownName);
  return named.size === 1 && named.has(answer);
}

const DENIED = /\b(?:not|never|cannot|unlikely|rather than|instead of)\b|n['’]t\b/i;
const RECOMMENDED =
  /(?<!\bnot )(?<!\bnot be )\b(?:safe|harmless|fine|recommended|(?:can|may|should|must) (?:take|have|use|get))\b/i;

/** The part of a reply that answers; null where there are two of them. */
function answerPart(reply: string): string | null {
  const thought = reply.lastIndexOf("</think>");
  const said = thought < 0 ? reply : reply.slice(thought + "</think>".length);
  const parts = said.split("<answer>");
  if (parts.length === 1) return said;
  if (parts.length > 2) return null;
  const end = parts[1].indexOf("</answer>");
  return end < 0 ? parts[1] : parts[1].slice(0, end);
}
