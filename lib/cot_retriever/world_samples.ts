/** Rows for generated questions, through a real search. */
import { HELPS, NEXT_SEARCH_PLANS, SEARCH_PLANS, sentenceCase, writeOutcome } from "../data/mod.ts";
import { Random, type RandomSeed } from "../random/mod.ts";
import { type PageQuestion, type PagesByUrl, pagesByUrl, saysHop, type WebPage, whyNoise } from "./page_collection.ts";
import { isFailedSearch, type PageRetriever, shownPage } from "./pages.ts";
import { foundUrls, type RetrieverSample, type SamplePart } from "./samples.ts";
import { checkAboveZero } from "./search_limits.ts";
import { checkSample } from "./check_sample.ts";

/** How rows are made. */
export interface WorldSampleOptions {
  retriever: PageRetriever;
  /** All pages that the retriever can find: what is noise is read from them. */
  pages: readonly WebPage[];
  /** Of the wording. Default 0. */
  seed?: RandomSeed;
  /** Pages of a search. Default 4. */
  pagesPerSearch?: number;
  /** Searches of a row; what needs more is left out. Default 4. */
  maxSearches?: number;
  /** Of a page's content, in UTF-16 units. Default 240. */
  maxContentCharacters?: number;
  signal?: AbortSignal;
}

/** What came of the questions. */
export interface WorldSamples {
  samples: RetrieverSample[];
  /**
   * Questions without a row: no query found what is needed, a search failed, a search found what only a later one is to look for (so
   * that it is noise now and none in the end), or the row did not stand the check.
   */
  leftOut: { notFound: number; failed: number; tooEarly: number; checked: number };
}

const AGAIN_PLANS = ["Nothing of it says {need}. I search in other words.", "I ask again {need}."];

/**
 * Walks right ways: a plan and a query for each piece of knowledge; what the retriever really finds for it; an analysis that says of
 * every page how far it is, whether it helps, and else why it is noise; the query in other words where nothing helps; at last the
 * answer, with the addresses of all pages that say what was needed and of no other. Every row stands `checkSample`.
 *
 * @throws {RangeError} when an option is out of range; the signal's reason, when aborted
 */
export async function worldSamples(
  questions: readonly PageQuestion[],
  options: WorldSampleOptions,
): Promise<WorldSamples> {
  const { retriever, seed = 0, pagesPerSearch = 4, maxSearches = 4, maxContentCharacters = 240, signal } = options;
  checkAboveZero({ pagesPerSearch, maxSearches, maxContentCharacters });
  const pages = pagesByUrl(options.pages);
  const random = new Random(seed).fork("samples");
  const made: WorldSamples = { samples: [], leftOut: { notFound: 0, failed: 0, tooEarly: 0, checked: 0 } };
  const walks = questions.map((question) => new Walk(question, pages, random.fork(question.id)));
  const done = new Map<Walk, RetrieverSample>();
  for (let walking = walks; walking.length > 0;) {
    const asking: { walk: Walk; query: string }[] = [];
    for (const walk of walking) {
      const next = walk.next();
      if (next === "notFound" || (next !== "answered" && walk.searches === maxSearches)) made.leftOut.notFound++;
      else if (next !== "answered") asking.push({ walk, query: next.query });
      else if (checkSample(walk.sample(), { leastPages: pagesPerSearch }) !== null) made.leftOut.checked++;
      else done.set(walk, walk.sample());
    }
    const requests = asking.map(({ walk, query }) => ({
      query,
      limit: pagesPerSearch,
      exclude: foundUrls(walk.parts),
    }));
    const found = await retriever.find(requests, { signal });
    walking = asking.flatMap(({ walk, query }, at) => {
      const result = found[at];
      if (isFailedSearch(result)) {
        made.leftOut.failed++;
        return [];
      }
      const isReadable = walk.read(query, result.map((page) => shownPage(page, maxContentCharacters)));
      if (!isReadable) made.leftOut.tooEarly++;
      return isReadable ? [walk] : [];
    });
  }
  // In the order of the questions, however many searches they took.
  made.samples = walks.flatMap((walk) => done.get(walk) ?? []);
  return made;
}

/** One question on its way. */
class Walk {
  readonly parts: SamplePart[] = [];
  searches = 0;
  #hop = 0;
  /** Queries that were tried for the hop. */
  #tries = 0;
  /** What is said of the last search's pages. */
  #analysis = "";
  /** What was found, as sentences. */
  readonly #statements: string[] = [];
  readonly #used: string[] = [];
  readonly #noise: string[] = [];

  constructor(
    readonly question: PageQuestion,
    readonly pages: PagesByUrl,
    readonly random: Random,
  ) {}

  /** Writes up to the next query, which is then to be searched for, or to the end. */
  next(): { query: string } | "answered" | "notFound" {
    const { hops, answer, conclusion } = this.question;
    const before = this.parts.length === 0 ? "<think>\n" : "";
    if (this.#hop === hops.length) {
      const end = writeOutcome({ answer, used: this.#used });
      // All that was found is said again: the conclusion needs it.
      const analysis = [this.#analysis, ...this.#statements, conclusion].join(" ").trim();
      this.parts.push({ written: `${analysis}\n${end}` });
      return "answered";
    }
    const { queries, need } = hops[this.#hop];
    if (this.#tries === queries.length) return "notFound";
    const query = sentenceCase(queries[this.#tries]);
    const plans = this.#tries > 0 ? AGAIN_PLANS : this.#hop > 0 ? NEXT_SEARCH_PLANS : SEARCH_PLANS;
    const plan = this.random.pick(plans).replace("{need}", need);
    this.#tries++;
    const found = this.#tries === 1 ? this.#statements.slice(-1) : [];
    const analysis = [this.#analysis, ...found, plan].join(" ").trim();
    this.parts.push({ written: `${before}${analysis}\n<query>${query}</query>` });
    return { query };
  }

  /**
   * Takes what the query found, and judges it.
   *
   * @returns Whether each page helps now or never.
   */
  read(query: string, found: Extract<SamplePart, { found: unknown }>["found"]): boolean {
    const hop = this.question.hops[this.#hop];
    this.parts.push({ found });
    this.searches++;
    const says = this.random.pick(HELPS);
    let [isFound, isReadable] = [false, true];
    const verdicts = found.map(({ metadata: { url }, distance }) => {
      const page = this.pages.get(url);
      if (page === undefined) throw new Error(`${url}, found for "${query}", is not among the pages that were given`);
      const noise = whyNoise(page, hop);
      (noise === null ? this.#used : this.#noise).push(url);
      isFound ||= noise === null;
      isReadable &&= noise === null || !this.question.hops.some((other) => saysHop(page, other));
      // How far it is stands beside the verdict, where even a small model can weigh it.
      return `${url} at ${distance} ${noise === null ? says : `${noise}: noise`}.`;
    });
    this.#analysis = verdicts.join(" ");
    if (isFound) this.#statements.push(hop.statement);
    if (isFound) {
      this.#hop++;
      this.#tries = 0;
    }
    return isReadable;
  }

  /** The row, when it is answered. */
  sample(): RetrieverSample {
    const { id, question, answer } = this.question;
    return { id, question, answer, writer: "generator", parts: this.parts, noise: this.#noise, usage: null };
  }
}
