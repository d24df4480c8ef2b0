/** Rows as a table, in HTML for a cell and in aligned text for a terminal. */

import { type Html, html } from "./html.ts";

/** A row: column name to anything. */
export type TableRow = Readonly<Record<string, unknown>>;

/** How a table is made. */
export type TableOptions = {
  /** Which columns, in which order. Default: every key, in the order of first appearance. */
  columns?: readonly string[];
  /** A line above the table. */
  caption?: string;
  /** Significant digits of numbers that are not whole. Default 4. */
  digits?: number;
  /** Rows beyond are counted in a last line. Default 50. */
  maxRows?: number;
  /** Longer cells are cut, with an ellipsis. Default 400 characters. */
  maxCellCharacters?: number;
};

type Grid = { columns: string[]; rows: string[][]; numeric: boolean[]; caption: string; left: number };

/** The table as markup: numbers to the right, line breaks kept. */
export function tableHtml(rows: readonly TableRow[], options: TableOptions = {}): Html {
  const grid = toGrid(rows, options);
  const align = (i: number) => `text-align: ${grid.numeric[i] ? "right" : "left"}; vertical-align: top`;
  const head = grid.columns.map((column, i) => html`<th style="${align(i)}">${column}</th>`);
  const body = grid.rows.map((cells) =>
    html`<tr>${cells.map((cell, i) => html`<td style="${align(i)}; white-space: pre-wrap">${cell}</td>`)}</tr>`
  );
  const caption = grid.caption === "" ? "" : html`<caption>${grid.caption}</caption>`;
  const more = grid.left > 0 ? html`<p>${moreRows(grid.left)}</p>` : "";
  return html`<table>${caption}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>${more}`;
}

/** The table as text of aligned columns. Line breaks inside a cell are shown as "⏎". */
export function tableText(rows: readonly TableRow[], options: TableOptions = {}): string {
  const grid = toGrid(rows, options);
  const lines = [grid.columns, ...grid.rows].map((cells) => cells.map((cell) => cell.replaceAll(/\r?\n/g, " ⏎ ")));
  const widths = grid.columns.map((_, i) => Math.max(...lines.map((cells) => displayWidth(cells[i]))));
  const text = lines.map((cells) => cells.map((cell, i) => pad(cell, widths[i], grid.numeric[i])).join("  ").trimEnd());
  text.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  if (grid.caption !== "") text.unshift(grid.caption);
  if (grid.left > 0) text.push(moreRows(grid.left));
  return text.join("\n");
}

function toGrid(rows: readonly TableRow[], options: TableOptions): Grid {
  const { caption = "", digits = 4, maxRows = 50, maxCellCharacters = 400 } = options;
  const columns = [...options.columns ?? new Set(rows.flatMap((row) => Object.keys(row)))];
  const shown = rows.slice(0, maxRows);
  const numeric = columns.map((column) => {
    const values = shown.map((row) => row[column]).filter((value) => value !== undefined && value !== null);
    return values.length > 0 && values.every((value) => typeof value === "number" || typeof value === "bigint");
  });
  const format = (value: unknown) => shorten(formatValue(value, digits), maxCellCharacters);
  return {
    columns,
    rows: shown.map((row) => columns.map((column) => format(row[column]))),
    numeric,
    caption,
    left: rows.length - shown.length,
  };
}

/** A value as a reader wants to see it: whole numbers whole, others rounded, lists and objects as JSON. */
export function formatValue(value: unknown, digits = 4): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "number") return formatNumber(value, digits);
  if (typeof value === "object" && !(value instanceof Date)) return JSON.stringify(value) ?? "";
  return String(value);
}

function formatNumber(value: number, digits: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  // A whole part longer than the digits is not rounded away: 12345.678 is 12346.
  if (size >= 10 ** digits) return value.toFixed(0);
  return size >= 1e-4 ? String(Number(value.toPrecision(digits))) : value.toExponential(digits - 1);
}

function shorten(text: string, characters: number): string {
  const all = [...text];
  return all.length <= characters ? text : all.slice(0, characters - 1).join("") + "…";
}

function moreRows(count: number): string {
  return `… and ${count} more row${count === 1 ? "" : "s"}`;
}

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return right ? space + text : text + space;
}

/** Columns on a terminal: one a character. Wide East Asian characters are not counted double. */
function displayWidth(text: string): number {
  return [...text].length;
}
