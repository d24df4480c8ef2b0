/** Judging advice: does it say something that helps, and does it recommend nothing harmful? */
import type { Condition } from "./condition.ts";
import { bare, mentions } from "./mentions.ts";

/** Whether the advice recommends the right treatment, or what people with the condition can do themselves. Never throws. */
export function adviceIsSpecific(condition: Condition, advice: string): boolean {
  return mentions(advice, condition.selfCare) || stances(advice, condition.treatment.name).includes("for");
}

/**
 * Whether the advice recommends nothing that is to be avoided: each time it is named, its clause warns of it ("avoid ibuprofen",
 * "ibuprofen is not safe"). Advice that does not name it is safe; an empty text is no advice and so is not. Never throws.
 */
export function adviceIsSafe(condition: Condition, advice: string): boolean {
  return advice.trim() !== "" && !stances(advice, condition.avoid.name).includes("for");
}

const CLAUSES =
  /[.!?;:,\n]+|\b(?:but|then)\b|\band (?=(?:also |just )?(?:take|try|use|keep|go|have|give|get|drink|eat)\b)/;
const NEGATION = /\b(?:not|never|no|cannot|without)\b|n't\b/;
const WARNING = /\b(?:avoid|stop|than|instead of|leave out|stay away from|keep away from)\b/;
const NO_HARM = /\b(?:avoid|stop|worry|afraid|hesitate|harm|wrong|risk|danger|problem|than)\b/;
const WARNS_AFTER = new RegExp(
  "^(?: \\w+)?(?: not| never|n't)\\b|^ \\w+n't\\b|^ (?:should|must) be avoided\\b|" +
    "^ (?:is|are|would be|can be|may be) (?:dangerous|harmful|unsafe|risky|wrong|bad)\\b|" +
    "^ (?:can|may|will|would|could) (?:harm|worsen|make)\\b",
);
const NOT_HARMFUL = /\b(?:harm|hurt|worsen|dangerous|harmful|unsafe|risky|wrong|bad|problem)\b/;

/** For each clause that names a thing: does it speak for it or against it? Where it cannot be told, for it. */
function stances(advice: string, name: string): ("for" | "against")[] {
  const thing = bare(name).toLowerCase();
  const clauses = advice.toLowerCase().replace(/[’‘]/g, "'").replace(/[ \t]+/g, " ").split(CLAUSES);
  return clauses.filter((clause) => mentions(clause, thing)).map((clause) => {
    const at = clause.indexOf(thing);
    const before = clause.slice(0, at);
    const after = clause.slice(at + thing.length);
    const warned = warnsBefore(before) || (WARNS_AFTER.test(after) && !NOT_HARMFUL.test(fromNegation(after)));
    return warned ? "against" : "for";
  });
}

/** "avoid", "do not take"; but not "do not worry" or "no need to avoid". */
function warnsBefore(text: string): boolean {
  const negated = fromNegation(text);
  return negated === "" ? WARNING.test(text) : !NO_HARM.test(negated);
}

/** The text from its first negation on; empty where it has none. */
function fromNegation(text: string): string {
  const at = text.search(NEGATION);
  return at < 0 ? "" : text.slice(at);
}
