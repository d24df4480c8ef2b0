/** Where a table may lie. */
import { fileURLToPath } from "node:url";

/** Where LanceDB keeps tables. */
export interface Location {
  kind: "folder" | "memory" | "s3" | "gs" | "az";
  /** As LanceDB takes it. */
  uri: string;
}

/** 3 to 63 lower-case letters, digits, dots and hyphens: Amazon's rules, which hold Google's and Azure's names too. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

/** Object stores, by their URLs' beginnings. */
const STORES: readonly string[] = ["s3", "gs", "az"] satisfies Location["kind"][];

/** Whether a table lies in an object store: on a network, with credentials. */
export function isObjectStore({ kind }: Location): boolean {
  return STORES.includes(kind);
}

/**
 * Reads a location: a folder (a path, or a `file://` URL), `memory://`, `s3://bucket/prefix` (Amazon's and everybody's who
 * speaks its protocol), `gs://bucket/prefix` (Google's), or `az://container/prefix` (Azure's).
 *
 * @throws {TypeError} naming the location, when it is none of these
 */
export function parseLocation(uri: string): Location {
  const fail = (why: string): never => {
    throw new TypeError(
      `uri "${uri}": ${why}; expected a folder such as "outputs/library", "memory://", "s3://bucket/prefix", "gs://bucket/prefix", or ` +
        `"az://container/prefix"`,
    );
  };
  if (uri.trim() === "") fail("it is empty");
  // deno-lint-ignore no-control-regex
  if (/[\0-\x1f\x7f]/.test(uri)) fail("it holds a control character, which LanceDB would write otherwise than it is");
  if (uri === "memory://") return { kind: "memory", uri };
  const scheme = SCHEME.exec(uri)?.[1].toLowerCase();
  if (scheme === undefined) return { kind: "folder", uri };
  if (scheme === "file") return { kind: "folder", uri: fileURLToPath(uri) };
  if (!STORES.includes(scheme)) return fail(`tables cannot lie at ${scheme}://`);
  const [bucket, ...prefix] = uri.slice(scheme.length + "://".length).split("/");
  if (!BUCKET.test(bucket) || bucket.includes("..")) fail(`"${bucket}" is no name of a bucket`);
  if (prefix.some((part) => part === "." || part === "..") || /[?#]/.test(uri)) fail("its prefix is no plain path");
  return { kind: scheme as Location["kind"], uri };
}

/**
 * Checks a table's name: it becomes a folder's.
 *
 * @throws {TypeError} naming it
 */
export function checkTableName(name: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name)) return;
  throw new TypeError(
    `table name "${name}": expected 1 to 100 letters, digits, "_", "-" and ".", the first a letter, a digit or "_"`,
  );
}
