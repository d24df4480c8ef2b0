/** Results as tables and as JSON. */
import { type TableRow, tableText } from "../../lib/notebook/table.ts";
import type { Machine } from "./machine.ts";
import type { Row, Section } from "./section.ts";

/** What came of one case, which ran in a process of its own. */
export interface CaseResult {
  section: string;
  name: string;
  rows: readonly Row[];
  /** The most memory that its process held, in bytes; null when it failed. */
  peakBytes: number | null;
  /** What it may be, in 10^9 bytes; null where nothing is asked. */
  memoryLimit: number | null;
  /** Why it failed. */
  error: string | null;
}

/** A whole run, as `--json` writes it. */
export interface BenchReport {
  machine: Machine;
  /** True when the numbers mean nothing. */
  quick: boolean;
  results: readonly CaseResult[];
}

/** A section's rows, and its cases that failed. */
export function sectionTable({ title }: Section, results: readonly CaseResult[]): string {
  const rows = results.flatMap(({ name, rows, error }): TableRow[] =>
    error === null ? rows.map(tableRow) : [{ measured: name, note: `FAILED: ${error}` }]
  );
  const columns = ["measured", "shape", "rate", "unit", "± %", "of raw", "aim", "time ratio", "note"];
  const used = columns.filter((column) => rows.some((cells) => cells[column] !== undefined));
  return tableText(rows, { caption: `\n${title}`, columns: used, digits: 3, maxRows: Infinity });
}

function tableRow({ what, shape, value, unit, spread, ofRaw, timeRatio, aim, note }: Row): TableRow {
  return {
    measured: what,
    shape,
    rate: value ?? undefined,
    unit: value === null ? undefined : unit,
    "± %": spread === null ? undefined : Math.round(spread * 100),
    "of raw": ofRaw === null ? undefined : Number(ofRaw.toFixed(2)),
    aim: aim ?? undefined,
    "time ratio": timeRatio === null ? undefined : Number(timeRatio.toFixed(2)),
    note: note || undefined,
  };
}

/** The peak of each case's process. */
export function memoryTable(results: readonly CaseResult[]): string {
  const rows = results.flatMap(({ name, peakBytes, memoryLimit }) =>
    peakBytes === null ? [] : [{
      case: name,
      "peak GB": Number((peakBytes / 1e9).toFixed(2)),
      ...(memoryLimit === null ? {} : { "limit GB": memoryLimit }),
    }]
  );
  return tableText(rows, { caption: "\nPeak memory, a process a case", maxRows: Infinity });
}
