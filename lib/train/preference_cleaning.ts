/** Preference data without the rows that teach nothing: counted by what is wrong with them. */
import type { ChatMessage } from "../tokenizer/mod.ts";
import { inRow, type PreferenceRow, readPreferenceRow } from "./preference_rows.ts";

/** What is wrong with a row; the first of these that applies. */
export type PreferenceProblem =
  | "empty_prompt"
  | "empty_chosen"
  | "empty_rejected"
  /** A completion is shorter than `minCompletionLength`. */
  | "too_short"
  /** Chosen and rejected are the same but for white space. */
  | "identical"
  /** Prompt, chosen and rejected were there before. */
  | "duplicate";

/** How strict to be. */
export interface CleanPreferencesOptions {
  /** Characters that both completions must have, without white space around them. Default 10. */
  minCompletionLength?: number;
  /** Called with each row that is left out. */
  onRemoved?: (removed: { row: PreferenceRow; index: number; problem: PreferenceProblem }) => void;
}

/** What is left, and how many rows are not, by problem. */
export interface CleanedPreferences {
  rows: PreferenceRow[];
  removed: Record<PreferenceProblem, number>;
}

/**
 * Leaves out rows that are empty, too short, identical or there twice. Rows are of the shapes of `readPreferenceRow`.
 *
 * @throws Naming the row, when it has another shape.
 * @throws {RangeError} when minCompletionLength is not a whole number from 0
 */
export function cleanPreferences(rows: readonly unknown[], options: CleanPreferencesOptions = {}): CleanedPreferences {
  const { minCompletionLength = 10, onRemoved } = options;
  if (!Number.isInteger(minCompletionLength) || minCompletionLength < 0) {
    throw new RangeError(`minCompletionLength: expected a whole number from 0, got ${minCompletionLength}`);
  }
  const seen = new Set<string>();
  const result: CleanedPreferences = {
    rows: [],
    removed: { empty_prompt: 0, empty_chosen: 0, empty_rejected: 0, too_short: 0, identical: 0, duplicate: 0 },
  };
  rows.forEach((given, index) => {
    const row = inRow(index, () => readPreferenceRow(given));
    const problem = problemOf(row, minCompletionLength, seen);
    if (problem === null) return result.rows.push(row);
    result.removed[problem]++;
    onRemoved?.({ row, index, problem });
  });
  return result;
}

function problemOf(
  { prompt, chosen, rejected }: PreferenceRow,
  shortest: number,
  seen: Set<string>,
): PreferenceProblem | null {
  const [before, better, worse] = [prompt, chosen, rejected].map(plainText);
  if (before === "") return "empty_prompt";
  if (better === "") return "empty_chosen";
  if (worse === "") return "empty_rejected";
  if (Math.min(better.length, worse.length) < shortest) return "too_short";
  if (better === worse) return "identical";
  const key = JSON.stringify([before, better, worse]);
  if (seen.has(key)) return "duplicate";
  seen.add(key);
  return null;
}

/** What is said, white space squeezed; a call of a tool is something said. */
function plainText(part: string | readonly ChatMessage[]): string {
  const texts = typeof part === "string" ? [part] : part.map(({ role, content, tool_calls }) => {
    const said = typeof content === "string" ? content : JSON.stringify(content ?? "").replace(/^""$/, "");
    const text = tool_calls?.length ? said + JSON.stringify(tool_calls) : said;
    // Who says it matters only between several messages.
    return part.length > 1 && text.trim() !== "" ? `${role}: ${text}` : text;
  });
  return texts.join(" ").replace(/\s+/g, " ").trim();
}
