/** What a page's answer means for the crawl: whether it is delivered, and where it leads. */
import type { SourceDocument } from "../documents/mod.ts";
import type { Admission } from "./admission.ts";
import type { FailReason, SkipReason } from "./events.ts";
import type { Found, Frontier, Refused, Step } from "./frontier.ts";
import { decodeText, isHtml, mediaTypeOf } from "./media_types.ts";
import { type CrawlSettings, PRODUCT_TOKEN } from "./options.ts";
import type { CachedAnswer } from "./page_cache.ts";
import { contentsHash, pageDocuments } from "./page_documents.ts";
import type { Answer } from "./page_fetcher.ts";
import { headerHints, type PageHints, pageHints } from "./page_links.ts";

/** A step, and what to tell of it. */
export interface PageStep {
  step: Step & { url: string };
  told:
    | { kind: "page"; documents: SourceDocument[]; fetchedAt: string; fromCache: boolean }
    | { kind: "skipped"; reason: SkipReason; message: string }
    | { kind: "failed"; reason: FailReason; message: string };
  /** For a redirect: whether nothing was or will be read at its target. */
  leadsNowhere?: boolean;
}

/** Turns answers into steps of a crawl. */
export class PageSteps {
  constructor(
    private readonly admission: Admission,
    private readonly frontier: Frontier,
    private readonly settings: CrawlSettings,
    private readonly signal: AbortSignal,
  ) {}

  /** The step that an answer makes. */
  async of(page: Found, answer: Answer): Promise<PageStep> {
    const made = await this.#made(page, answer);
    if (page.canonicalOf !== undefined && !standsForOthers(made)) {
      // The page that named this one as its own is all that there is.
      made.step.found.push({ url: page.canonicalOf, depth: page.depth, isFinal: true });
    }
    return made;
  }

