/** The robots.txt of each origin, fetched once a day. */
import { type CrawlSettings, PRODUCT_TOKEN } from "./options.ts";
import type { PageFetcher } from "./page_fetcher.ts";
import { parseRobots, ROBOTS_BYTES, ROBOTS_LIFETIME, type RobotsRules, robotsWithoutFile } from "./robots.ts";

/** Redirects of a robots.txt that are followed (RFC 9309, 2.3.1.2). */
const MAX_REDIRECTS = 5;

/** Milliseconds to leave a host alone after a request: the crawl's own delay, or what its robots.txt asks for. */
export function pauseOf(
  { crawlDelay = 0 }: RobotsRules,
  { delay, maxCrawlDelay }: Pick<CrawlSettings, "delay" | "maxCrawlDelay">,
): number {
  return Math.max(delay, Math.min(crawlDelay * 1000, maxCrawlDelay));
}

/** Remembers what each origin's robots.txt says. */
export class RobotsBook {
  readonly #rules = new Map<string, { rules: Promise<RobotsRules>; readAt: number }>();

  /** @param pause milliseconds to leave a host alone after a request */
  constructor(private readonly fetcher: PageFetcher, private readonly pause: number) {}

  /** The rules of an origin, such as `https://example.org`. */
  of(origin: string): Promise<RobotsRules> {
    const known = this.#rules.get(origin);
    if (known !== undefined && Date.now() - known.readAt < ROBOTS_LIFETIME) return known.rules;
    const rules = this.#read(origin);
    this.#rules.set(origin, { rules, readAt: Date.now() });
    return rules;
  }

  async #read(origin: string): Promise<RobotsRules> {
    const wanted = {
      maxBytes: ROBOTS_BYTES,
      overflow: "cut" as const,
      mediaTypes: null,
      pause: () => this.pause,
      freshFrom: Date.now() - ROBOTS_LIFETIME,
    };
    const answer = await this.fetcher.fetchFollowing(`${origin}/robots.txt`, wanted, MAX_REDIRECTS);
    switch (answer.kind) {
      case "answer":
        return parseRobots(new TextDecoder().decode(answer.answer.body), origin, PRODUCT_TOKEN);
      case "redirect":
        // Too many redirects are like no file (2.3.1.2).
        return robotsWithoutFile(404);
      case "failed":
      case "skipped":
        return robotsWithoutFile(
          answer.kind === "failed" && answer.status !== undefined ? answer.status : "unreachable",
        );
    }
  }
}
