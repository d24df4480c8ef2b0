/** Small documents for tests of the store and the search. */
import type { DocumentBlock, SourceDocument } from "../../../lib/retrieval/documents/mod.ts";
import {
  type IngestItem,
  openTable,
  type OpenTableOptions,
  type PassageTable,
} from "../../../lib/retrieval/store/mod.ts";
import { Random } from "../../../lib/random/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";

/** A document of paragraphs under one heading. */
export function sampleDocument(
  source: string,
  paragraphs: readonly string[],
  rest: Partial<Pick<SourceDocument, "title" | "metadata" | "untrusted">> & { page?: number } = {},
): SourceDocument {
  const { title = `Title of ${source}`, metadata = {}, untrusted = false, page } = rest;
  const parts = [title, ...paragraphs];
  const blocks: DocumentBlock[] = [];
  let start = 0;
  for (const [at, part] of parts.entries()) {
    const kind = at === 0 ? "heading" : "paragraph";
    blocks.push({ kind, start, end: start + part.length, headings: [title], ...(page === undefined ? {} : { page }) });
    start += part.length + 2;
  }
  return { source, title, mediaType: "text/plain", text: parts.join("\n\n"), blocks, metadata, untrusted };
}

const WORDS = Array.from(
  { length: 80 },
  (_, at) => `${"bcdfgklmnp"[at % 10]}${"aeiou"[at % 5]}${"rstvz"[at % 4]}o${at}`,
);

/** A text of so many words drawn by the seed, frequent ones often; long enough that no two such paragraphs make one passage. */
export function sampleText(seed: string, words = 40): string {
  const random = new Random(seed);
  return Array.from({ length: words }, () => WORDS[Math.floor(WORDS.length * random.float() ** 2)]).join(" ") + ".";
}

/** Documents of one to four paragraphs. Another `version` changes every third of them. */
export function sampleDocuments(count: number, version = 1): SourceDocument[] {
  return Array.from({ length: count }, (_, at) => {
    const edition = at % 3 === 0 ? version : 1;
    const paragraphs = Array.from({ length: 1 + (at + edition) % 4 }, (_, p) => sampleText(`${at}/${p}/${edition}`));
    const metadata = { topic: at % 2 === 0 ? "medicine" : "mathematics", edition: String(edition) };
    return sampleDocument(`documents/${String(at).padStart(3, "0")}.md`, paragraphs, { metadata, page: 1 + at % 5 });
  });
}

/** As readers yield them. */
export function asItems(documents: readonly SourceDocument[]): IngestItem[] {
  return documents.map((document) => ({ document }));
}

/** Runs a test with a table, in memory unless a location is given. */
export async function withTable(
  run: (table: PassageTable, embedder: HashingEmbedder) => Promise<void>,
  options: Partial<Omit<OpenTableOptions, "embedder">> & { embedder?: HashingEmbedder } = {},
): Promise<void> {
  const embedder = options.embedder ?? new HashingEmbedder();
  const table = await openTable({ uri: "memory://", name: "passages", ...options, embedder });
  try {
    await run(table, embedder);
  } finally {
    table.close();
  }
}

/** Everything that stands in a table, in a fixed order. */
export async function contentsOf({ lance }: PassageTable): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = await lance.query().toArray();
  return rows.map((row) => {
    const { headings, vector, ...rest } = Object.fromEntries(Object.entries(row)) as Record<string, unknown>;
    return { ...rest, headings: [...headings as Iterable<string>], vector: [...vector as Iterable<number>] };
  }).sort((a, b) => (String((a as { id?: string }).id) < String((b as { id?: string }).id) ? -1 : 1));
}
