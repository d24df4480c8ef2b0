/** Whether a row is good enough to be learned from: strictly, since a model learns its mistakes too. */
import { exactMatch, normalizeAnswer, parseResults } from "../data/mod.ts";
import { foundIn, type RetrieverSample, writtenIn } from "./samples.ts";
import { hasTag } from "./tags.ts";

/**
 * What can be wrong with a row: its tags; another answer than the right one; an outcome that rests on pages that were not found,
 * on none, or on pages that do not have the answer; noise that is used; noise that the analysis does not name; a search that found
 * fewer pages than it should; the same page found twice.
 */
export type SampleProblem =
  | "grammar"
  | "wrongAnswer"
  | "notFound"
  | "notInPages"
  | "usedNoise"
  | "unnamedNoise"
  | "fewPages"
  | "pageTwice";

/** All problems. */
export const SAMPLE_PROBLEMS: readonly SampleProblem[] = [
  "grammar",
  "wrongAnswer",
  "notFound",
  "notInPages",
  "usedNoise",
  "unnamedNoise",
  "fewPages",
  "pageTwice",
];

/** What is wrong, and with what. */
export interface FoundProblem {
  problem: SampleProblem;
  message: string;
}

/** An address without its protocol: the last parts of a name, a slash, and more. */
const ADDRESS = /(?:[a-z0-9-]+\.)+[a-z]{2,}\/[^\s"'<>,;)\]]*[^\s"'<>,;:.)\]]/gi;

/**
 * Checks a row: the first problem that is found, or null.
 *
 * @param leastPages Pages that each search must have found. Default 4.
 */
export function checkSample(sample: RetrieverSample, { leastPages = 4 } = {}): FoundProblem | null {
  const grammar = grammarProblem(sample);
  if (grammar !== null) return { problem: "grammar", message: grammar };
  const few = sample.parts.find((part) => "found" in part && part.found.length < leastPages);
  if (few !== undefined && "found" in few) {
    return {
      problem: "fewPages",
      message: `a search found ${few.found.length} pages: expected at least ${leastPages}`,
    };
  }
  return contentProblem(sample);
}

function grammarProblem({ parts }: RetrieverSample): string | null {
  if (parts.length % 2 === 0 || parts.some((part, at) => ("written" in part) !== (at % 2 === 0))) {
    return "expected what was written and what was found by turns, with a written end";
  }
  if (parts.length < 3) return "nothing was searched for";
  for (const [at, part] of parts.entries()) {
    if (!("written" in part)) continue;
    const { written } = part;
    const isLast = at === parts.length - 1;
    const body = at === 0 ? /^<think>\n([^]*)$/.exec(written)?.[1] : written;
    if (body === undefined) return "expected <think> and a line end at the beginning";
    if (isLast) {
      const parsed = parseResults(body);
      if ("problem" in parsed) return parsed.problem;
      const [analysis] = body.split("</think>");
      if (analysis.trim() === "") return "the analysis before </think> is empty";
      if (hasTag(analysis)) return "a tag stands in the analysis";
    } else {
      const at = body.lastIndexOf("\n<query>");
      const [plan, end] = [body.slice(0, Math.max(0, at)), body.slice(at + "\n<query>".length)];
      const query = end.slice(0, -"</query>".length);
      if (at < 0 || !end.endsWith("</query>") || plan.trim() === "" || query.trim() === "" || query.includes("\n")) {
        return `expected a plan and a line <query>...</query>: ${written.slice(0, 80)}`;
      }
      if (hasTag(plan) || hasTag(query)) return "a tag stands where it does not belong";
    }
  }
  return null;
}

function contentProblem(sample: RetrieverSample): FoundProblem | null {
  const parsed = parseResults(partEnd(sample));
  if ("problem" in parsed) return { problem: "grammar", message: parsed.problem };
  const { answer, used } = parsed.results;
  const found = new Map(foundIn(sample.parts).map((page) => [page.metadata.url, page]));
  if (found.size < foundIn(sample.parts).length) return { problem: "pageTwice", message: "a page was found twice" };
  if (exactMatch(answer, sample.answer) === 0) {
    return { problem: "wrongAnswer", message: `the answer is "${answer}": expected "${sample.answer}"` };
  }
  if (used.length === 0) return { problem: "notFound", message: "the answer rests on no page" };
  const written = writtenIn(sample.parts);
  const stranger = [...used, ...written.match(ADDRESS) ?? []].find((url) => !found.has(url));
  if (stranger !== undefined) return { problem: "notFound", message: `${stranger} was not found by any search` };
  // What is compared stands in the question; yes and no stand nowhere.
  const says = normalizeAnswer(sample.answer);
  const isSaid = [sample.question, ...used.map((url) => found.get(url)!.content)].some((text) =>
    ` ${normalizeAnswer(text)} `.includes(` ${says} `)
  );
  if (!isSaid && says !== "yes" && says !== "no") {
    return { problem: "notInPages", message: `no used page says "${sample.answer}"` };
  }
  const noise = sample.noise ?? [];
  const usedNoise = noise.find((url) => used.includes(url));
  if (usedNoise !== undefined) return { problem: "usedNoise", message: `${usedNoise} is noise, and was used` };
  const unnamed = [...found.keys()].find((url) => !used.includes(url) && !written.includes(url));
  if (unnamed !== undefined) {
    return { problem: "unnamedNoise", message: `${unnamed} was left out, and the analysis does not name it` };
  }
  return null;
}

function partEnd({ parts }: RetrieverSample): string {
  const last = parts[parts.length - 1];
  return "written" in last ? last.written : "";
}
