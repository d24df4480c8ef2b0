/** Whether an answer's citations and quotes stand in the evidence. */
import type { Chunk } from "../chunk/mod.ts";
import { findQuote } from "./find_quote.ts";
import type { Evidence, EvidencePassage, ReadReply } from "./prompt_form.ts";
import { sentencesOf } from "./sentences.ts";

/** A passage that an answer cites, with words from it where the answer quotes some. */
export interface Citation {
  /** The passage's number in the evidence. */
  number: number;
  /** Null where the evidence has no such number. */
  chunk: Chunk | null;
  /** What the answer says stands there. */
  quote?: string;
  /** Whether the passage exists and the quote, where there is one, stands in it. */
  found: boolean;
  /** Whether the quote stands there to the letter, and not only but for white space and typography. */
  isExact?: boolean;
  /** Offsets of the quote, or of the shown passage where nothing is quoted, in the document's text. Only where found. */
  start?: number;
  end?: number;
  /** The same in the chunk's text. */
  startInChunk?: number;
  endInChunk?: number;
}

/** Something in an answer that is not as it should be. */
export interface AnswerProblem {
  kind: "form" | "unknown passage" | "quote not found" | "sentence without citation";
  /** For people. */
  message: string;
  /** The sentence or the quote. */
  text?: string;
  /** The passage's number. */
  number?: number;
}

/** An answer with what was found of it. */
export interface CheckedAnswer {
  /** The answer with its citations, without lines of quotes. */
  text: string;
  /** Quotes in the order of the answer, then passages that are cited and not quoted; each once. */
  citations: Citation[];
  /** Whether it is that the documents do not answer. */
  isRefusal: boolean;
  /** Empty when all is well. A refusal needs no citation. */
  problems: AnswerProblem[];
  evidence: Evidence;
}

/** Checks a reply that a form has read: ids, quotes, and whether each sentence cites something. */
export function checkAnswer({ text, quotes, isRefusal, problem }: ReadReply, evidence: Evidence): CheckedAnswer {
  const check = new Check(evidence.passages);
  if (problem !== undefined) check.problems.push({ kind: "form", message: problem });
  for (const { number, words } of quotes) check.quote([number], words);
  if (!isRefusal) { for (const sentence of answerSentences(text)) check.sentence(sentence); }
  return { text, citations: check.citations(), isRefusal, problems: check.problems, evidence };
}

/** Sentences line by line: an answer's list items are sentences too. */
function answerSentences(text: string): string[] {
  return text.split("\n").flatMap((line) => sentencesOf(line).map(({ start, end }) => line.slice(start, end)));
}

/** `[1]`, or `[1, 2]`. */
const CITATION = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;
/** Words in double quotation marks; single ones are apostrophes as often. */
const QUOTED = /"([^"“”]+)"|“([^"“”]+)”/g;

class Check {
  readonly problems: AnswerProblem[] = [];
  readonly #quoted = new Map<string, Citation>();
  readonly #plain = new Map<number, Citation>();

  constructor(readonly passages: readonly EvidencePassage[]) {}

  citations(): Citation[] {
    const quoted = [...this.#quoted.values()];
    const numbers = new Set(quoted.map(({ number }) => number));
    return [...quoted, ...[...this.#plain.values()].filter(({ number }) => !numbers.has(number))];
  }

  sentence(sentence: string): void {
    const numbers = this.#numbersIn(sentence);
    for (const number of numbers) {
      if (!this.#plain.has(number)) this.#plain.set(number, this.#cite(number));
    }
    if (numbers.length > 0) {
      for (const [, straight, curly] of sentence.matchAll(QUOTED)) this.quote(numbers, straight ?? curly);
    } else if (/\p{L}/u.test(sentence) && !sentence.endsWith(":")) {
      // A line that ends with a colon leads to what is cited below it.
      this.#tell("sentence without citation", "it cites no passage", { text: sentence });
    }
  }

  /** Words that should stand in one of these passages. */
  quote(numbers: readonly number[], words: string): void {
    const citations = numbers.map((number) => this.#cite(number, words));
    const citation = citations.find(({ found }) => found) ?? citations[0];
    const key = JSON.stringify([citation.number, words]);
    if (this.#quoted.has(key)) return;
    this.#quoted.set(key, citation);
    const { chunk, found, number } = citation;
    if (chunk !== null && !found) {
      this.#tell("quote not found", `the quote does not stand in passage ${number}`, { number, text: words });
    }
  }

  /** A list of numbers is a citation when all of them are passages; else it may be an interval or an index. */
  #numbersIn(sentence: string): number[] {
    const groups = Array.from(sentence.matchAll(CITATION), ([, list]) => list.split(/[,;]/).map(Number));
    const cited = groups.filter((group) =>
      group.length === 1 || group.every((number) => number >= 1 && number <= this.passages.length)
    );
    return [...new Set(cited.flat())];
  }

  #cite(number: number, quote?: string): Citation {
    const passage = this.passages.find((passage) => passage.number === number);
    const citation = { number, ...(quote === undefined ? {} : { quote }) };
    if (passage === undefined) {
      if (!this.problems.some((problem) => problem.kind === "unknown passage" && problem.number === number)) {
        const message = `[${number}] is no passage: expected 1 to ${this.passages.length}`;
        this.#tell("unknown passage", message, { number });
      }
      return { ...citation, chunk: null, found: false };
    }
    const { chunk, text } = passage;
    if (quote === undefined) return { ...citation, chunk, found: true, ...placesOf(chunk, 0, text.length) };
    const place = findQuote(text, quote);
    if (place === null) return { ...citation, chunk, found: false };
    const { start, end, isExact } = place;
    return { ...citation, chunk, found: true, isExact, ...placesOf(chunk, start, end) };
  }

  #tell(kind: AnswerProblem["kind"], message: string, about: Pick<AnswerProblem, "text" | "number">): void {
    this.problems.push({ kind, message, ...about });
  }
}

function placesOf(chunk: Chunk, startInChunk: number, endInChunk: number) {
  return { start: chunk.start + startInChunk, end: chunk.start + endInChunk, startInChunk, endInChunk };
}
