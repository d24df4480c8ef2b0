/** What a table remembers of how its passages were made, and the refusal of anything else. */
import { z } from "zod";
import type { ChunkOptions } from "../chunk/mod.ts";
import { type EmbedderDescription, embedderDescriptionFields } from "../embed/mod.ts";
import { canonicalJson } from "./canonical_json.ts";

/** The languages whose endings and stop words LanceDB knows. An index of another one ends the whole process (LanceDB 0.31). */
export const FULL_TEXT_LANGUAGES = [
  "Arabic",
  "Danish",
  "Dutch",
  "English",
  "Finnish",
  "French",
  "German",
  "Greek",
  "Hungarian",
  "Italian",
  "Norwegian",
  "Portuguese",
  "Romanian",
  "Russian",
  "Spanish",
  "Swedish",
  "Tamil",
  "Turkish",
] as const;

/** How words are found in a table. */
export interface FullTextSettings {
  /** Whose endings are cut off, and whose stop words are left out. Default `English`. */
  language: typeof FULL_TEXT_LANGUAGES[number];
  /** Whether `infections` finds `infection`. Default true. */
  stem: boolean;
  /** Whether words such as `the` are left out. Default true. */
  removeStopWords: boolean;
}

/** Everything that decides what stands in a table for a document. */
export interface TableDescription {
  embedder: EmbedderDescription;
  /** As it was given to `openTable`; an option that is not there has the default. */
  chunking: ChunkOptions;
  /** The keys of metadata that filters can ask for, each a column. */
  filterColumns: string[];
  fullText: FullTextSettings;
}

export const DEFAULT_FILTER_COLUMNS: readonly string[] = ["topic", "language"];
export const DEFAULT_FULL_TEXT: FullTextSettings = { language: "English", stem: true, removeStopWords: true };

/** Under which key of the Arrow schema's metadata it stands. LanceDB keeps that through every change of the table. */
const KEY = "kiln.passages";
const FORMAT = 1;

const rememberedSchema = z.object({
  format: z.literal(FORMAT),
  embedder: z.looseObject(embedderDescriptionFields),
  chunking: z.record(z.string(), z.json()),
  filterColumns: z.array(z.string()),
  fullText: z.object({ language: z.enum(FULL_TEXT_LANGUAGES), stem: z.boolean(), removeStopWords: z.boolean() }),
});

/** @throws {RangeError} when the language is none that LanceDB knows */
export function checkFullText({ language }: Partial<FullTextSettings> = {}): void {
  if (language === undefined || FULL_TEXT_LANGUAGES.includes(language)) return;
  throw new RangeError(
    `fullText.language: expected one of ${FULL_TEXT_LANGUAGES.join(", ")}, got ${JSON.stringify(language)}; ` +
      "for others leave it out, with stem and removeStopWords false",
  );
}

/** The description as metadata of an Arrow schema. */
export function descriptionMetadata(description: TableDescription): Map<string, string> {
  return new Map([[KEY, canonicalJson({ format: FORMAT, ...description })]]);
}

/**
 * The description that a table's schema carries.
 *
 * @throws {Error} naming the table, when it carries none or one of another format
 */
export function readDescription(metadata: ReadonlyMap<string, string>, table: string): TableDescription {
  const text = metadata.get(KEY);
  if (text === undefined) {
    throw new Error(
      `${table}: this LanceDB table holds no passages of openTable(); give another name or another folder`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const read = rememberedSchema.safeParse(json);
  if (read.success) {
    const { format: _, chunking, ...rest } = read.data;
    return { ...rest, chunking: chunking as ChunkOptions };
  }
  const why = z.prettifyError(read.error).replaceAll("\n", " ");
  throw new Error(`${table}: what it remembers of its embedder cannot be read (${why}); delete it and ingest again`);
}

/**
 * Whether a table may be opened so.
 *
 * @param asked What `openTable` was given; what it was not given the table decides.
 * @throws {Error} naming what the table has, what was given, and what to do
 */
export function refuseOther(
  table: string,
  has: TableDescription,
  asked: Partial<TableDescription> & Pick<TableDescription, "embedder">,
): void {
  const remedy = "open it as it was made, or give another name and ingest the documents there";
  if (canonicalJson(has.embedder) !== canonicalJson(asked.embedder)) {
    throw new Error(
      `${table}: its vectors were made by ${embedderName(has.embedder)}, but ${
        embedderName(asked.embedder)
      } was given ` +
        `(${differences(has.embedder, asked.embedder)}); vectors of different embedders cannot be compared: ${remedy}`,
    );
  }
  for (const part of ["chunking", "filterColumns", "fullText"] as const) {
    if (asked[part] === undefined) continue;
    const [had, given] = [canonicalJson(has[part]), canonicalJson(asked[part])];
    if (had !== given) throw new Error(`${table}: it was made with ${part} ${had}, but ${given} was given; ${remedy}`);
  }
}

/** An embedder as a person knows it. */
export function embedderName({ name, revision, dimensions }: EmbedderDescription): string {
  return `${name} (revision ${revision.slice(0, 12)}, ${dimensions} dimensions)`;
}

function differences(one: EmbedderDescription, other: EmbedderDescription): string {
  const [a, b] = [one, other].map((each) => new Map<string, unknown>(Object.entries(each)));
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((key) => canonicalJson([a.get(key)]) !== canonicalJson([b.get(key)]))
    .map((key) => `${key} ${JSON.stringify(a.get(key))} against ${JSON.stringify(b.get(key))}`)
    .join(", ");
}
