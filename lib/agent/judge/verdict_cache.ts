/** Judgements on disk, so that no one is paid for twice. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { writeFileAtomic } from "../../files/mod.ts";

const stored = z.object({ key: z.string(), model: z.string(), task: z.string(), verdict: z.unknown() });

/** Goes up when what is stored means something else. */
const VERSION = 1;

/** The key of what is asked: any change of model, prompt, form or input is another one. */
export function verdictKey(asked: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(JSON.stringify({ version: VERSION, ...asked })).digest("hex");
}

/**
 * A folder with one small file a judgement, each written whole or not at all: a crash loses at most the one being written, and
 * several processes can share it. A file that is torn, or something else, counts as absent and is replaced.
 */
export class VerdictCache {
  constructor(private readonly folder: string) {}

  /** What is stored, to be looked at before it is used; undefined where there is nothing. */
  async read(key: string): Promise<unknown> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.#pathOf(key));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    try {
      const row = stored.parse(JSON.parse(text));
      return row.key === key ? row.verdict : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws {DiskFullError} When the disk is full. */
  async write(key: string, row: { model: string; task: string; verdict: unknown }): Promise<void> {
    await writeFileAtomic(this.#pathOf(key), `${JSON.stringify({ key, ...row })}\n`);
  }

  /** In 256 folders: one with all files would be slow to list. */
  #pathOf(key: string): string {
    return `${this.folder}/${key.slice(0, 2)}/${key}.json`;
  }
}