  async #made(page: Found, answer: Answer): Promise<PageStep> {
    switch (answer.kind) {
      case "skipped":
        return skipped(page, answer.reason, answer.message);
      case "failed":
        return failed(page, answer.reason, answer.message);
      case "redirect":
        return this.#redirected(page, answer.location);
      case "answer":
        return await this.#read(page, answer.answer, answer.fromCache);
    }
  }

  #redirected(page: Found, location: string): PageStep {
    const target = this.#judge(location, page.url, page.depth);
    const via = [...page.via ?? [], page.url];
    if ("reason" in target) return skipped(page, target.reason, `it redirects to ${target.url}: ${target.message}`);
    if (via.includes(target.url)) return failed(page, "redirects", `it redirects in a circle, to ${target.url}`);
    if (via.length > this.settings.maxRedirects) {
      return failed(page, "redirects", `it is the end of more than ${this.settings.maxRedirects} redirects`);
    }
    const made = skipped(page, "redirect", `it redirects to ${target.url}`);
    const { depth, canonicalOf } = page;
    const state = this.frontier.stateOf(target.url);
    const isNearer = this.frontier.isNearer(target.url, depth);
    made.leadsNowhere = !isNearer && (state === "skipped" || state === "failed" || state === "refused");
    // To one that waits the redirect brings nothing, but for the page that has to come back when nothing is there.
    const isAwaited = canonicalOf !== undefined && (state === "waiting" || state === "active");
    if (state === undefined || isNearer || isAwaited) {
      made.step.found.push({ url: target.url, depth, via, ...(canonicalOf !== undefined && { canonicalOf }) });
    }
    return made;
  }

  async #read(page: Found, answer: CachedAnswer, fromCache: boolean): Promise<PageStep> {
    const contentType = answer.headers["content-type"];
    const hints = isHtml(mediaTypeOf(contentType))
      ? pageHints(decodeText(answer.body, contentType), page.url, answer.headers, PRODUCT_TOKEN)
      : headerHints(page.url, answer.headers, PRODUCT_TOKEN);
    const canonical = page.isFinal ? undefined : this.#canonical(page, hints);
    const { found, refused } = hints.nofollow ? { found: [], refused: [] } : this.#links(page, hints);
    if (hints.noindex) return skipped(page, "noindex", "the page asks not to be kept", found, refused);
    if (canonical !== undefined) {
      // First, so that the link with its return address counts.
      const own = { url: canonical, depth: page.depth, canonicalOf: page.url };
      return skipped(page, "canonical", `the page names ${canonical} as its own URL`, [own, ...found], refused);
    }
    const { documents, failures } = await pageDocuments(answer, this.signal);
    if (documents.length === 0) {
      const [{ message }] = failures;
      return failed(page, "document", message, found, refused);
    }
    const contents = contentsHash(documents);
    const same = this.frontier.sameContents(contents);
    if (same !== undefined && same !== page.url) {
      return skipped(page, "duplicate", `${same} says the same`, found, refused);
    }
    const outcome = { kind: "page" as const, contents, fromCache };
    const fetchedAt = new Date(answer.fetchedAt).toISOString();
    return {
      step: { url: page.url, outcome, found, refused },
      told: { kind: "page", documents, fetchedAt, fromCache },
    };
  }

  /** The URL that stands for this page, where it is another one that can be had. */
  #canonical(page: Found, hints: PageHints): string | undefined {
    if (hints.canonical === undefined) return undefined;
    const own = this.#judge(hints.canonical, hints.base, page.depth);
    if ("reason" in own || own.url === page.url || page.via?.includes(own.url)) return undefined;
    const state = this.frontier.stateOf(own.url);
    const canBeHad = state === undefined || state === "waiting" || state === "active" || state === "page";
    return canBeHad || this.frontier.isNearer(own.url, page.depth) ? own.url : undefined;
  }

  #links(page: Found, hints: PageHints): { found: Found[]; refused: Refused[] } {
    const found = new Map<string, Found>();
    const refused = new Map<string, Refused>();
    for (const link of hints.links) {
      // Mail addresses, scripts and telephone numbers are links too, and nothing that anybody would crawl.
      if (/^(mailto|javascript|tel|data|sms|blob|about):/i.test(link)) continue;
      const depth = page.depth + 1;
      const judged = this.#judge(link, hints.base, depth, (url) => found.has(url));
      const isKnown = this.frontier.stateOf(judged.url) !== undefined;
      if (isKnown && ("reason" in judged || !this.frontier.isNearer(judged.url, depth))) continue;
      if ("reason" in judged) refused.set(judged.url, judged);
      else if (found.size + refused.size >= this.frontier.room) {
        refused.set(judged.url, {
          ...judged,
          reason: "too many URLs",
          message: `more than ${this.settings.maxUrls} URLs are known`,
        });
      } else found.set(judged.url, { url: judged.url, depth });
    }
    return { found: [...found.values()], refused: [...refused.values()] };
  }

  #judge(text: string, base: string, depth: number, isFound: (url: string) => boolean = () => false) {
    return this.admission.judge(text, base, depth, (url) => {
      const state = this.frontier.stateOf(url);
      // What was too far has not been judged by anything else.
      return isFound(url) || (state !== undefined && !(state === "refused" && this.frontier.isNearer(url, depth)));
    });
  }
}

/** Whether pages that name this one as their own URL are taken care of by what became of it. */
function standsForOthers({ told, leadsNowhere }: PageStep): boolean {
  if (told.kind !== "skipped") return told.kind === "page";
  if (told.reason === "redirect") return !leadsNowhere;
  return told.reason === "duplicate" || told.reason === "noindex" || told.reason === "canonical";
}

function skipped(
  { url }: Found,
  reason: SkipReason,
  message: string,
  found: Found[] = [],
  refused: Refused[] = [],
): PageStep {
  const outcome = { kind: "skipped" as const, reason };
  return { step: { url, outcome, found, refused }, told: { kind: "skipped", reason, message } };
}

function failed(
  { url }: Found,
  reason: FailReason,
  message: string,
  found: Found[] = [],
  refused: Refused[] = [],
): PageStep {
  const outcome = { kind: "failed" as const, reason };
  return { step: { url, outcome, found, refused }, told: { kind: "failed", reason, message } };
}
