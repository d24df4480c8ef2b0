/** What can be asked of the hub and its storage. */
export type Step =
  | ("info" | "create" | "branch" | "validate" | "preupload" | "batch" | "put" | "complete" | "verify" | "commit")
  | "resolve";

/** An answer that is none of success. */
export class Refused extends Error {
  constructor(readonly status: number, readonly words: string, readonly code?: string) {
    super(words);
  }
}

const LARGE_BYTES = 50_000;

/** What came, before it is looked at. */
export type Json = Record<string, unknown>;

/** The JSON of a request. */
export function json(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Refuses what is not as the protocol has it; the client did something wrong. */
export function check(isSo: boolean, what: string): void {
  if (!isSo) throw new Refused(400, `not as it should be: ${what}`);
}

/** Whether it may be a file's path in a repository. */
export function isPath(path: unknown): boolean {
  return typeof path === "string" && path.split("/").every((part) => !["", ".", ".."].includes(part));
}

/** Whether the hub wants a file in its storage. */
export function isLarge(path: string, size: number): boolean {
  return path.endsWith(".safetensors") || size >= LARGE_BYTES;
}

/** What a request asks for. */
export function stepOf(host: "hub" | "storage", method: string, { pathname }: URL): Step | undefined {
  if (host === "storage") return method === "PUT" ? "put" : method === "GET" ? "resolve" : undefined;
  if (method === "GET" && pathname.includes("/revision/")) return "info";
  if ((method === "GET" || method === "HEAD") && pathname.includes("/resolve/")) return "resolve";
  if (method !== "POST") return undefined;
  if (pathname === "/api/repos/create") return "create";
  if (pathname === "/api/validate-yaml") return "validate";
  if (pathname === "/api/complete_multipart") return "complete";
  if (pathname.endsWith(".git/info/lfs/objects/batch")) return "batch";
  if (pathname.endsWith(".git/info/lfs/verify")) return "verify";
  return (["preupload", "commit", "branch"] as const).find((each) => pathname.includes(`/${each}/`));
}
