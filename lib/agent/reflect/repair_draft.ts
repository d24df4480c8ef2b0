/** A draft mended by rule: faulty sentences are replaced by safe ones, or taken out. */
import { doseAdvice, medicinesIn, sentencesOf } from "../safety/mod.ts";
import type { AuditInput, FoundProblem } from "./audit.ts";
import { checkByRules, mentionsAny, warns } from "./draft_rules.ts";
import { sentencesOfQuote } from "./find_quote.ts";

/**
 * The draft without its faults; an empty text where nothing is left. Sentences that no problem names stay as they are, to the letter.
 *
 * @param options.rules Whether what stands there now is checked by rule. Default true.
 */
export function repairDraft(
  input: AuditInput,
  problems: readonly FoundProblem[],
  { rules = true }: { rules?: boolean } = {},
): string {
  const repaired = replaceSentences(input.draft, problems);
  if (!rules) return repaired;
  // What stands there now has to pass the rules as well.
  const left = checkByRules({ ...input, draft: repaired });
  return left.length === 0
    ? repaired
    : replaceSentences(repaired, left.map(({ kind, quote }) => ({ kind, quote, source: "rules", instead: "" })));
}

function replaceSentences(draft: string, problems: readonly FoundProblem[]): string {
  const faults = new Map<string, FoundProblem[]>();
  for (const problem of problems) {
    for (const sentence of sentencesOfQuote(problem.quote, draft)) {
      faults.set(sentence, [...faults.get(sentence) ?? [], problem]);
    }
  }
  const sentences = sentencesOf(draft);
  const kept = sentences.filter(({ text }) => !faults.has(text)).map(({ text }) => text);
  const written: string[] = [];
  let [answer, from] = ["", 0];
  for (const { text, start, end } of sentences) {
    const here = faults.get(text);
    const replacement = here === undefined ? text : replacementOf(text, here, [...kept, ...written]);
    if (here !== undefined && replacement !== "") written.push(replacement);
    // A sentence that goes takes the white space before it along.
    if (replacement !== "") answer += draft.slice(from, start) + replacement;
    from = end;
  }
  return answer.trim();
}

/** The safest of what may stand there: a warning before advice to ask; nothing where the draft says it already. */
function replacementOf(sentence: string, problems: readonly FoundProblem[], others: readonly string[]): string {
  const ORDER = ["contraindication", "dosing", "invented evidence", "off topic"];
  const [first] = [...problems].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const instead = first.instead ?? problems.find(({ instead }) => instead !== undefined)?.instead ??
    usual(sentence, first);
  if (instead === "" || others.includes(instead)) return "";
  const name = /, avoid (.+?)(?: \[\d+\])?\.$/.exec(instead)?.[1];
  const isSaid = name !== undefined && others.some((other) => warns(other) && mentionsAny(other, name));
  if (isSaid) return "";
  // The mark of a list's item stays.
  return (/^(?:[-*•]|\d{1,2}[.)])\s+/.exec(sentence)?.[0] ?? "") + instead;
}

/** Where only the model knows of the fault. */
function usual(sentence: string, { kind }: FoundProblem): string {
  const [medicine] = medicinesIn(sentence);
  if (kind === "dosing") return doseAdvice(medicine);
  if (kind !== "contraindication") return "";
  return `Ask a doctor or pharmacist whether ${medicine ?? "this"} is safe for you.`;
}
