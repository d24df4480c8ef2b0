/** The files of the page, as the server gives them out. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A file with what its answer says of it. */
export interface PageFile {
  body: Uint8Array<ArrayBuffer>;
  /** The same, compressed. */
  gzip: Uint8Array<ArrayBuffer>;
  contentType: string;
  /** Quoted, as the header carries it. A browser that has the file already asks with `if-none-match`. */
  etag: string;
}

/**
 * The policy that the page works under: nothing but its own files and its own server, no inline script or style, no frame
 * around it. For the header `content-security-policy`; index.html says the same of itself, as far as a file can.
 */
export const PAGE_SECURITY_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const CONTENT_TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

let files: Map<string, PageFile> | undefined;

/**
 * The file at a path of the server, such as `/` or `/main.js`; null where the page has none there. All files are read at the
 * first call: a path is looked up, never put together, so it can lead nowhere else.
 */
export function pageFile(path: string): PageFile | null {
  files ??= readFiles();
  return files.get(path) ?? null;
}

/** Paths of all files, `/` first. */
export function pagePaths(): string[] {
  files ??= readFiles();
  return [...files.keys()];
}

function readFiles(): Map<string, PageFile> {
  const folder = new URL(".", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const read = names.flatMap((name): [string, PageFile][] => {
    const contentType = CONTENT_TYPES[name.slice(name.lastIndexOf(".") + 1)];
    if (contentType === undefined) return [];
    const body = Deno.readFileSync(new URL(name, folder));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    return [[name === "index.html" ? "/" : `/${name}`, { body, gzip: gzipSync(body), contentType, etag }]];
  });
  return new Map(read.sort(([a], [b]) => Number(b === "/") - Number(a === "/")));
}
