/**
 * The URLs of a crawl and what became of them, in memory and in a journal on disk. Each step (a page with all links that it
 * led to) is one line of the journal, so that a crawl that is killed goes on as if the step under way had not begun.
 */
import { z } from "zod";
import { type JsonlWriter, jsonlWriter, readJsonl } from "../../files/mod.ts";
import type { FailReason, SkipReason } from "./events.ts";
import { hostWithPort } from "./url_policy.ts";

/** A URL that is to be fetched. */
export interface Found {
  url: string;
  /** Links from a seed. */
  depth: number;
  /** URLs that redirected here, the first one first. */
  via?: string[];
  /** A page that named this URL as its own. When nothing can be read here, that page is delivered after all. */
  canonicalOf?: string;
  /** Whether what the page names as its own URL no longer counts. */
  isFinal?: boolean;
}

/** A URL that was met and will not be fetched. */
export interface Refused {
  url: string;
  reason: SkipReason;
  message: string;
  /** Links from a seed, where they were too many: a shorter way may be found. */
  depth?: number;
}

/** What became of a URL. */
export type Outcome =
  | { kind: "page"; contents: string; fromCache: boolean }
  | { kind: "skipped"; reason: SkipReason }
  | { kind: "failed"; reason: FailReason };

/** One move of a crawl: a URL is done (or a site's sitemaps are read), and others were found. */
export interface Step {
  /** The URL that is done. */
  url?: string;
  outcome?: Outcome;
  /** The origin whose sitemaps were read. */
  sitemapsOf?: string;
  found: Found[];
  refused: Refused[];
}

const found = z.strictObject({
  url: z.string(),
  depth: z.int().nonnegative(),
  via: z.array(z.string()).optional(),
  canonicalOf: z.string().optional(),
  isFinal: z.boolean().optional(),
});
// Reasons come from this program alone and are only counted.
const skipReason = z.string() as unknown as z.ZodType<SkipReason>;
const failReason = z.string() as unknown as z.ZodType<FailReason>;
const journalRow = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("start"),
    version: z.literal(1),
    seeds: z.array(z.string()),
    startedAt: z.number(),
  }),
  z.strictObject({
    type: z.literal("step"),
    url: z.string().optional(),
    outcome: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("page"), contents: z.string(), fromCache: z.boolean() }),
      z.strictObject({ kind: z.literal("skipped"), reason: skipReason }),
      z.strictObject({ kind: z.literal("failed"), reason: failReason }),
    ]).optional(),
    sitemapsOf: z.string().optional(),
    found: z.array(found),
    refused: z.array(z.strictObject({
      url: z.string(),
      reason: skipReason,
      message: z.string(),
      depth: z.int().nonnegative().optional(),
    })),
  }),
  z.strictObject({ type: z.literal("finished") }),
]);

type State = "waiting" | "active" | "refused" | Outcome["kind"];

interface Entry extends Found {
  state: State;
  /** Of a URL that waits: its host with the port. */
  host?: string;
  /** Why it was skipped, or refused. */
  reason?: SkipReason;
}

/** The URLs of one crawl. */
export class Frontier {
  readonly #entries = new Map<string, Entry>();
  /** Those waiting, by depth. */
  readonly #waiting: Entry[][] = [];
  /** How many of them each host has. */
  readonly #waitingOf = new Map<string, number>();
  readonly #contents = new Map<string, string>();
  readonly #sitemapsOf = new Set<string>();
  readonly #journal: JsonlWriter | undefined;
  readonly skippedFor: Partial<Record<SkipReason, number>> = {};
  readonly failedFor: Partial<Record<FailReason, number>> = {};
  pages = 0;
  skipped = 0;
  failed = 0;
  fromCache = 0;
  waiting = 0;
  /** When the crawl began, in this process or the one that it continues: milliseconds since 1970. */
  startedAt = Date.now();

  private constructor(private readonly maxUrls: number, journal?: JsonlWriter) {
    this.#journal = journal;
  }

  /**
   * Begins a crawl, or continues the unfinished one that a journal tells of.
   *
   * @param options.onReplay gets the URLs that each step of the crawl that is continued had found first
   * @throws {Error} when the journal belongs to a crawl with other seeds, or is damaged
   */
  static async open(options: {
    seeds: readonly string[];
    maxUrls: number;
    journal?: string;
    resume?: boolean;
    onReplay?: (urls: string[]) => void;
  }): Promise<Frontier> {
    const { seeds, maxUrls, journal: path, resume = true, onReplay } = options;
    if (path === undefined) return new Frontier(maxUrls);
    const rows = resume ? await rowsOf(path) : [];
    const [start] = rows;
    if (start?.type !== "start" || rows.at(-1)?.type === "finished") {
      await Deno.remove(path).catch(() => {});
      const frontier = new Frontier(maxUrls, await jsonlWriter(path));
      const { startedAt } = frontier;
      await frontier.#journal?.write({ type: "start", version: 1, seeds: [...seeds], startedAt });
      return frontier;
    }
    if (JSON.stringify(start.seeds) !== JSON.stringify(seeds)) {
      throw new Error(
        `${path} tells of an unfinished crawl of ${
          start.seeds.join(", ")
        }: use another folder, or resume: false to drop it`,
      );
    }
    const frontier = new Frontier(maxUrls, await jsonlWriter(path));
    frontier.startedAt = start.startedAt;
    for (const row of rows) {
      if (row.type !== "step") continue;
      // Seeds are known from the start, and what was known was found before.
      const isOfSeeds = row.url === undefined && row.sitemapsOf === undefined;
      const states = row.found.map(({ url }) => ({ url, state: frontier.stateOf(url) }));
      const first = isOfSeeds ? [] : states.filter(({ state }) => state === undefined || state === "refused");
      frontier.apply(row);
      onReplay?.(first.map(({ url }) => url));
    }
    return frontier;
  }

