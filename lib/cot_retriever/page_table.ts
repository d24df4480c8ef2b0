/** Pages in a table of LanceDB, and searching there. */
import type { SearchResult } from "../data/mod.ts";
import { buildDocument } from "../retrieval/documents/mod.ts";
import { search, type SearchOptions } from "../retrieval/search/mod.ts";
import { ingest, type IngestOptions, type IngestReport, type PassageTable } from "../retrieval/store/mod.ts";
import type { WebPage } from "./page_collection.ts";
import type { FailedPages, PageRetriever } from "./pages.ts";

/** Searches that go on at the same time. */
const AT_ONCE = 16;

/**
 * Brings pages into a table: the address is the source, the publisher the title. What is noise is in no column: a search cannot
 * know it. What the table has already is skipped.
 *
 * @throws When one of them does not come in, naming it; and as `ingest` does.
 */
export async function ingestPages(
  table: PassageTable,
  pages: readonly Pick<WebPage, "url" | "publisher" | "date" | "content">[],
  options: IngestOptions = {},
): Promise<IngestReport> {
  const items = pages.map(({ url, publisher, date, content }) => ({
    document: buildDocument({
      source: url,
      title: publisher,
      mediaType: "text/plain",
      blocks: [{ kind: "paragraph", text: content }],
      metadata: { publisher, date },
      untrusted: true,
    }),
  }));
  const report = await ingest(table, items, options);
  if (report.failures.length > 0) {
    const [{ source, message }] = report.failures;
    throw new Error(`${table}: ${report.failures.length} pages did not come in; the first, ${source}: ${message}`);
  }
  return report;
}

/** How to search; the same as for `search`. */
export type PageTableOptions = Pick<
  SearchOptions,
  "mode" | "fusion" | "candidates" | "filter" | "floor" | "rerank" | "rerankPool"
>;

/**
 * A retriever over any table of passages: the first of each source counts, `publisher` is the metadata's or the title, `date` the
 * metadata's or unknown. Default: hybrid search, where full text counts 0.7 and the vectors 0.3.
 *
 * `distance` says how far a page is from the query by what the search goes by: 1 less the fused score, which is 1 for a page that is the
 * best by words and by vectors; in dense search 1 less the cosine; else 1 less the share of the best page's score.
 */
export function pageTableRetriever(table: PassageTable, options: PageTableOptions = {}): PageRetriever {
  const { mode = "hybrid", fusion = { kind: "minMax", denseWeight: 0.3 }, ...rest } = options;
  // Whether 1 is the best score that there can be.
  const isShare = rest.rerank === undefined && (mode === "dense" || (mode === "hybrid" && fusion.kind === "minMax"));
  const findOnce = async (query: string, k: number, signal?: AbortSignal): Promise<SearchResult[]> => {
    const results = await search(table, query, { ...rest, mode, fusion, k, signal });
    const pages = results.map(({ chunk: { source, title, text, metadata }, score }): SearchResult => ({
      content: text,
      metadata: { publisher: metadata.publisher ?? title, date: metadata.date ?? "unknown", url: source },
      distance: Math.round(100 * (1 - score / (isShare ? 1 : results[0].score || 1))) / 100,
    }));
    return [...new Map(pages.toReversed().map((page) => [page.metadata.url, page])).values()].reverse();
  };
  return {
    async find(requests, { signal } = {}) {
      const found: (SearchResult[] | FailedPages)[] = requests.map(() => []);
      const waiting = requests.entries();
      // Each takes the next query when it is done with one. All at once would hold gigabytes.
      const searchOn = async () => {
        for (const [at, { query, limit, exclude = [] }] of waiting) {
          if (limit < 1 || query.trim() === "") continue;
          try {
            const pages = await findOnce(query, limit + exclude.length, signal);
            found[at] = pages.filter(({ metadata }) => !exclude.includes(metadata.url)).slice(0, limit);
          } catch (error) {
            signal?.throwIfAborted();
            found[at] = { failure: error instanceof Error ? error.message : String(error) };
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, searchOn));
      return found;
    },
  };
}
