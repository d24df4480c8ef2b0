/** Faults of a draft that can be found without a model. */
import { capitalised, mentions, type Problem } from "../../data/mod.ts";
import { doseAdvice, dosesIn, findDosingOrders, medicinesIn, type Sentence, sentencesOf } from "../safety/mod.ts";
import type { AuditInput } from "./audit.ts";
import { citationsIn, contentStems, numbersIn, shareIn } from "./content_words.ts";
import { whyInGroup } from "./group_fit.ts";
import { familyOf } from "./medicine_families.ts";
import { type Warning, warningsIn } from "./warnings.ts";

/** A problem that a rule found. Its quote is a whole sentence of the draft. */
export interface RuleProblem extends Problem {
  /** In a sentence, for people. */
  reason: string;
  /** What may stand there instead. */
  instead?: string;
}

/**
 * Checks a draft by rules:
 * - "invented evidence": a citation of evidence that there is not, a cited sentence that has no word in common with what it cites or
 *   warns where that does not, or a number in it that stands nowhere;
 * - "dosing": a dose that is ordered or stated and that the evidence does not hold;
 * - "contraindication": advice of something that the patient is allergic to, or that the evidence warns this patient of.
 *
 * What is off topic is left to models. Problems come in the order of the draft.
 */
export function checkByRules(input: AuditInput): RuleProblem[] {
  const hazards = hazardsOf(input);
  const sentences = sentencesOf(input.draft);
  const warned = warnedIn(sentences, hazards);
  return sentences.flatMap((sentence) =>
    [
      citationProblem(sentence.text, input),
      dosingProblem(sentence, input, hazards),
      hazardProblem(sentence.text, hazards, warned),
    ].filter((problem) => problem !== null)
  );
}

/** Something that this patient has to keep away from. */
export interface Hazard {
  /** All names of it. */
  names: readonly string[];
  /** "you are pregnant" */
  why: string;
  /** The evidence that says so; none for an allergy that only the profile tells of. */
  number?: number;
}

/** What the profile and the evidence's warnings make a hazard for this patient. */
export function hazardsOf({ profile, evidence }: Pick<AuditInput, "profile" | "evidence">): Hazard[] {
  const warned = warningsIn(evidence).flatMap(({ name, group, number }): Hazard[] => {
    const why = whyInGroup(group, profile);
    return why === null ? [] : [{ names: [name, ...familyOf(name, "members")], why, number }];
  });
  const allergies = (profile.allergies ?? []).map((name): Hazard => ({
    names: [name, ...familyOf(name)],
    why: `you are allergic to ${name}`,
  }));
  return [...warned, ...allergies];
}

/** Warnings of the evidence that are for other patients than this one. */
export function warningsForOthers({ profile, evidence }: Pick<AuditInput, "profile" | "evidence">): Warning[] {
  return warningsIn(evidence).filter(({ group }) => whyInGroup(group, profile) === null);
}

const WARNS =
  /\b(?:avoid\w*|not|never|unsafe|instead of|rather than|stop|dangerous|harm(?:s|ful)?|damages?|contraindicated|(?:do|go|manage|get by) without|without taking|without using|ruled out|out of the question|off limits|worsens?|cannot|allergic|keep away|stay away)\b|n't\b/i;

/** Whether a sentence keeps somebody away from something. */
export function warns(text: string): boolean {
  return WARNS.test(text);
}

const ADVISES =
  /\b(?:you (?:can|could|may|might|should|must)|try|take|use|using|taking|(?:choice|option|idea)|(?:good|best|right|safe) for you|safe(?:ly)?|recommend\w*|suggest\w*|suitable|fine|i would|go for|start|your dose)\b/i;
/** Whether a sentence advises somebody. */
export function advises(text: string): boolean {
  return ADVISES.test(text);
}

const PRAISES =
  /\b(?:help\w*|eas(?:es?|ing)|relie(?:f|v\w+)|treat(?:s|ed|ing|ment)?|works?|cur(?:es?|ing)|lowers?|improv\w+|(?:is|are) used|sooth\w+|controls?|stops|prevents?|bring\w*|reduc\w+|effective|protects?|shortens?|takes? (?:away|the edge))\b/i;

/** Names of hazards that the draft itself warns of somewhere. */
function warnedIn(sentences: readonly Sentence[], hazards: readonly Hazard[]): Set<string> {
  const warnings = sentences.filter(({ text }) => warns(text)).map(({ text }) => text).join("\n");
  return new Set(hazards.flatMap(({ names }) => names.filter((name) => mentionsAny(warnings, name))));
}

function hazardProblem(sentence: string, hazards: readonly Hazard[], warned: ReadonlySet<string>): RuleProblem | null {
  for (const hazard of hazards) {
    const name = hazard.names.find((name) => mentionsAny(sentence, name));
    if (name === undefined || !speaksFor(sentence, name, hazard)) continue;
    // A benefit may be told where the draft warns as well; advice may not.
    if (!ADVISES.test(sentence) && warned.has(name)) continue;
    const citation = hazard.number === undefined ? "" : ` [${hazard.number}]`;
    return {
      kind: "contraindication",
      quote: sentence,
      reason: `${capitalised(hazard.why)}: ${name} is to be avoided${citation}.`,
      instead: `Because ${hazard.why}, avoid ${name}${citation}.`,
    };
  }
  return null;
}

