/** Sentences of the library that warn a patient, found beside what was asked. */
import { mentions } from "../../data/mod.ts";
import { search, type SearchResult, stemsOf } from "../../retrieval/search/mod.ts";
import { medicinesIn, sentencesOf } from "../safety/mod.ts";
import type { MedicalKnowledge } from "./knowledge.ts";
import { groupsIn } from "./special_groups.ts";

/** Of the evidence, at most so many passages come in for the patient's sake. */
const MOST_CAUTIONS = 2;

/** A warning with the passage that has it. */
export interface FoundWarning {
  result: SearchResult;
  about: string;
  text: string;
  /** How many of the question's words and the patient's terms the sentence itself has. */
  worth: number;
}

const WARNS =
  /\b(?:avoid\w*|not|never|stop\w*|harm\w*|risk\w*|danger\w*|bleed\w*|ask|careful|caution\w*|life-threatening|worse|sets? off|raise)\b/i;

/** Sentences that warn, in articles that speak both of what is asked and of what the patient has, takes or is. */
export async function warningsFor(
  knowledge: MedicalKnowledge,
  question: string,
  patient: readonly string[],
  signal: AbortSignal | undefined,
): Promise<FoundWarning[]> {
  const { table, weights, search: how } = knowledge;
  const asked = keyWords(question, (stem) => weights.weightOf(stem), weights.passages);
  if (asked.length === 0) return [];
  const found = new Map<string, FoundWarning>();
  for (const about of patient.slice(0, MOST_TERMS)) {
    const results = (await search(table, `${question} ${about}`, { ...how, rerank: undefined, k: 12, signal }))
      .map((result) => withoutClosing(result, knowledge));
    for (const own of Map.groupBy(results, ({ chunk }) => chunk.source).values()) {
      const article = own.map(({ chunk }) => `${chunk.title}\n${chunk.text}`).join("\n");
      if (!speaksOf(article, about) || !asked.some((word) => mentions(article, word))) continue;
      for (const result of own) {
        // A line's end is no sentence's; a space in its place keeps offsets.
        for (const { start, end } of sentencesOf(result.chunk.text.replace(/(?<!\n)\n(?!\n)/g, " "))) {
          const text = result.chunk.text.slice(start, end);
          const [ofPatient, ofQuestion] = [speaksOf(text, about), asked.some((word) => mentions(text, word))];
          if (!WARNS.test(text) || !(ofPatient || ofQuestion)) continue;
          const worth = (ofPatient ? 2 : 0) + (ofQuestion ? 1 : 0) +
            (/\b(?:avoid\w*|not|never|ask)\b/i.test(text) ? 1 : 0);
          const old = found.get(about);
          if (worth >= LEAST_WORTH && (old === undefined || worth > old.worth)) {
            found.set(about, { result, about, text, worth });
          }
        }
      }
    }
  }
  return [...found.values()].sort((one, other) => other.worth - one.worth).slice(0, MOST_CAUTIONS);
}

/** A sentence that names neither the patient's term nor a prohibition says too little. */
const LEAST_WORTH = 2;
/** Terms of a patient that are looked for. */
const MOST_TERMS = 6;

/** What a question is about: the medicines that it names, else its rarest word that the library has. */
function keyWords(question: string, weightOf: (stem: string) => number, passages: number): string[] {
  const medicines = medicinesIn(question);
  if (medicines.length > 0) return medicines;
  const unknown = Math.log(1 + (passages + 0.5) / 0.5);
  const words = question.match(/\p{L}[\p{L}\p{N}-]+/gu) ?? [];
  const rated = words.flatMap((word) => [...stemsOf(word)].map((stem) => ({ word, weight: weightOf(stem) })))
    .filter(({ weight }) => weight < unknown).sort((one, other) => other.weight - one.weight);
  return rated.slice(0, 1).map(({ word }) => word);
}

/** Whether a text speaks of a patient's term: a group, an allergy, or a name. */
function speaksOf(text: string, about: string): boolean {
  const groups = groupsIn(about);
  const name = about.replace(/ allergy$/, "");
  if (mentions(text, name)) return true;
  return !about.endsWith(" allergy") && groups.length > 0 && groupsIn(text).some((group) => groups.includes(group));
}

/** A notice at the end of a passage is no sentence of it. Offsets stay right, since only the end is cut. */
export function withoutClosing(result: SearchResult, { closings }: MedicalKnowledge): SearchResult {
  const { text, start } = result.chunk;
  const closing = closings.find((each) => text.endsWith(each));
  if (closing === undefined || closing.length === text.length) return result;
  const kept = text.slice(0, -closing.length).trimEnd();
  return { ...result, chunk: { ...result.chunk, text: kept, end: start + kept.length } };
}
