import { Admission, normalizedSeeds } from "./admission.ts";
import type { CrawlEvent, CrawlProgress, CrawlSummary } from "./events.ts";
import { type Found, Frontier, type Step } from "./frontier.ts";
import { HostGate } from "./host_gate.ts";
import { PAGE_MEDIA_TYPES } from "./media_types.ts";
import { type CrawlOptions, type CrawlSettings, readOptions } from "./options.ts";
import { PageCache } from "./page_cache.ts";
import { type Answer, PageFetcher } from "./page_fetcher.ts";
import { PageSteps } from "./page_step.ts";
import { pauseOf, RobotsBook } from "./robots_book.ts";
import { sitemapStep } from "./site_maps.ts";
import { TrapGuard } from "./traps.ts";
import { hostWithPort, type UrlPolicy, urlPolicy } from "./url_policy.ts";

/**
 * Reads the pages of web sites, with manners: robots.txt (RFC 9309), one request at a time to a host and a pause between two,
 * caps on depth, pages and bytes, no way out of the public internet. Requests go out from a process of their own that may do
 * nothing but connect to public addresses; see fetch_process.ts.
 *
 * Yields an event for each page that was read, each URL that was skipped or failed, and a summary at the end. Pages come as
 * documents that are marked untrusted. Taking the next event says that the last one is done with: with a `folder`, a page is
 * written down as delivered only then, so a crawl that is killed loses none, and may deliver the last one again.
 *
 * @throws {TypeError} when an option or a seed is not usable
 * @throws {Error} when another crawl uses the folder, or the folder belongs to a crawl of other seeds
 * @throws the signal's reason
 *
 * @example
 * ```ts
 * for await (const event of crawl({ seeds: ["https://example.org/"], contact: "me@example.org" })) {
 *   if (event.kind === "page") documents.push(...event.documents);
 *   if (event.kind === "finished") console.table(event.summary.skippedFor);
 * }
 * ```
 */
export async function* crawl(options: CrawlOptions): AsyncGenerator<CrawlEvent, void, undefined> {
  const settings = readOptions(options);
  const policy = urlPolicy(settings);
  const seeds = normalizedSeeds(policy, settings);
  options.signal?.throwIfAborted();

  await using ends = new AsyncDisposableStack();
  if (settings.folder !== undefined) ends.use(await lockFolder(settings.folder));
  const traps = new TrapGuard(settings);
  const frontier = await Frontier.open({
    seeds,
    maxUrls: settings.maxUrls,
    resume: settings.resume,
    onReplay: (urls) => urls.forEach((url) => void traps.admit(url)),
    ...(settings.folder !== undefined && { journal: `${settings.folder}/frontier.jsonl` }),
  });
  ends.defer(() => frontier.close());
  const cache = settings.folder === undefined
    ? undefined
    : await PageCache.open(`${settings.folder}/answers`, settings.maxCacheBytes);
  // Ends what is under way when nobody takes events any more.
  const left = new AbortController();
  const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
  const fetcher = ends.use(new PageFetcher(policy, new HostGate(), settings, cache, signal));
  ends.defer(() => left.abort(new DOMException("The crawl was left.", "AbortError")));
  yield* eventsOf({ policy, settings, seeds, traps, frontier, fetcher, signal });
}

interface Crawl {
  policy: UrlPolicy;
  settings: CrawlSettings;
  seeds: readonly string[];
  traps: TrapGuard;
  frontier: Frontier;
  fetcher: PageFetcher;
  signal: AbortSignal;
}

async function* eventsOf(crawl: Crawl): AsyncGenerator<CrawlEvent, void, undefined> {
  const { policy, settings, seeds, traps, frontier, fetcher, signal } = crawl;
  const robots = new RobotsBook(fetcher, settings.delay);
  const admission = new Admission(policy, traps, settings, seeds);
  const steps = new PageSteps(admission, frontier, settings, signal);
  let requests = 0;
  let unchanged = 0;
  let bytes = 0;

  const progress = (): CrawlProgress => {
    const { pages, skipped, failed, waiting } = frontier;
    return { pages, skipped, failed, waiting, requests, unchanged, bytes };
  };
  /** Takes a step without a page of its own. */
  async function* take(step: Step): AsyncGenerator<CrawlEvent, void, undefined> {
    frontier.apply(step);
    yield* refusals(step, progress);
    await frontier.write(step);
  }

  yield* take({ found: seeds.map((url) => ({ url, depth: 0 })), refused: [] });
  if (settings.sitemaps) {
    for (const origin of new Set(seeds.map((seed) => new URL(seed).origin))) {
      if (frontier.hasSitemapsOf(origin)) continue;
      yield* take(await sitemapStep(origin, { fetcher, robots, admission, frontier, settings }));
    }
  }

  const visit = async (page: Found): Promise<Answer> => {
    const rules = await robots.of(new URL(page.url).origin);
    if (!rules.isAllowed(page.url)) return { kind: "skipped", reason: "robots", message: rules.because };
    return await fetcher.fetch(page.url, {
      maxBytes: settings.maxBytes,
      overflow: "fail",
      mediaTypes: PAGE_MEDIA_TYPES,
      pause: () => pauseOf(rules, settings),
      // What was fetched before the crawl was stopped need not be asked for again.
      freshFrom: frontier.startedAt,
      onRequest: () => requests++,
      onReply(status, received) {
        if (status === 304) unchanged++;
        bytes += received;
      },
    });
  };
  const isCapped = () => frontier.pages >= settings.maxPages || requests >= settings.maxRequests;

  const underWay = new Map<string, Promise<{ page: Found; host: string; answer: Answer }>>();
  while (frontier.pages < settings.maxPages) {
    while (underWay.size < settings.concurrency && !isCapped()) {
      const page = frontier.take((host) => !underWay.has(host));
      if (page === undefined) break;
      const host = hostWithPort(new URL(page.url));
      const visited = visit(page).then((answer) => ({ page, host, answer }));
      // Nobody waits for it when another one fails first.
      visited.catch(() => {});
      underWay.set(host, visited);
    }
    if (underWay.size === 0) break;
    const { page, host, answer } = await Promise.race(underWay.values());
    signal.throwIfAborted();
    underWay.delete(host);
    const { step, told } = await steps.of(page, answer);
    frontier.apply(step);
    const { url, depth } = page;
    yield told.kind === "page" ? { ...told, url, depth, progress: progress() } : { ...told, url, progress: progress() };
    yield* refusals(step, progress);
    await frontier.write(step);
  }

  const { skippedFor, failedFor, fromCache, waiting } = frontier;
  const capped = waiting + underWay.size > 0;
  const summary: CrawlSummary = {
    ...progress(),
    skippedFor: { ...skippedFor },
    failedFor: { ...failedFor },
    fromCache,
    capped,
  };
  await frontier.finish();
  yield { kind: "finished", summary };
}

function* refusals({ refused }: Step, progress: () => CrawlProgress): Generator<CrawlEvent, void, undefined> {
  for (const one of refused) yield { kind: "skipped", ...one, progress: progress() };
}

/** Keeps a second crawl out of a folder, in this process or another. */
async function lockFolder(folder: string): Promise<Disposable> {
  await Deno.mkdir(folder, { recursive: true });
  const file = await Deno.open(`${folder}/lock`, { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new Error(`Another crawl is using ${folder}: wait for it, or use another folder.`);
}
