/** What a crawl can be told, and what holds otherwise. */
import { z } from "zod";
import type { TrapOptions } from "./traps.ts";

/** Options of {@link crawl}. Times are milliseconds. */
export interface CrawlOptions extends TrapOptions {
  /** Where to begin. Their origins are the site: links elsewhere are not followed. */
  seeds: readonly string[];
  /** Further origins whose links are followed, such as `"https://docs.example.org"`; or `"any"`. Default none. */
  allowOrigins?: readonly string[] | "any";
  /**
   * Hosts with their ports that may be fetched although they are not public, such as `"127.0.0.1:8123"` for a test or
   * `"wiki.corp:80"`. An address there means that address and port; a name is trusted with whatever it resolves to.
   */
  allowHosts?: readonly string[];
  /** Says of a normalised URL of the site whether it is wanted. Default: all are. */
  accept?: (url: URL) => boolean;

  /** Links from a seed to a page. Default 3. */
  maxDepth?: number;
  /** Pages that are delivered. Default 100. */
  maxPages?: number;
  /** Requests for pages, with those that bring nothing. Default 10 for each of `maxPages`. */
  maxRequests?: number;
  /** URLs that are remembered, wanted or not. Default 100 000. */
  maxUrls?: number;
  /** Longest URL, in characters. Default 2000. */
  maxUrlLength?: number;
  /** Largest body of a page, after decompression. Default 10 MiB. */
  maxBytes?: number;
  /** Redirects from one URL to a page. Default 10. */
  maxRedirects?: number;
  /** Hosts that are asked at the same time; each answers one request at a time. Default 4. */
  concurrency?: number;

  /** Pause after each request to a host. Default 1000; robots.txt can ask for more. */
  delay?: number;
  /** Longest pause that is granted to a robots.txt with a crawl-delay. Default 30 000. */
  maxCrawlDelay?: number;
  /** Tries after the first, where an answer may come later. Default 2. */
  retries?: number;
  /** Wait before the second try, doubled before each further one. Default 1000. */
  retryDelay?: number;
  /** Longest Retry-After that is waited for; when a server asks for more the page counts as failed. Default 60 000. */
  maxRetryAfter?: number;
  /** Until the head of an answer is there, connecting included. Default 15 000. */
  headTimeout?: number;
  /** Between two parts of a body. Default 15 000. */
  idleTimeout?: number;
  /** For a request with its answer. Default 60 000. */
  totalTimeout?: number;

  /** Whether to read the sitemaps that robots.txt names, or /sitemap.xml. Default true. */
  sitemaps?: boolean;
  /** Sitemaps that are read for an origin. Default 20. */
  maxSitemaps?: number;
  /** Whether to take parameters such as `utm_source` out of URLs. Default true. */
  stripTracking?: boolean;

  /** How the owner of a site can reach you: an address or a page. It stands in the User-Agent. */
  contact?: string;
  /**
   * Headers for an origin, such as `{"https://wiki.example.org": {authorization: "Bearer ..."}}`. They go to exactly this
   * origin, also after redirects. No cookies are kept.
   */
  headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;

  /**
   * A folder for the state of the crawl and the answers. With it, a crawl that was stopped or killed goes on where it
   * was, and the next one asks only for what changed. Default: nothing is kept.
   */
  folder?: string;
  /** Whether an unfinished crawl in `folder` goes on. Default true; false starts anew and keeps the answers. */
  resume?: boolean;
  /** Most bytes of the answers in `folder`. Default 1 GiB. */
  maxCacheBytes?: number;
  signal?: AbortSignal;
}

/** The crawler's name in robots.txt. */
export const PRODUCT_TOKEN = "Kiln";

const count = (start: number, fallback: number) => z.int().min(start).default(fallback);
const milliseconds = (fallback: number) => z.number().min(0).max(2 ** 31 - 1).default(fallback);
const MEBIBYTE = 1024 * 1024;

/** Names of headers that say what a connection is, and are not to be set by hand. */
const RESERVED_HEADERS = /^(host|connection|content-length|transfer-encoding|te|upgrade|keep-alive|proxy-.*|expect)$/i;

const webOrigin = z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
  error: ({ input }) => `${JSON.stringify(input)} is not an origin such as "https://example.org"`,
}).transform((text) => new URL(text).origin);

const crawlOptions = z.object({
  seeds: z.array(z.string()).min(1, { error: "no seeds: give at least one URL to begin with" }),
  allowOrigins: z.union([z.literal("any"), z.array(webOrigin)]).default([]),
  allowHosts: z.array(z.string()).default([]),
  maxDepth: count(0, 3),
  maxPages: count(1, 100),
  maxRequests: z.int().min(1).optional(),
  maxUrls: count(1, 100_000),
  maxUrlLength: count(10, 2000),
  maxBytes: z.int().min(1).max(256 * MEBIBYTE).default(10 * MEBIBYTE),
  maxRedirects: count(0, 10),
  concurrency: count(1, 4),
  delay: milliseconds(1000),
  maxCrawlDelay: milliseconds(30_000),
  retries: z.int().min(0).max(10).default(2),
  retryDelay: milliseconds(1000),
  maxRetryAfter: milliseconds(60_000),
  headTimeout: milliseconds(15_000),
  idleTimeout: milliseconds(15_000),
  totalTimeout: milliseconds(60_000),
  sitemaps: z.boolean().default(true),
  maxSitemaps: count(1, 20),
  maxPagesPerPattern: count(1, 200),
  maxQueriesPerPath: count(1, 50),
  maxPathSegments: count(1, 16),
  maxSegmentRepeats: count(1, 3),
  stripTracking: z.boolean().default(true),
  contact: z.string().regex(/^[\x21-\x27\x2a-\x7e]{1,200}$/, {
    error: "contact is an address or a URL: ASCII characters without spaces and parentheses",
  }).optional(),
  headers: z.record(
    webOrigin,
    z.record(
      z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/).refine((name) => !RESERVED_HEADERS.test(name), {
        error: "this header cannot be set",
      }),
      z.string().regex(/^[\t\x20-\x7e]*$/, { error: "a header's value is printable ASCII" }),
    ),
  ).default({}),
  folder: z.string().min(1).optional(),
  resume: z.boolean().default(true),
  maxCacheBytes: count(0, 1024 * MEBIBYTE),
});

/** Options with nothing left open. */
export type CrawlSettings = z.output<typeof crawlOptions> & {
  maxRequests: number;
  userAgent: string;
  accept: (url: URL) => boolean;
};

/**
 * Fills in what was not said.
 *
 * @throws {TypeError} that names what is wrong
 */
export function readOptions({ accept = () => true, signal: _, ...options }: CrawlOptions): CrawlSettings {
  const parsed = crawlOptions.safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const message = issue.code === "invalid_key" ? issue.issues[0]?.message ?? issue.message : issue.message;
      return `${issue.path.join(".") || "options"}: ${message}`;
    });
    throw new TypeError(`The crawl cannot start. ${problems.join("; ")}`);
  }
  const { contact, maxPages } = parsed.data;
  return {
    ...parsed.data,
    maxRequests: parsed.data.maxRequests ?? 10 * maxPages,
    userAgent: `${PRODUCT_TOKEN}/1.0 (${contact === undefined ? "a person's notebook" : `+${contact}`})`,
    accept,
  };
}
