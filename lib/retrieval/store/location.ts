/** Where a table may lie. */
import { fileURLToPath } from "node:url";

/** Where LanceDB keeps tables. */
export interface Location {
  kind: "folder" | "memory" | "s3";
  /** As LanceDB takes it. */
  uri: string;
}

/** 3 to 63 lower-case letters, digits, dots and hyphens, as Amazon's naming rules have it. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

/**
 * Reads a location: a folder (a path, or a `file://` URL), `memory://`, or `s3://bucket/prefix`.
 *
 * @throws {TypeError} naming the location, when it is none of these
 */
export function parseLocation(uri: string): Location {
  const fail = (why: string): never => {
    throw new TypeError(
      `uri "${uri}": ${why}; expected a folder such as "outputs/library", "memory://", or "s3://bucket/prefix"`,
    );
  };
  if (uri.trim() === "") fail("it is empty");
  // deno-lint-ignore no-control-regex
  if (/[\0-\x1f\x7f]/.test(uri)) fail("it holds a control character, which LanceDB would write otherwise than it is");
  if (uri === "memory://") return { kind: "memory", uri };
  const scheme = SCHEME.exec(uri)?.[1].toLowerCase();
  if (scheme === undefined) return { kind: "folder", uri };
  if (scheme === "file") return { kind: "folder", uri: fileURLToPath(uri) };
  if (scheme !== "s3") return fail(`tables cannot lie at ${scheme}://`);
  const [bucket, ...prefix] = uri.slice("s3://".length).split("/");
  if (!BUCKET.test(bucket) || bucket.includes("..")) fail(`"${bucket}" is no name of a bucket`);
  if (prefix.some((part) => part === "." || part === "..") || /[?#]/.test(uri)) fail("its prefix is no plain path");
  return { kind: "s3", uri };
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
