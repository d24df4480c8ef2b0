/** Evidence for a model that reads little: of each passage the sentences that matter most. */
import { profileLine } from "../../data/mod.ts";
import { sentencesOf } from "../safety/mod.ts";
import type { AuditInput } from "./audit.ts";
import { citationsIn, contentStems, shareIn } from "./content_words.ts";
import { warningsIn } from "./warnings.ts";

/** A sentence of a passage, and how much it matters. */
interface Ranked {
  passage: number;
  place: number;
  text: string;
  score: number;
}

/**
 * Shortens passages until they fit; their numbers stay. All of them, where that fits; else sentences in the order of their worth, as long
 * as they fit: those that share words with the draft, the question and the profile, and warnings before others. A passage of which nothing
 * fits is left with its number alone.
 */
export function shortEvidence(input: AuditInput, fits: (evidence: string[]) => boolean): string[] {
  const whole = input.evidence.map((text) => text.replace(/\s+/g, " ").trim());
  if (fits(whole)) return whole;
  const cited = new Set(citationsIn(input.draft));
  const about = contentStems(`${input.draft} ${input.question} ${profileLine(input.profile)}`);
  const ranked = whole.flatMap((text, passage) =>
    sentencesOf(text).map((sentence, place): Ranked => {
      const shared = shareIn(about, contentStems(sentence.text));
      const bonus = (cited.has(passage + 1) ? 0.1 : 0) + (warningsIn([sentence.text]).length > 0 ? 0.1 : 0);
      return { passage, place, text: sentence.text, score: shared + bonus };
    })
  ).sort((a, b) => b.score - a.score);
  const taken: Ranked[] = [];
  const joined = (sentences: readonly Ranked[]) =>
    whole.map((_, passage) =>
      sentences.filter((one) => one.passage === passage).sort((a, b) => a.place - b.place).map(({ text }) => text).join(
        " ",
      )
    );
  // A sentence that is too long may be followed by one that is not; but not for ever.
  for (let at = 0, misses = 0; at < ranked.length && misses < 5; at++) {
    if (fits(joined([...taken, ranked[at]]))) taken.push(ranked[at]);
    else misses++;
  }
  return joined(taken);
}
