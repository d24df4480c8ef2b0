import type { PassageTable } from "./passage_table.ts";
import { listDocuments } from "./stored_documents.ts";

/** A table in numbers. */
export interface TableStatistics {
  documents: number;
  passages: number;
  /** Bytes of its current data, without indexes and old versions. */
  bytes: number;
  /** Files that its rows lie in: many small ones are slow to read. */
  fragments: number;
  smallFragments: number;
  versions: number;
  embedder: string;
  dimensions: number;
  indexes: IndexStatistics[];
}

/** An index in numbers. */
export interface IndexStatistics {
  column: string;
  /** Such as `FTS` or `IvfPq`. */
  type: string;
  indexedRows: number;
  /** Rows that came after it was last brought up to date. */
  unindexedRows: number;
  bytes: number;
}

/** Counts what a table holds. */
export async function tableStatistics(table: PassageTable): Promise<TableStatistics> {
  const { lance, description: { embedder } } = table;
  const [stats, indices, versions, documents] = await Promise.all([
    lance.stats(),
    lance.listIndices(),
    lance.listVersions(),
    listDocuments(table),
  ]);
  return {
    documents: documents.length,
    passages: stats.numRows,
    bytes: stats.totalBytes,
    fragments: stats.fragmentStats.numFragments,
    smallFragments: stats.fragmentStats.numSmallFragments,
    versions: versions.length,
    embedder: embedder.name,
    dimensions: embedder.dimensions,
    indexes: indices.map(({ columns, indexType, numIndexedRows, numUnindexedRows, sizeBytes }) => ({
      column: columns[0],
      type: indexType,
      indexedRows: numIndexedRows ?? 0,
      unindexedRows: numUnindexedRows ?? 0,
      bytes: sizeBytes ?? 0,
    })),
  };
}
