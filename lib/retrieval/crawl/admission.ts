/** Which of the URLs that a crawl meets become part of it. */
import type { SkipReason } from "./events.ts";
import { normalizeUrl } from "./normalize_url.ts";
import type { CrawlSettings } from "./options.ts";
import type { TrapGuard } from "./traps.ts";
import type { UrlPolicy } from "./url_policy.ts";

/** A URL in its one spelling, and why it is not wanted. */
export type Judgement = { url: string } | { url: string; reason: SkipReason; message: string; depth?: number };

/** Judges links, redirects, canonical URLs and entries of sitemaps. */
export class Admission {
  readonly #origins: Set<string>;

  /** @param seeds as {@link normalizedSeeds} gives them */
  constructor(
    private readonly policy: UrlPolicy,
    private readonly traps: TrapGuard,
    private readonly settings: CrawlSettings,
    seeds: readonly string[],
  ) {
    this.#origins = new Set(settings.allowOrigins === "any" ? [] : settings.allowOrigins);
    for (const seed of seeds) this.#origins.add(new URL(seed).origin);
    // A site that moves from http to https stays the same site.
    for (const origin of [...this.#origins]) {
      if (origin.startsWith("http:") && new URL(origin).port === "") {
        this.#origins.add(origin.replace("http:", "https:"));
      }
    }
  }

  /**
   * Judges a URL that was met.
   *
   * @param text as it was written
   * @param base what it is relative to
   * @param depth links from a seed
   * @param isKnown whether the crawl knows it already: then it counts for no trap
   */
  judge(text: string, base: string, depth: number, isKnown: (url: string) => boolean): Judgement {
    const verdict = this.policy.check(text, base);
    if (!verdict.allowed) return { url: shown(text, base), reason: "unsafe", message: verdict.problem };
    const url = normalizeUrl(verdict.url, this.settings);
    if (isKnown(url)) return { url };
    // Normalising can uncover what the first look did not see.
    const again = this.policy.check(url);
    if (!again.allowed) return { url, reason: "unsafe", message: again.problem };
    const { origin } = again.url;
    if (this.settings.allowOrigins !== "any" && !this.#origins.has(origin)) {
      return {
        url,
        reason: "other origin",
        message: `${origin} is another site: add it to allowOrigins if it belongs here`,
      };
    }
    if (!this.settings.accept(again.url)) return { url, reason: "not accepted", message: "accept said no" };
    if (depth > this.settings.maxDepth) {
      return { url, reason: "depth", message: `it is more than ${this.settings.maxDepth} links from a seed`, depth };
    }
    const trap = this.traps.admit(url);
    return trap === undefined ? { url } : { url, reason: "trap", message: trap };
  }
}

/**
 * The seeds in their one spelling, each once.
 *
 * @throws {TypeError} when one may not be fetched
 */
export function normalizedSeeds(policy: UrlPolicy, settings: CrawlSettings): string[] {
  const seeds = settings.seeds.map((seed) => {
    const verdict = policy.check(seed);
    if (verdict.allowed) return normalizeUrl(verdict.url, settings);
    throw new TypeError(
      `The seed ${
        JSON.stringify(seed)
      } cannot be crawled: ${verdict.problem}. A host that is not public can be named in allowHosts.`,
    );
  });
  return [...new Set(seeds)];
}

/** A refused URL for the record: short, and without the password that it may carry. */
function shown(text: string, base: string): string {
  let url = text;
  if (URL.canParse(text, base)) {
    const parsed = new URL(text, base);
    parsed.username = parsed.password = parsed.hash = "";
    url = parsed.href;
  }
  return url.length <= 300 ? url : `${url.slice(0, 297)}...`;
}
