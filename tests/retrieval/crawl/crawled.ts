/** Running a crawl to its end. */
import {
  crawl,
  type CrawlEvent,
  type CrawlOptions,
  type CrawlSummary,
  type PageEvent,
} from "../../../lib/retrieval/crawl/mod.ts";

/** What a crawl told, by kind. URLs without their origin. */
export interface Crawled {
  pages: PageEvent[];
  paths: string[];
  /** Reason by path, of those skipped or failed. */
  reasons: Record<string, string>;
  messages: Record<string, string>;
  summary: CrawlSummary;
  events: CrawlEvent[];
}

/** Crawls without pauses. */
export async function crawled(options: CrawlOptions): Promise<Crawled> {
  const pages: PageEvent[] = [];
  const reasons: Record<string, string> = {};
  const messages: Record<string, string> = {};
  const events: CrawlEvent[] = [];
  let summary: CrawlSummary | undefined;
  for await (const event of crawl({ delay: 0, retryDelay: 1, ...options })) {
    events.push(event);
    if (event.kind === "page") pages.push(event);
    else if (event.kind === "finished") summary = event.summary;
    else [reasons[pathOf(event.url)], messages[pathOf(event.url)]] = [event.reason, event.message];
  }
  if (summary === undefined) throw new Error("no summary");
  return { pages, paths: pages.map(({ url }) => pathOf(url)), reasons, messages, summary, events };
}

/** Path and query of a URL of this machine; others whole. */
export function pathOf(url: string): string {
  if (!url.startsWith("http://127.0.0.1:")) return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}
