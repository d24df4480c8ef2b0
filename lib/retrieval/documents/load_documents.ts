/** A folder of files to documents. */
import { basename, dirname, relative, resolve, sep as SEPARATOR } from "node:path";
import type { DocumentFailure, SourceDocument } from "./document.ts";
import { findFiles, type FoundFile } from "./find_files.ts";
import { assertSize, type DocumentReading, limitsOf, readDocument } from "./read_document.ts";
import { ReadingError, type ReadingLimits } from "./reading.ts";

/** Options of `loadDocuments`. */
export interface LoadDocumentsOptions extends Partial<ReadingLimits> {
  /** Globs of the names of files in folders, such as `*.md` (in any folder) or `guides/**`. Default: all files. */
  include?: readonly string[];
  /** Added to each document: the same for all, or made from its file's name. */
  metadata?: Readonly<Record<string, string>> | ((file: string) => Readonly<Record<string, string>>);
  /** Whether strangers wrote them. Default false. */
  untrusted?: boolean;
  signal?: AbortSignal;
  /** Called after each file. */
  onProgress?: (done: number, total: number, file: string) => void;
}

/** A document, or why there is none. */
export type LoadedDocument =
  | { document: SourceDocument; failure?: undefined }
  | { failure: DocumentFailure; document?: undefined };

/**
 * Reads the files of a folder with those of the folders in it, or the files and folders of a list, one after the other.
 * Files are in order of their names; hidden ones and `node_modules` are skipped. A file that cannot be read is a
 * failure, and the rest goes on. Sources are relative to the folder, of a list to the folder that all have in common.
 *
 * @throws {Deno.errors.NotFound} when a path that is named here does not exist
 * @throws the signal's reason when it is aborted
 */
export async function* loadDocuments(
  folderOrFiles: string | readonly string[],
  options: LoadDocumentsOptions = {},
): AsyncGenerator<LoadedDocument, void, undefined> {
  const files = await filesOf(folderOrFiles, options.include);
  for (const [index, file] of files.entries()) {
    options.signal?.throwIfAborted();
    const { documents, failures } = await readFile(file, options);
    for (const document of documents) yield { document };
    for (const failure of failures) yield { failure };
    options.onProgress?.(index + 1, files.length, file.name);
  }
}

async function readFile({ path, name }: FoundFile, options: LoadDocumentsOptions): Promise<DocumentReading> {
  const { metadata, signal, untrusted, maxBytes, maxCharacters, maxPages } = options;
  let bytes: Uint8Array;
  try {
    const { isFile, size } = await Deno.stat(path);
    // A device or a pipe behind a link would be read without end.
    if (!isFile) throw new ReadingError("unreadable", "It is neither a file nor a folder that can be opened.");
    assertSize(size, limitsOf(options).maxBytes);
    bytes = await Deno.readFile(path);
  } catch (error) {
    const failure: DocumentFailure = error instanceof ReadingError
      ? { source: name, kind: error.kind, message: error.message }
      : { source: name, kind: "unreadable", message: `The file cannot be opened: ${reasonOf(error)}.` };
    return { documents: [], failures: [failure] };
  }
  const known = typeof metadata === "function" ? metadata(name) : metadata;
  return await readDocument({
    source: name,
    bytes,
    metadata: known,
    untrusted,
    signal,
    maxBytes,
    maxCharacters,
    maxPages,
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is not there (any more), or a link leads nowhere";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}

async function filesOf(folderOrFiles: string | readonly string[], include?: readonly string[]): Promise<FoundFile[]> {
  const paths = typeof folderOrFiles === "string" ? [folderOrFiles] : folderOrFiles;
  const named = await Promise.all(paths.map(async (path) => ({ path: resolve(path), isFile: await isFile(path) })));
  const [only] = named;
  if (named.length === 1 && !only.isFile) return await findFiles(only.path, include);
  const common = commonFolder(named.map(({ path }) => dirname(path)));
  const files = new Map<string, FoundFile>();
  for (const { path, isFile } of named) {
    const found = isFile ? [{ path, name: basename(path) }] : await findFiles(path, include);
    for (const file of found) {
      const name = relative(common, file.path).split(SEPARATOR).join("/");
      files.set(name, { path: file.path, name });
    }
  }
  return [...files.values()];
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `There is no file or folder ${resolve(path)}. Check the path given to loadDocuments.`,
    );
  }
}

function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? "";
  for (const folder of folders) {
    while (folder !== common && !folder.startsWith(common.endsWith(SEPARATOR) ? common : common + SEPARATOR)) {
      common = dirname(common);
    }
  }
  return common;
}
