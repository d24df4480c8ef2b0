/**
 * Passages in tables of LanceDB: incremental ingestion, full-text and vector indexes, typed filters, verification.
 *
 * @module
 */
import "./native_log.ts";
export { deleteDocuments } from "./delete_documents.ts";
export { FULL_TEXT_LANGUAGES, type FullTextSettings, type TableDescription } from "./description.ts";
export { type Filter, filterSchema, type FilterValue, parseFilter } from "./filter.ts";
export { byScore, type FoundPassage } from "./found_passage.ts";
export {
  ingest,
  type IngestCounts,
  type IngestFailure,
  type IngestItem,
  type IngestOptions,
  type IngestProgress,
  type IngestReport,
} from "./ingest.ts";
export { matchingPassages } from "./matching.ts";
export { measureRecall, type RecallReport } from "./measure_recall.ts";
export { type FindOptions, nearestPassages, vectorsOf } from "./nearest.ts";
export { type OptimizeReport, optimizeTable, rebuildIndexes } from "./optimize.ts";
export { openTable, type OpenTableOptions, PassageTable } from "./passage_table.ts";
export { listDocuments, type StoredDocument } from "./stored_documents.ts";
export { type IndexStatistics, type TableStatistics, tableStatistics } from "./table_statistics.ts";
export { type TableProblem, verify, type VerifyReport } from "./verify.ts";
