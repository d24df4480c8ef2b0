/** Rows that a language model writes, through a real search; every one is checked, and what does not stand the check is dropped. */
import { type ChatModel, type ChatUsage, collectReply, type TokenPrices } from "../agent/mod.ts";
import { jsonlWriter, readJsonl } from "../files/mod.ts";
import type { ChatMessage } from "../tokenizer/mod.ts";
import { z } from "zod";
import { checkSample, SAMPLE_PROBLEMS, type SampleProblem } from "./check_sample.ts";
import { type PageQuestion, pagesByUrl, saysHop, type WebPage } from "./page_collection.ts";
import { foundText, isFailedSearch, type PageRetriever, shownPage } from "./pages.ts";
import { foundUrls, type RetrieverSample, retrieverSample, type SamplePart } from "./samples.ts";
import { checkAboveZero } from "./search_limits.ts";

/** Who writes rows, where is searched, and where they are kept. */
export interface EndpointSampleOptions {
  /** A model of `openaiChatModel` (vLLM, llama.cpp and many others), or any other. */
  model: ChatModel;
  retriever: PageRetriever;
  /** All pages that the retriever can find: what is noise is read from them. Null: nobody knows, and that is not checked. */
  pages: readonly WebPage[] | null;
  /** Gets `samples.jsonl` and `failures.jsonl`. Questions that stand in one of them are not asked again. */
  folder: string;
  /** Questions under way at once. Default 4. */
  concurrency?: number;
  /** Default 0.7: rows should differ in their words. */
  temperature?: number;
  /** Tokens of a reply at most; models that think need more than the few of a row. Default 1024. */
  maxTokens?: number;
  /** Pages of a search. Default 4. */
  pagesPerSearch?: number;
  /** Searches of a row. Default 4. */
  maxSearches?: number;
  /** Of a page's content, in UTF-16 units. Default 240. */
  maxContentCharacters?: number;
  /** Prices of a million tokens, in any currency. Default: unknown. */
  prices?: TokenPrices;
  signal?: AbortSignal;
  /** Called after each question: questions done in this call, and all that it was to ask. */
  onProgress?: (done: number, all: number) => void;
}

/** Why there is no row: what the check found; too many searches; a reply that was cut off; a search or an endpoint that failed. */
export type SampleFailure = SampleProblem | "tooManySearches" | "cutOff" | "searchFailed" | "endpointFailed";

const failures = [...SAMPLE_PROBLEMS, "tooManySearches", "cutOff", "searchFailed", "endpointFailed"] as const;
const failedRow = z.strictObject({
  id: z.string(),
  question: z.string(),
  failure: z.enum(failures as unknown as [SampleFailure, ...SampleFailure[]]),
  message: z.string(),
  usage: z.strictObject({ promptTokens: z.number(), completionTokens: z.number() }),
});

/** What came of the questions, those of earlier calls with this folder included. */
export interface EndpointSamples {
  /** In the order of the questions. */
  samples: RetrieverSample[];
  /** Questions without a row, by why. */
  failures: Record<SampleFailure, number>;
  /** Tokens of all rows and failures, those of earlier calls too; money is null without prices. */
  cost: { promptTokens: number; completionTokens: number; money: number | null };
}

const INSTRUCTIONS =
  `You answer questions by searching a collection of web pages. You know nothing but what the pages say.

Each of your messages is one of two:

1. A query. First a sentence or two: what the last search's pages say, page by page, and what you need to find next. Then, on a line of its own, one query in tags:
<query>founder of the company Example</query>

2. The end, as soon as the pages answer the question. First, page by page, what the last search's pages say, and what follows from all. Then exactly these lines:
</think>
<results>
{"answer":"...","used":["address","address"]}
</results>

Rules:
- Call each page by its address, as it stands in "url", and write no other address.
- Some pages are noise: they are about another thing of a similar name, are out of date, do not say what is looked for, or advertise. Name each of them and say why it is noise: "abc.org/7 is about another town: noise."
- "used" lists the addresses of all pages that say something the answer needs, of every search, and no noise.
- "answer" is a name, a word, a number with its unit, or yes or no: not a sentence.
- Ask for one thing at a time. Write no tags but those above, and never write search results yourself.`;

