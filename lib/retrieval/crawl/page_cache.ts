/** Answers kept on disk, so that a page that did not change is not sent again, and a resumed crawl asks for none twice. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { writeFileAtomic } from "../../files/mod.ts";

const cachedHead = z.strictObject({
  url: z.string(),
  status: z.int().min(200).max(299),
  headers: z.record(z.string(), z.string()),
  /** When it was fetched, or the server last said that it is unchanged: milliseconds since 1970. */
  fetchedAt: z.number(),
  bytes: z.int().nonnegative(),
});

/** An answer as it was received. */
export interface CachedAnswer {
  url: string;
  status: number;
  headers: Record<string, string>;
  /** When it was fetched, or the server last said that it is unchanged: milliseconds since 1970. */
  fetchedAt: number;
  body: Uint8Array<ArrayBuffer>;
}

const ENDING = ".answer";

/** A folder of answers, each in a file of its own named by the hash of its URL: a line of JSON, then the body. */
export class PageCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Sizes by file name, those used longest ago first. */
  readonly #sizes: Map<string, number>;
  #total: number;

  private constructor(folder: string, maxBytes: number, sizes: Map<string, number>) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#sizes = sizes;
    this.#total = sizes.values().reduce((sum, size) => sum + size, 0);
  }

  /**
   * Opens a cache, creating the folder when absent.
   *
   * @param maxBytes of all files together; answers that were used longest ago go first
   */
  static async open(folder: string, maxBytes: number): Promise<PageCache> {
    await Deno.mkdir(folder, { recursive: true });
    const files: { name: string; size: number; usedAt: number }[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(ENDING) || name.startsWith(".")) continue;
      const { size, mtime } = await Deno.stat(`${folder}/${name}`);
      files.push({ name, size, usedAt: mtime?.getTime() ?? 0 });
    }
    files.sort((a, b) => a.usedAt - b.usedAt);
    const cache = new PageCache(folder, maxBytes, new Map(files.map(({ name, size }) => [name, size])));
    await cache.#makeRoom(0);
    return cache;
  }

  /** The answer for a URL. A file that is damaged is removed: it can be fetched again. */
  async get(url: string): Promise<CachedAnswer | undefined> {
    const name = nameOf(url);
    if (!this.#sizes.has(name)) return undefined;
    try {
      const file = await Deno.readFile(`${this.#folder}/${name}`);
      const end = file.indexOf(10);
      const { bytes, ...head } = cachedHead.parse(JSON.parse(new TextDecoder().decode(file.subarray(0, end))));
      const body = file.slice(end + 1);
      if (head.url !== url || body.length !== bytes) throw new Error("another answer, or part of one");
      return { ...head, body };
    } catch {
      await this.#remove(name);
      return undefined;
    }
  }

  /** Keeps an answer, in place of an older one for the same URL. One that is larger than the cache is not kept. */
  async put({ body, ...head }: CachedAnswer): Promise<void> {
    const line = new TextEncoder().encode(JSON.stringify({ ...head, bytes: body.length }) + "\n");
    const name = nameOf(head.url);
    const size = line.length + body.length;
    if (size > this.#maxBytes) return;
    this.#forget(name);
    await this.#makeRoom(size);
    await writeFileAtomic(`${this.#folder}/${name}`, [line, body]);
    this.#sizes.set(name, size);
    this.#total += size;
  }

  async #makeRoom(bytes: number): Promise<void> {
    for (const name of [...this.#sizes.keys()]) {
      if (this.#total + bytes <= this.#maxBytes) break;
      await this.#remove(name);
    }
  }

  async #remove(name: string): Promise<void> {
    this.#forget(name);
    await Deno.remove(`${this.#folder}/${name}`).catch(() => {});
  }

  #forget(name: string): void {
    this.#total -= this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
  }
}

function nameOf(url: string): string {
  return createHash("sha256").update(url).digest("hex") + ENDING;
}
