/** What a model says of a draft and is plainly not so. */
import type { Problem } from "../../data/mod.ts";
import { dosesIn, findDosingOrders, sentencesOf } from "../safety/mod.ts";
import type { AuditInput } from "./audit.ts";
import { citationsIn, contentStems, numbersIn, shareIn, withoutCitations } from "./content_words.ts";
import { advises, hazardsOf, mentionsAny, warningsForOthers, warns } from "./draft_rules.ts";

/** How a refutation is made. */
export interface RefuteOptions {
  /** The model knows of medicines only what the evidence says: a warning for other patients is then no reason. Default false. */
  knowsOnlyEvidence?: boolean;
}

/** Above this share of its words a sentence is taken to stand in the evidence that it cites. */
const HELD = 0.5;

/**
 * Why a problem is none, or null where it may be one:
 * - "dosing" in a sentence without any dose;
 * - "invented evidence" where all citations exist and most words stand in what they cite;
 * - "off topic" in a sentence that the evidence which it cites holds;
 * - "contraindication" in a sentence that itself warns; and for a model that knows only the evidence, where that warns
 *   other patients or does not warn of it at all, or the sentence tells what the evidence says.
 *
 * @param sentence The whole sentences of the draft that are meant.
 */
export function refutation(
  { kind }: Problem,
  sentence: string,
  input: AuditInput,
  { knowsOnlyEvidence = false }: RefuteOptions = {},
): string | null {
  switch (kind) {
    case "dosing":
      return dosesIn(sentence).size === 0 && findDosingOrders(sentence).length === 0 &&
          !/\bdose|dosage|\d/i.test(withoutCitations(sentence))
        ? "there is no dose in it"
        : null;
    case "invented evidence":
    case "off topic":
      return isHeld(sentence, input) ? "the evidence that it cites says so" : null;
    case "contraindication":
      if (warns(sentence)) return "it warns and does not advise";
      if (!knowsOnlyEvidence) return null;
      if (isHeld(sentence, input) && !advises(sentence)) return "it tells what the evidence says and advises nothing";
      if (isForOthers(sentence, input)) return "the evidence warns other patients of it";
      return isWarnedOf(sentence, input) ? null : "nothing warns of it";
  }
}

function isHeld(sentence: string, { evidence, question, profile }: AuditInput): boolean {
  const cited = citationsIn(sentence);
  if (cited.length === 0 || cited.some((number) => number < 1 || number > evidence.length)) return false;
  const passages = cited.map((number) => evidence[number - 1]).join(" ");
  const known = numbersIn(`${passages} ${question} ${profile.age ?? ""}`);
  return shareIn(contentStems(sentence), contentStems(passages)) > HELD &&
    [...numbersIn(sentence)].every((number) => known.has(number));
}

/** Whether the profile's allergies or a warning sentence of the evidence have a word in common with this one. */
function isWarnedOf(sentence: string, { evidence, profile }: AuditInput): boolean {
  const warnings = evidence.flatMap((text) => sentencesOf(text)).filter(({ text }) => warns(text)).map(({ text }) =>
    text
  );
  const warned = contentStems([...warnings, ...profile.allergies ?? []].join(" "));
  return [...contentStems(sentence)].some((word) => warned.has(word));
}

function isForOthers(sentence: string, input: AuditInput): boolean {
  const named = (names: readonly string[]) => names.some((name) => mentionsAny(sentence, name));
  return warningsForOthers(input).some(({ name }) => named([name])) &&
    !hazardsOf(input).some(({ names }) => named(names));
}