/**
 * Has a model answer questions with the search at hand, message by message, and makes a row of each conversation that stands
 * `checkSample`. Rows and failures are written as they come, so that a run that was stopped goes on where it was; a question whose
 * endpoint failed is asked again by a later call.
 *
 * **Whose text it is.** Providers of models have terms about what may be done with a model's replies; some forbid training other models with
 * them. Read them before you use an endpoint here.
 *
 * @throws {RangeError} when a number cannot be; the signal's reason, when aborted; {DiskFullError}; when a file in the folder is broken
 */
export async function endpointSamples(
  questions: readonly PageQuestion[],
  options: EndpointSampleOptions,
): Promise<EndpointSamples> {
  const { folder, concurrency = 4, prices, signal, onProgress } = options;
  const { pagesPerSearch = 4, maxSearches = 4, maxContentCharacters = 240, maxTokens = 1024 } = options;
  const settings: Settings = { pagesPerSearch, maxSearches, maxContentCharacters, maxTokens };
  checkAboveZero({ ...settings, concurrency });
  const [samplesPath, failuresPath] = [`${folder}/samples.jsonl`, `${folder}/failures.jsonl`];
  // A folder may hold rows of another collection, whose questions have the same ids.
  const asked = new Set(questions.map(keyOf));
  const written = [...await rowsOf(samplesPath, retrieverSample), ...await rowsOf(failuresPath, failedRow)]
    .filter((row) => asked.has(keyOf(row)));
  const rows = new Map<string, RetrieverSample | FailedRow>();
  for (const row of written) {
    const earlier = rows.get(keyOf(row));
    if (earlier === undefined || "failure" in earlier) rows.set(keyOf(row), row);
  }
  const isDone = (question: PageQuestion) => {
    const row = rows.get(keyOf(question));
    return row !== undefined && !("failure" in row && row.failure === "endpointFailed");
  };
  const open = questions.filter((question) => !isDone(question));
  const [sampleFile, failureFile] = [await jsonlWriter(samplesPath), await jsonlWriter(failuresPath)];
  try {
    const waiting = open.values();
    let done = 0;
    const ask = async () => {
      for (const question of waiting) {
        signal?.throwIfAborted();
        const row = await new Conversation(question, options, settings).row();
        written.push(row);
        rows.set(keyOf(row), row);
        await ("failure" in row ? failureFile : sampleFile).write(row);
        onProgress?.(++done, open.length);
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: concurrency }, ask));
    const broken = workers.find((each) => each.status === "rejected");
    if (broken !== undefined) throw broken.reason;
  } finally {
    await sampleFile.close();
    await failureFile.close();
  }
  // What a failed try took was spent too.
  const sum = (of: "promptTokens" | "completionTokens") =>
    written.reduce((total, { usage }) => total + (usage?.[of] ?? 0), 0);
  const [promptTokens, completionTokens] = [sum("promptTokens"), sum("completionTokens")];
  const money = prices ? (promptTokens * prices.prompt + completionTokens * prices.completion) / 1e6 : null;
  const counts = Object.fromEntries(failures.map((failure) => [failure, 0])) as Record<SampleFailure, number>;
  const inOrder = questions.flatMap((question) => rows.get(keyOf(question)) ?? []);
  for (const row of inOrder) if ("failure" in row) counts[row.failure]++;
  return {
    samples: inOrder.flatMap((row) => "failure" in row ? [] : [row]),
    failures: counts,
    cost: { promptTokens, completionTokens, money },
  };
}

/** What a question is known by in the files. */
function keyOf({ id, question }: { id: string; question: string }): string {
  return `${id} ${question}`;
}

type Settings = Required<
  Pick<EndpointSampleOptions, "pagesPerSearch" | "maxSearches" | "maxContentCharacters" | "maxTokens">
>;

