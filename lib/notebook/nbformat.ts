/**
 * Notebook files: reading them checked, and writing them as Jupyter does, so that two runs give the same bytes.
 *
 * Source: "The Notebook file format" (nbformat 4.5), https://nbformat.readthedocs.io/en/latest/format_description.html
 */

import { z } from "zod";
import { writeFileAtomic } from "../files/mod.ts";
import { MimeBundle } from "./messages.ts";

/** Text is stored as one string or as a list of lines; we hold one string. */
const Text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(""))]);

const Metadata = z.record(z.string(), z.unknown());

/** Strings in a bundle may be lists of lines too; JSON types are kept as they are. */
const StoredBundle = MimeBundle.transform((bundle) =>
  Object.fromEntries(
    Object.entries(bundle).map(([mime, data]) => [mime, isJsonMime(mime) ? data : Text.safeParse(data).data ?? data]),
  )
);

/** One output of a cell. */
export const Output = z.discriminatedUnion("output_type", [
  z.object({ output_type: z.literal("stream"), name: z.string(), text: Text }),
  z.object({ output_type: z.literal("display_data"), data: StoredBundle, metadata: Metadata }),
  z.object({
    output_type: z.literal("execute_result"),
    execution_count: z.number().int().nullable(),
    data: StoredBundle,
    metadata: Metadata,
  }),
  z.object({
    output_type: z.literal("error"),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
]);
export type Output = z.infer<typeof Output>;

const CellMetadata = z.looseObject({ tags: z.array(z.string()).optional() });

const CodeCell = z.looseObject({
  cell_type: z.literal("code"),
  id: z.string().optional(),
  metadata: CellMetadata,
  source: Text,
  outputs: z.array(Output),
  execution_count: z.number().int().nullable(),
});
export type CodeCell = z.infer<typeof CodeCell>;

const TextCell = z.looseObject({
  cell_type: z.enum(["markdown", "raw"]),
  id: z.string().optional(),
  metadata: CellMetadata,
  source: Text,
});

/** A notebook as nbformat 4.x holds it; fields that we do not know are kept. */
export const Notebook = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.number().int(),
  metadata: Metadata,
  cells: z.array(z.discriminatedUnion("cell_type", [CodeCell, TextCell])),
});
export type Notebook = z.infer<typeof Notebook>;

/** A file that is not a notebook. */
export class NotebookFormatError extends Error {
  override name = "NotebookFormatError";
}

/**
 * Reads a notebook file.
 *
 * @throws NotebookFormatError naming the file and the field that is wrong
 */
export async function readNotebook(path: string): Promise<Notebook> {
  const text = await Deno.readTextFile(path).catch((error) => {
    throw new NotebookFormatError(`${path}: cannot be read: ${error.message}`);
  });
  return parseNotebook(text, path);
}

/**
 * Reads a notebook from its text.
 *
 * @param name stands in error messages
 * @throws NotebookFormatError naming the field that is wrong
 */
export function parseNotebook(text: string, name: string): Notebook {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new NotebookFormatError(`${name}: not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = Notebook.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new NotebookFormatError(`${name}: not a notebook of nbformat 4:\n${z.prettifyError(parsed.error)}`);
}

/** Writes a notebook file, all or nothing. */
export async function writeNotebook(path: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(path, formatNotebook(notebook));
}

/** What differs from run to run or from editor to editor, and means nothing to the next reader. */
const VOLATILE_CELL_METADATA = ["execution", "ExecuteTime", "vscode", "papermill", "outputId", "trusted", "scrolled"];
const VOLATILE_METADATA = ["papermill", "vscode", "widgets", "signature", "toc-autonumbering"];

/**
 * A notebook's text: nbformat 4.5, keys sorted, one space of indent, text as lists of lines, a newline at the end.
 * Every cell has an id; metadata that changes with each run is dropped, so that running again gives a small diff.
 */
export function formatNotebook(notebook: Notebook): string {
  const used = new Set(notebook.cells.map((cell) => cell.id));
  const freshId = (index: number) => {
    for (let n = index + 1;; n++) {
      const id = `cell-${n}`;
      if (used.has(id)) continue;
      used.add(id);
      return id;
    }
  };
  const cells = notebook.cells.map((cell, index) => ({
    ...cell,
    id: cell.id ?? freshId(index),
    metadata: without(cell.metadata, VOLATILE_CELL_METADATA),
    source: toLines(cell.source),
    ...(cell.cell_type === "code" ? { outputs: cell.outputs.map(storedOutput) } : {}),
  }));
  const metadata = {
    ...without(notebook.metadata, VOLATILE_METADATA),
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    // Without the version, which changes with each release of Deno.
    language_info: {
      codemirror_mode: "typescript",
      file_extension: ".ts",
      mimetype: "text/x.typescript",
      name: "typescript",
      nbconvert_exporter: "script",
      pygments_lexer: "typescript",
    },
  };
  const document = { ...notebook, cells, metadata, nbformat: 4, nbformat_minor: 5 };
  return JSON.stringify(sortKeys(document), null, 1) + "\n";
}

function storedOutput(output: Output): Record<string, unknown> {
  if (output.output_type === "stream") return { ...output, text: toLines(output.text) };
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data).map(([mime, value]) =>
    [mime, typeof value === "string" && !isJsonMime(mime) ? toLines(value) : value] as const
  );
  return { ...output, data: Object.fromEntries(data) };
}

/** True for mime types whose data is a JSON value and not text. */
function isJsonMime(mime: string): boolean {
  return mime === "application/json" || mime.endsWith("+json");
}

/** What ends a line for Python's splitlines, and so for Jupyter when it saves. */
// deno-lint-ignore no-control-regex -- the separators among the control characters are meant
const LINE = /[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])|[^]+$/g;

/** Lines that keep their line ends: "a\nb" is ["a\n", "b"]. */
function toLines(text: string): string[] {
  return text.match(LINE) ?? [];
}

function without(metadata: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !names.includes(name)));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
