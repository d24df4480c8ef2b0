/** JSON Lines: each row is a document. */
import { z } from "zod";
import { decodeText } from "./decode_text.ts";
import { type FoundDocument, type ReadingInput } from "./reading.ts";
import { paragraphs } from "./read_text.ts";

/** A row, or why it is none. */
export type FoundRow =
  | { id: string; line: number; document: FoundDocument; problem?: undefined }
  | { problem: string; document?: undefined };

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const rowSchema = z.looseObject({
  text: z.string().optional(),
  content: z.string().optional(),
  contents: z.string().optional(),
  title: z.string().nullish(),
  id: z.union([z.string(), z.number()]).nullish(),
  _id: z.union([z.string(), z.number()]).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Rows have a `text` (or `content`, `contents`), and may have a `title`, an `id` (or `_id`) and `metadata`; other fields
 * that are strings, numbers or booleans are metadata too. A row without an id has its line's number as one (`line 3`).
 * Blank lines are skipped. A problem names its line.
 */
export function* readJsonlRows(input: ReadingInput): Generator<FoundRow, void, undefined> {
  const lineOfId = new Map<string, number>();
  let line = 0;
  for (const text of decodeText(input.bytes, input.charset).split("\n")) {
    line++;
    if (text.trim() === "") continue;
    const row = readRow(text, line);
    if (row.document === undefined) {
      yield { problem: `Line ${line}: ${row.problem}` };
      continue;
    }
    const before = lineOfId.get(row.id);
    if (before !== undefined) {
      yield {
        problem: `Line ${line}: the id ${JSON.stringify(row.id)} is that of line ${before} too. Ids must differ.`,
      };
      continue;
    }
    lineOfId.set(row.id, line);
    yield row;
  }
}

function readRow(text: string, line: number): FoundRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'not JSON. Expected one object on each line, such as {"text": "..."}.' };
  }
  const parsed = rowSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the row"}: ${issue.message}`);
    return { problem: `${problems.join("; ")}.` };
  }
  const { text: own, content, contents, title, id, _id, metadata, ...others } = parsed.data;
  const passage = own ?? content ?? contents;
  if (passage === undefined || passage.trim() === "") {
    return { problem: "no text. Expected a field text with a string that is not empty." };
  }
  const name = String(id ?? _id ?? `line ${line}`);
  return {
    id: name,
    line,
    document: {
      title: title || name,
      blocks: paragraphs(passage),
      metadata: { ...scalars(others), ...scalars(metadata ?? {}) },
    },
  };
}

function scalars(fields: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(fields).filter(([, value]) => scalar.safeParse(value).success);
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}
