/** Which passages are shown to a model, and how much of them. */
import type { SearchResult } from "../search/mod.ts";
import { instructionForm } from "./instruction_form.ts";
import type { Evidence, EvidencePassage, PromptForm } from "./prompt_form.ts";
import { sentencesOf } from "./sentences.ts";

/** How much is shown. */
export interface EvidenceOptions {
  /** Tokens of a text, as the model that answers counts them. */
  countTokens: (text: string) => number;
  /** Tokens of all passages as they stand in the prompt, with title and number. Default: the form's. */
  budget?: number;
  /** Default: the form's. */
  maxPassages?: number;
  /** How passages are written. Default: `instructionForm`. */
  form?: PromptForm;
}

/**
 * Numbers the results of a search, the best first, as many as the budget holds. The first passage that is too long is
 * cut at the end of a sentence and marked as cut; where not even its first sentence has room it is left out, and
 * shorter ones after it may still come in. A passage that would be the only one is rather cut between two words. The
 * same chunk comes once.
 *
 * @param results In the order of the search.
 * @throws {RangeError} When the budget or the number of passages is not a whole number above 0.
 */
export function evidenceFor(results: readonly SearchResult[], options: EvidenceOptions): Evidence {
  const { countTokens, form = instructionForm } = options;
  const { budget = form.budget, maxPassages = form.maxPassages } = options;
  for (const [name, value] of Object.entries({ budget, maxPassages })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: expected a whole number above 0, got ${value}`);
    }
  }
  const passages: EvidencePassage[] = [];
  const leftOut: SearchResult[] = [];
  const seen = new Set<string>();
  let tokens = 0;
  let wasCut = false;
  const placed = (result: SearchResult, end: number): EvidencePassage | null => {
    const passage = passageOf(result, passages.length + 1, end);
    const size = countTokens(form.writePassage(passage));
    return tokens + size <= budget ? { ...passage, tokens: size } : null;
  };
  for (const result of results) {
    if (seen.has(result.chunk.id)) continue;
    seen.add(result.chunk.id);
    let passage: EvidencePassage | null = null;
    if (passages.length < maxPassages && !wasCut) {
      passage = placed(result, result.chunk.text.length);
      if (passage === null) {
        const ends = [
          ...sentenceEnds(result.chunk.text),
          ...(passages.length === 0 ? wordEnds(result.chunk.text) : []),
        ];
        passage = firstOf(ends, (end) => placed(result, end));
        wasCut = passage !== null;
      }
    }
    if (passage === null) {
      leftOut.push(result);
    } else {
      passages.push(passage);
      tokens += passage.tokens;
    }
  }
  return { passages, tokens, leftOut };
}

function passageOf({ chunk, score }: SearchResult, number: number, end: number): Omit<EvidencePassage, "tokens"> {
  const { title, headings, source, page, untrusted } = chunk;
  const text = chunk.text.slice(0, end);
  const isCut = end < chunk.text.length;
  return {
    number,
    title,
    headings,
    source,
    ...(page === undefined ? {} : { page }),
    text,
    isCut,
    untrusted,
    chunk,
    score,
  };
}

/** Where all sentences but the last end, the longest beginning first. */
function sentenceEnds(text: string): number[] {
  return sentencesOf(text).slice(0, -1).map(({ end }) => end).reverse();
}

/** Where words end, the longest beginning first. */
function wordEnds(text: string): number[] {
  return Array.from(text.matchAll(/\S(?=\s)/g), ({ index }) => index + 1).reverse();
}

function firstOf<Item, Value>(items: readonly Item[], find: (item: Item) => Value | null): Value | null {
  for (const item of items) {
    const value = find(item);
    if (value !== null) return value;
  }
  return null;
}
