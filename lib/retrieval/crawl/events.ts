/** What a crawl tells while it runs. */
import type { SourceDocument } from "../documents/mod.ts";

/** Why a URL was not read, or what it brought was not delivered. */
export type SkipReason =
  /** robots.txt says no. */
  | "robots"
  /** It leads to another site than those that are crawled. */
  | "other origin"
  /** It is not public, or not a URL to fetch: see the message. */
  | "unsafe"
  /** `accept` said no. */
  | "not accepted"
  /** It looks like one of endlessly many. */
  | "trap"
  /** Too many links from a seed. */
  | "depth"
  /** The page asks not to be kept. */
  | "noindex"
  /** It was redirected elsewhere: the target is crawled in its place, or was already. */
  | "redirect"
  /** The page names another URL as its own: that one is crawled in its place. */
  | "canonical"
  /** The same text was delivered from another URL. */
  | "duplicate"
  /** Another kind of content than those that are read. */
  | "content type"
  /** More bytes than allowed. */
  | "too large"
  /** More URLs than are remembered. */
  | "too many URLs";

/** Why a page that was wanted could not be read. */
export type FailReason =
  /** The server says that it has no such page, or has trouble. */
  | "status"
  /** No connection, or one that broke. */
  | "network"
  | "timeout"
  /** Redirects in a circle, or too many. */
  | "redirects"
  /** Headers or an encoding that are not understood. */
  | "answer"
  /** The page is broken, empty or not readable: see the message. */
  | "document";

/** How far a crawl is. */
export interface CrawlProgress {
  pages: number;
  skipped: number;
  failed: number;
  /** URLs that are known and not yet fetched. */
  waiting: number;
  /** Requests for pages, tries included, without robots.txt and sitemaps. Of this process: not those before a resume. */
  requests: number;
  /** Those of them that were answered by "not modified". */
  unchanged: number;
  /** Bytes of their bodies, after decompression, as far as they were taken. */
  bytes: number;
}

/** What came of a crawl. */
export interface CrawlSummary extends CrawlProgress {
  /** How many URLs for each reason. */
  skippedFor: Partial<Record<SkipReason, number>>;
  failedFor: Partial<Record<FailReason, number>>;
  /** Pages that the server said are unchanged, or that were read before a crawl was stopped: their text is from the folder. */
  fromCache: number;
  /** Whether a cap (pages or requests) ended the crawl before all URLs were fetched. */
  capped: boolean;
}

/** A page that was read. */
export interface PageEvent {
  kind: "page";
  url: string;
  depth: number;
  /** One, or one for each row of a JSON Lines file. Marked untrusted. The same again as long as the page does not change. */
  documents: SourceDocument[];
  /** When it was fetched, or the server last said that it is unchanged: ISO 8601. */
  fetchedAt: string;
  /** Whether the text is from the folder. */
  fromCache: boolean;
  progress: CrawlProgress;
}

/** A URL that was not read. */
export interface SkippedEvent {
  kind: "skipped";
  url: string;
  reason: SkipReason;
  message: string;
  progress: CrawlProgress;
}

/** A page that could not be read. */
export interface FailedEvent {
  kind: "failed";
  url: string;
  reason: FailReason;
  message: string;
  progress: CrawlProgress;
}

/** The last event. */
export interface FinishedEvent {
  kind: "finished";
  summary: CrawlSummary;
}

export type CrawlEvent = PageEvent | SkippedEvent | FailedEvent | FinishedEvent;