  /** What is known of a URL, if anything. */
  stateOf(url: string): State | undefined {
    return this.#entries.get(url)?.state;
  }

  /** Whether a URL that waits, or that was too far from the seeds, is nearer to them when it has this depth. */
  isNearer(url: string, depth: number): boolean {
    const entry = this.#entries.get(url);
    return entry !== undefined && isOpen(entry) && depth < entry.depth;
  }

  /** How many more URLs are remembered. */
  get room(): number {
    return Math.max(0, this.maxUrls - this.#entries.size);
  }

  /** The URL that delivered the same text, by its hash. */
  sameContents(contents: string): string | undefined {
    return this.#contents.get(contents);
  }

  hasSitemapsOf(origin: string): boolean {
    return this.#sitemapsOf.has(origin);
  }

  /** The next URL of a host that is free, nearest to the seeds first. It is under way from now on. */
  take(isFree: (host: string) => boolean): Found | undefined {
    // A busy host may have a hundred thousand of them, which need not be looked at.
    const free = new Set(this.#waitingOf.keys().filter(isFree));
    if (free.size === 0) return undefined;
    const entry = this.#waiting.values().flatMap((queue) => queue ?? []).find(({ host }) => free.has(host!))!;
    this.#dequeue(entry);
    entry.state = "active";
    return entry;
  }

  /** Takes a step in memory. */
  apply({ url, outcome, sitemapsOf, found, refused }: Step): void {
    if (sitemapsOf !== undefined) this.#sitemapsOf.add(sitemapsOf);
    if (url !== undefined && outcome !== undefined) this.#settle(url, outcome);
    for (const one of found) this.#add(one);
    for (const { url, reason, depth = 0 } of refused) {
      if (this.#entries.has(url)) continue;
      // Beyond the cap they are counted each time that they are met.
      if (this.room > 0) this.#entries.set(url, { url, depth, state: "refused", reason });
      this.#countSkipped(reason);
    }
  }

  /** Writes a step that was taken to the journal. */
  async write(step: Step): Promise<void> {
    await this.#journal?.write({ type: "step", ...step });
  }

  /** Says that nothing is left to do: the next crawl in this folder is a new one. */
  async finish(): Promise<void> {
    await this.#journal?.write({ type: "finished" });
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  #settle(url: string, outcome: Outcome): void {
    const entry = this.#entries.get(url);
    if (entry === undefined) return;
    // In a replay it is still waiting.
    if (entry.state === "waiting") this.#dequeue(entry);
    entry.state = outcome.kind;
    if (outcome.kind === "skipped") {
      entry.reason = outcome.reason;
      return this.#countSkipped(outcome.reason);
    }
    if (outcome.kind === "failed") {
      this.failed++;
      this.failedFor[outcome.reason] = (this.failedFor[outcome.reason] ?? 0) + 1;
      return;
    }
    this.pages++;
    if (outcome.fromCache) this.fromCache++;
    this.#contents.set(outcome.contents, url);
  }

  #add(found: Found): void {
    const known = this.#entries.get(found.url);
    const isNearer = this.isNearer(found.url, found.depth);
    if (known?.state === "waiting" || known?.state === "active") {
      known.canonicalOf ??= found.canonicalOf;
      if (!isNearer) return;
      this.#dequeue(known);
      known.depth = found.depth;
      return this.#enqueue(known);
    }
    // What is done comes back only to be delivered after all.
    if (known !== undefined && !isNearer && !(found.isFinal && known.state === "skipped")) return;
    if (known?.reason !== undefined) this.#countSkipped(known.reason, -1);
    const entry: Entry = { ...found, state: "waiting" };
    this.#entries.set(found.url, entry);
    this.#enqueue(entry);
  }

  #enqueue(entry: Entry): void {
    entry.host = hostWithPort(new URL(entry.url));
    (this.#waiting[entry.depth] ??= []).push(entry);
    this.#waitingOf.set(entry.host, (this.#waitingOf.get(entry.host) ?? 0) + 1);
    this.waiting++;
  }

  #dequeue(entry: Entry): void {
    const queue = this.#waiting[entry.depth];
    queue.splice(queue.indexOf(entry), 1);
    const left = this.#waitingOf.get(entry.host!)! - 1;
    if (left > 0) this.#waitingOf.set(entry.host!, left);
    else this.#waitingOf.delete(entry.host!);
    this.waiting--;
  }

  #countSkipped(reason: SkipReason, change = 1): void {
    this.skipped += change;
    this.skippedFor[reason] = (this.skippedFor[reason] ?? 0) + change;
  }
}

/** Whether a shorter way from the seeds makes a difference: it waits, or was only too far. */
function isOpen({ state, reason }: Entry): boolean {
  return state === "waiting" || (state === "refused" && reason === "depth");
}

async function rowsOf(path: string): Promise<z.output<typeof journalRow>[]> {
  try {
    return (await readJsonl(path, journalRow)).rows;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
