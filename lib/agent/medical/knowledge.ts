/** The library that a medical agent looks things up in: a table of passages with all that searching it takes. */
import { sentenceRerank } from "../../retrieval/answer/mod.ts";
import { loadDocuments } from "../../retrieval/documents/mod.ts";
import type { Embedder } from "../../retrieval/embed/mod.ts";
import { type SearchOptions, type WordWeights, wordWeights } from "../../retrieval/search/mod.ts";
import { ingest, type IngestItem, type IngestReport, openTable, type PassageTable } from "../../retrieval/store/mod.ts";
import { type ArticleNames, articleNames } from "./article_names.ts";
import { articleMetadata, type DescribeOptions, METADATA_COLUMNS } from "./article_metadata.ts";

/** A table, and how it is searched. */
export interface MedicalKnowledge {
  table: PassageTable;
  weights: WordWeights;
  /** Paragraphs that end several articles, such as a notice: they say nothing about the article's subject. */
  closings: readonly string[];
  /** What each article is called, to know which of them a question names. */
  names: readonly ArticleNames[];
  /** Hybrid: 30 passages by vectors and 30 by words, fused by reciprocal rank with k 60, the best 20 reranked. */
  search: Pick<SearchOptions, "mode" | "candidates" | "fusion" | "rerank" | "rerankPool" | "filter">;
  /** Closes the table; the embedder stays the caller's. */
  close(): void;
}

/** Where the library is. */
export interface KnowledgeOptions {
  /** Stays the caller's. */
  embedder: Embedder;
  /** Folders or files to be read. */
  documents: string | readonly string[];
  /** Which files of folders. Default `*.md`. */
  include?: readonly string[];
  /** Where the table is kept; a folder is filled once and used from then on. Default `memory://`. */
  uri?: string;
  /** Said of documents that say nothing themselves. */
  defaults?: DescribeOptions["defaults"];
  /**
   * Scores the fused passages. Default: by their best sentences (`sentenceRerank`), which costs no further model and measured best on
   * the library that ships; null: none.
   */
  rerank?: SearchOptions["rerank"] | null;
  signal?: AbortSignal;
}

/**
 * Reads documents into a table with metadata, and makes it ready for questions. What the table has already is not embedded again.
 *
 * @throws When a document cannot be read or the table was made otherwise; the message names it.
 */
export async function openKnowledge(options: KnowledgeOptions): Promise<MedicalKnowledge & { report: IngestReport }> {
  const { embedder, documents, include = ["*.md"], uri = "memory://", defaults, signal } = options;
  const loaded: IngestItem[] = await Array.fromAsync(loadDocuments(documents, { include, signal }));
  const broken = loaded.find(({ failure }) => failure !== undefined)?.failure;
  if (broken !== undefined) throw new Error(`${broken.source}: ${broken.message}`);
  const titles = loaded.flatMap(({ document }) => document === undefined ? [] : [document.title]);
  const described = loaded.map(({ document }): IngestItem => ({
    document: {
      ...document!,
      metadata: { ...document!.metadata, ...articleMetadata(document!, { titles, defaults }) },
    },
  }));
  if (described.length === 0) {
    throw new Error(`${documents}: no document fits ${include.join(", ")}; a medical agent needs a library`);
  }
  const table = await openTable({ uri, name: "medical", embedder, filterColumns: METADATA_COLUMNS, signal });
  try {
    const report = await ingest(table, described, { deleteMissing: true, signal });
    if (report.failures.length > 0) {
      throw new Error(`${report.failures[0].source}: ${report.failures[0].message}`);
    }
    const weights = await wordWeights(table, { signal });
    const { rerank = sentenceRerank({ embedder, weights }) } = options;
    return {
      table,
      weights,
      closings: closingsOf(loaded),
      names: described.map(({ document }) => articleNames(document!, document!.metadata.category)),
      search: { ...HYBRID, rerank: rerank ?? undefined },
      close: () => table.close(),
      report,
    };
  } catch (error) {
    table.close();
    throw error;
  }
}

const HYBRID = { mode: "hybrid", candidates: 30, fusion: { kind: "rrf", k: 60 }, rerankPool: 20 } as const;

/** From so many articles on, the same last paragraph is a notice. */
const LEAST_REPEATED = 3;

function closingsOf(items: readonly IngestItem[]): string[] {
  const counts = new Map<string, number>();
  for (const { document } of items) {
    const last = document?.blocks.at(-1);
    if (last === undefined) continue;
    const text = document!.text.slice(last.start, last.end);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= LEAST_REPEATED).map(([text]) => text);
}