async function rowsOf<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
  try {
    return (await readJsonl(path, schema)).rows;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

type FailedRow = z.infer<typeof failedRow>;

/** One question. */
class Conversation {
  readonly #messages: ChatMessage[];
  readonly #parts: SamplePart[] = [];
  readonly #usage = { promptTokens: 0, completionTokens: 0 };

  constructor(
    readonly question: PageQuestion,
    readonly options: EndpointSampleOptions,
    readonly settings: Settings,
  ) {
    this.#messages = [{ role: "system", content: INSTRUCTIONS }, { role: "user", content: question.question }];
  }

  /** @throws The signal's reason, when aborted. */
  async row(): Promise<RetrieverSample | FailedRow> {
    for (let searches = 0;; searches++) {
      const reply = await this.#reply();
      if ("failure" in reply) return this.#failed(reply.failure, reply.message);
      const query = this.#take(reply.text);
      if (query === null) return this.#checked();
      if (searches === this.settings.maxSearches) {
        return this.#failed("tooManySearches", `it asked more than ${this.settings.maxSearches} times`);
      }
      const problem = await this.#search(query);
      if (problem !== null) return this.#failed("searchFailed", problem);
    }
  }

  async #reply(): Promise<{ text: string } | { failure: SampleFailure; message: string }> {
    const { model, temperature = 0.7, signal } = this.options;
    const { maxTokens } = this.settings;
    try {
      const request = { messages: [...this.#messages], temperature, maxTokens, stop: ["</query>"], signal };
      const { text, finishReason, usage } = await collectReply(model.stream(request));
      this.#count(usage);
      if (finishReason === "length" || finishReason === "filtered") {
        return { failure: "cutOff", message: `a reply ended by ${finishReason}: "${text.slice(-60)}"` };
      }
      return { text };
    } catch (error) {
      signal?.throwIfAborted();
      return { failure: "endpointFailed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  #count({ promptTokens, completionTokens }: ChatUsage): void {
    this.#usage.promptTokens += promptTokens;
    this.#usage.completionTokens += completionTokens;
  }

  /** Takes a reply as a part; gives its query where it has one that can be searched for. */
  #take(text: string): string | null {
    const begun = text.replace(/^\s*<think>/, "").trim();
    // Endpoints leave out the text that stopped them.
    const isQuery = /<query>[^<]*$/.test(begun);
    const whole = isQuery ? `${begun.trimEnd()}</query>` : begun;
    this.#parts.push({ written: (this.#parts.length === 0 ? "<think>\n" : "") + whole });
    this.#messages.push({ role: "assistant", content: whole });
    return /\n<query>([^<\n]+)<\/query>$/.exec(`\n${whole}`)?.[1].trim() || null;
  }

  /** @returns What failed, or null. */
  async #search(query: string): Promise<string | null> {
    const { retriever, signal } = this.options;
    const { pagesPerSearch: limit, maxContentCharacters } = this.settings;
    const exclude = foundUrls(this.#parts);
    const [result] = await retriever.find([{ query, limit, exclude }], { signal });
    if (isFailedSearch(result)) return result.failure;
    const found = result.map((page) => shownPage(page, maxContentCharacters));
    this.#parts.push({ found });
    this.#messages.push({ role: "user", content: `${foundText(found).trim()}\nGo on.` });
    return null;
  }

  #checked(): RetrieverSample | FailedRow {
    const { id, question, answer, hops } = this.question;
    const { pages, model } = this.options;
    const byUrl = pages && pagesByUrl(pages);
    const isNoise = (url: string) => {
      const page = byUrl?.get(url);
      return page === undefined || !hops.some((hop) => saysHop(page, hop));
    };
    const urls = foundUrls(this.#parts);
    const noise = byUrl === null ? null : urls.filter(isNoise);
    const row = { id, question, answer, writer: model.name, parts: this.#parts, noise, usage: this.#usage };
    const problem = checkSample(row, { leastPages: this.settings.pagesPerSearch });
    return problem === null ? row : this.#failed(problem.problem, problem.message);
  }

  #failed(failure: SampleFailure, message: string): FailedRow {
    const { id, question } = this.question;
    return { id, question, failure, message, usage: this.#usage };
  }
}
