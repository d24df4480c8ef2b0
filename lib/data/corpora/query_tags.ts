/**
 * Searching while thinking, over small generated worlds: a plan, a query in tags, results of a search, an analysis that
 * names the noise among them, and the outcome as JSON. A part of the texts to learn from skips the vetting on purpose; the
 * cases always ask for it.
 */
import type { Random } from "../../random/mod.ts";
import {
  drawPages,
  drawWorld,
  exactMatch,
  type FoundPage,
  HELPS,
  type Hop,
  isRightQuery,
  type MultiHopQuestion,
  NEXT_SEARCH_PLANS,
  openQuery,
  parseResults,
  QUERY_TAGS_PROMPT,
  SEARCH_PLANS,
  sentenceCase,
  type WorldDocument,
  writeOutcome,
  writeSearchResults,
} from "../multi_hop/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  type Corpus,
  type CorpusOptions,
  drawInSplit,
  type Drawn,
  type GeneratedExample,
  type GradedCase,
} from "./corpus.ts";

export { parseResults, QUERY_TAGS_PROMPT } from "../multi_hop/mod.ts";

/** How many of the training texts with noise use it; about two thirds of all texts have some. */
const POOR_SHARE = 0.37;
const LONGEST = 1500;

/** Search in tags: `right_query` of a query; `vetted`, `right_answer` and `valid_results` of an outcome. */
export const queryTagsCorpus: Corpus = {
  name: "query_tags",
  exampleAt: (index: number, options: CorpusOptions = {}): GeneratedExample =>
    drawInSplit("query_tags", index, options, (random) => draw(random, options.split !== "test")),
};

/** A search with what is written around it. */
interface Search {
  hop: Hop;
  plan: string;
  query: string;
  pages: FoundPage[];
}

/** Instances are whole questions: where they start and which relations they follow. */
function draw(random: Random, mayBePoor: boolean): Drawn<GeneratedExample> {
  for (;;) {
    const { documents, questionsBy } = drawWorld(random, { documents: 8 });
    const question = questionsBy(random);
    if (question === null || question.hops.length > 2) continue;
    const searches = question.hops.map((hop, number): Search => ({
      hop,
      plan: random.pick(number === 0 ? SEARCH_PLANS : NEXT_SEARCH_PLANS).replace("{need}", hop.need),
      query: sentenceCase(hop.queries[0]),
      pages: drawPages(random, hop, documents, question.hops.length === 1 ? random.integer(3, 4) : 2),
    }));
    const hasNoise = searches.some(({ pages }) => pages.some(({ noise }) => noise !== null));
    const isPoor = mayBePoor && hasNoise && random.chance(POOR_SHARE);
    const value = exampleOf(random, question, documents, searches, isPoor);
    const length = value.messages.reduce((sum, { content }) => sum + String(content).length, 0);
    if (length <= LONGEST) return { instance: question.instance, value };
  }
}

function exampleOf(
  random: Random,
  question: MultiHopQuestion,
  documents: readonly WorldDocument[],
  searches: readonly Search[],
  isPoor: boolean,
): GeneratedExample {
  const prompt: ChatMessage[] = [
    { role: "system", content: QUERY_TAGS_PROMPT },
    { role: "user", content: question.question },
  ];
  const cases: GradedCase[] = [];
  let turn = "<think>\n";
  for (const [number, { hop, plan, query, pages }] of searches.entries()) {
    const open = question.type === "bridge" ? [hop] : question.hops.slice(number);
    const own = (number > 0 ? `${analysisOf(random, searches[number - 1])} ` : "") + `${plan}\n<query>${query}`;
    cases.push(queryCase(prompt, turn, own, open, documents));
    turn += `${own}</query>\n${writeSearchResults(pages.map(({ result }) => result))}\n`;
  }
  const pages = searches.flatMap((search) => search.pages);
  const used = pages.filter(({ noise }) => noise === null).map(({ result }) => result.metadata.url);
  const right = `${analysisOf(random, searches.at(-1)!)} ${question.conclusion}`.trim() + "\n" +
    writeOutcome({ answer: question.answer, used });
  cases.push(outcomeCase(prompt, turn, right, question, used));
  const content = turn + (isPoor ? poorEnd(random, question, searches) : right);
  return {
    kind: `${searches.length === 1 ? "one search" : "two searches"}${isPoor ? ", poor" : ""}`,
    messages: [...prompt, { role: "assistant", content }],
    cases,
  };
}

/** What a careful reader says: page by page, then what is found. */
function analysisOf(random: Random, { hop, pages }: Search): string {
  const says = random.pick(HELPS);
  const verdicts = pages.map(({ result, noise }) =>
    `${result.metadata.url} ${noise === null ? says : `${noise}: noise`}.`
  );
  return [...verdicts, hop.statement].join(" ");
}

/** What a careless reader says: everything is used, or a wrong page is believed. */
function poorEnd(random: Random, question: MultiHopQuestion, searches: readonly Search[]): string {
  const pages = searches.flatMap((search) => search.pages);
  const last = searches.at(-1)!;
  const believed = question.type === "bridge" ? last.pages.find(({ wrong }) => wrong !== null) : undefined;
  if (believed !== undefined && random.chance(0.5)) {
    const url = believed.result.metadata.url;
    return `${url} says it. ${believed.result.content}\n` + writeOutcome({ answer: believed.wrong!, used: [url] });
  }
  const used = pages.map(({ result }) => result.metadata.url);
  return `All results help. ${last.hop.statement} ${question.conclusion}`.trim() + "\n" +
    writeOutcome({ answer: question.answer, used });
}

function queryCase(
  messages: ChatMessage[],
  prefill: string,
  reference: string,
  open: readonly Hop[],
  documents: readonly WorldDocument[],
): GradedCase {
  return {
    messages,
    prefill,
    stop: "</query>",
    reference,
    grade(reply) {
      const query = openQuery(reply);
      return { right_query: query !== null && open.some((hop) => isRightQuery(query, hop, documents)) ? 1 : 0 };
    },
  };
}

function outcomeCase(
  messages: ChatMessage[],
  prefill: string,
  reference: string,
  question: MultiHopQuestion,
  right: readonly string[],
): GradedCase {
  return {
    messages,
    prefill,
    reference,
    grade(reply) {
      const parsed = parseResults(reply);
      if ("problem" in parsed) return { valid_results: 0, vetted: 0, right_answer: 0 };
      const { answer, used } = parsed.results;
      const isVetted = used.length === right.length && right.every((url) => used.includes(url));
      return { valid_results: 1, vetted: isVetted ? 1 : 0, right_answer: exactMatch(answer, question.answer) };
    },
  };
}