/** What is told of medicines without speaking for them. */
const DESCRIBES =
  /\b(?:side effects?|causes?|caus(?:ed|ing)|risk\w*|interact\w*|ask\w*|tell|talk|strain|trigger\w*|set off|reacts?|reaction|called|belongs?|(?:is|are) (?:an?|the|one of)|such as|unlike|overdose|bleeding|allerg\w*|because you|you (?:already )?(?:take|have))\b/i;

/**
 * Whether the part of the sentence with the name speaks for it, and does not warn of it. What is taken or done needs no word of praise for
 * that: models have too many of them.
 */
function speaksFor(sentence: string, name: string, { number }: Hazard): boolean {
  const parts = sentence.split(/[,;:]|\b(?:but|although|because)\b/i).filter((part) => mentionsAny(part, name));
  if (!parts.some((part) => !warns(part))) return false;
  if (parts.some((part) => ADVISES.test(part) || PRAISES.test(part))) return true;
  return (number !== undefined || medicinesIn(name).length > 0) && !DESCRIBES.test(sentence) && !sentence.endsWith("?");
}

/** Names in singular and plural. */
export function mentionsAny(text: string, name: string): boolean {
  if (mentions(text, name)) return true;
  return mentions(text, /s$/i.test(name) ? name.slice(0, -1) : `${name}s`);
}

/** Of an amount, as against a rhythm. */
const AMOUNT = /(?:mg|mcg|µg|μg|grams?|tablets?|pills?|capsules?|units?|iu|drops?|puffs?|ml|\dg)$/;

function dosingProblem({ text }: Sentence, { evidence }: AuditInput, hazards: readonly Hazard[]): RuleProblem | null {
  const medicines = namesIn(evidence, hazards);
  const [order] = findDosingOrders(text, { medicines });
  const named = medicinesIn(text, medicines);
  const doses = [...dosesIn(text)];
  // An amount with a rhythm is a dose, whatever it is of.
  const hasAmount = doses.some((dose) => AMOUNT.test(dose));
  const isDose = hasAmount && (named.length > 0 || doses.length > 1);
  if (order === undefined && (!isDose || warns(text))) return null;
  const held = evidence.some((passage) => {
    const there = dosesIn(passage);
    return doses.length > 0 && doses.every((dose) => there.has(dose)) &&
      named.every((name) => mentionsAny(passage, name));
  });
  if (held) return null;
  return {
    kind: "dosing",
    quote: text,
    reason: "The evidence holds no such dose.",
    instead: doseAdvice(order?.medicine ?? named[0]),
  };
}

/** Names that the evidence uses for what is taken: those it warns of, and what "helps with" something. */
function namesIn(evidence: readonly string[], hazards: readonly Hazard[]): string[] {
  const helpful = evidence.flatMap((text) => {
    const name = /^([\p{L}][\p{L}' -]{2,40}?) helps with /u.exec(text)?.[1];
    return name === undefined ? [] : [name];
  });
  return [
    ...new Set([...helpful, ...warningsIn(evidence).map(({ name }) => name), ...hazards.flatMap(({ names }) => names)]),
  ];
}

/** Fewer words may stand in no cited passage by chance. */
const LEAST_WORDS = 3;

function citationProblem(sentence: string, { evidence, question, profile }: AuditInput): RuleProblem | null {
  const cited = citationsIn(sentence);
  if (cited.length === 0) return null;
  const invented = (reason: string): RuleProblem => ({ kind: "invented evidence", quote: sentence, reason });
  const unknown = cited.filter((number) => number < 1 || number > evidence.length);
  if (unknown.length > 0) return invented(`There is no evidence ${unknown.map((number) => `[${number}]`).join(", ")}.`);
  const passages = cited.map((number) => evidence[number - 1]).join(" ");
  const words = contentStems(sentence);
  if (words.size >= LEAST_WORDS && shareIn(words, contentStems(passages)) === 0) {
    return invented(`The evidence cited says nothing of this.`);
  }
  const warned = warningsIn(evidence).filter(({ name }) => warns(sentence) && mentionsAny(sentence, name));
  if (warned.length > 0 && !warned.some(({ number }) => cited.includes(number)) && !warns(passages)) {
    return invented(`The evidence cited does not warn of ${warned[0].name}; [${warned[0].number}] does.`);
  }
  const known = numbersIn(`${passages} ${question} ${profile.age ?? ""} ${profile.conditions?.join(" ") ?? ""}`);
  const made = [...numbersIn(sentence)].filter((number) => !known.has(number));
  if (made.length > 0 && dosesIn(sentence).size === 0) {
    return invented(`The evidence cited has no ${made.join(", ")}.`);
  }
  return null;
}
