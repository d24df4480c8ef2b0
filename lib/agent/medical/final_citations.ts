/** Citations of an answer as it is shown: the auditor may have changed the draft. */
import { findQuote } from "../../retrieval/answer/mod.ts";
import type { SessionCitation } from "../memory/mod.ts";
import { citedNumbers } from "./audit_view.ts";
import type { NumberedEvidence } from "./events.ts";
import type { FoundEvidence } from "./find_evidence.ts";

/** What a text cites: the draft's quotes of passages that are still cited, and passages without a quote. Each number that exists. */
export function citationsIn(
  text: string,
  drafted: readonly SessionCitation[],
  { evidence }: FoundEvidence,
): SessionCitation[] {
  const plain = text.replace(/\s*\[\d[\d,; ]*\]/g, "");
  return citedNumbers(text, evidence).sort((one, other) => one - other).flatMap((number) => {
    const own = drafted.filter((citation) => citation.number === number && citation.quote !== undefined);
    // A quoted sentence that the answer has no longer is not what it rests on; words quoted beside the answer are.
    const whole = own.filter(({ quote }) => findQuote(plain, quote!) !== null);
    const kept = whole.length > 0 ? whole : own;
    return kept.length > 0 ? kept : [{ number, found: true }];
  });
}

/** The evidence with the quotes of the answer in place of those of the search: none where the answer does not cite it. */
export function answeredEvidence(
  evidence: readonly NumberedEvidence[],
  citations: readonly SessionCitation[],
): NumberedEvidence[] {
  return evidence.map((passage) => {
    const own = citations.filter(({ number }) => number === passage.number);
    if (own.length === 0) return { ...passage, quotes: [] };
    const quotes = own.flatMap(({ quote }) => {
      const place = quote === undefined ? null : findQuote(passage.text, quote);
      return place === null ? [] : [{ start: place.start, end: place.end }];
    });
    return quotes.length === 0 ? passage : { ...passage, quotes };
  });
}
