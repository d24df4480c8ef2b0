/** The pages that a site lists itself. */
import type { Admission } from "./admission.ts";
import type { Found, Frontier, Refused, Step } from "./frontier.ts";
import type { CrawlSettings } from "./options.ts";
import type { PageFetcher } from "./page_fetcher.ts";
import { pauseOf, type RobotsBook } from "./robots_book.ts";
import { readSitemap, SITEMAP_BYTES } from "./sitemap.ts";

/** Redirects of a sitemap that are followed. */
const MAX_REDIRECTS = 5;

/**
 * Reads the sitemaps of an origin: those that its robots.txt names, else /sitemap.xml, and those that they list. What cannot
 * be read is left out: a sitemap is a help and no duty.
 */
export async function sitemapStep(origin: string, crawl: {
  fetcher: PageFetcher;
  robots: RobotsBook;
  admission: Admission;
  frontier: Frontier;
  settings: CrawlSettings;
}): Promise<Step> {
  const { fetcher, robots, admission, frontier, settings } = crawl;
  const rules = await robots.of(origin);
  const waiting = rules.sitemaps.length > 0 ? [...rules.sitemaps] : ["/sitemap.xml"];
  const seen = new Set<string>();
  const found = new Map<string, Found>();
  const refused = new Map<string, Refused>();
  while (waiting.length > 0 && seen.size < settings.maxSitemaps) {
    const text = waiting.shift() ?? "";
    if (!URL.canParse(text, origin)) continue;
    const address = new URL(text, origin).href;
    if (seen.has(address)) continue;
    seen.add(address);
    const itsRules = await robots.of(new URL(address).origin);
    if (!itsRules.isAllowed(address)) continue;
    const answer = await fetcher.fetchFollowing(address, {
      maxBytes: SITEMAP_BYTES,
      overflow: "cut",
      mediaTypes: null,
      pause: () => pauseOf(itsRules, settings),
      freshFrom: frontier.startedAt,
    }, MAX_REDIRECTS);
    if (answer.kind !== "answer") continue;
    const sitemap = await readSitemap(answer.answer.body);
    waiting.push(...sitemap.sitemaps);
    for (const location of sitemap.pages) {
      if (found.size + refused.size >= frontier.room) break;
      const isKnown = (url: string) => found.has(url) || frontier.stateOf(url) !== undefined;
      const judged = admission.judge(location, origin, 1, isKnown);
      if ("reason" in judged) refused.set(judged.url, judged);
      else if (!isKnown(judged.url)) found.set(judged.url, { url: judged.url, depth: 1 });
    }
  }
  return { sitemapsOf: origin, found: [...found.values()], refused: [...refused.values()] };
}
