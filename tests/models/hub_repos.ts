import { createHash } from "node:crypto";

/** A file in a commit. */
export interface CommittedFile {
  bytes: Uint8Array<ArrayBuffer>;
  isLarge: boolean;
}

/** A repository of the fake hub: branches of commits. */
export interface FakeRepo {
  type: "model" | "dataset";
  name: string;
  private: boolean;
  /** By branch, tag or commit: the commit's sha. */
  refs: Map<string, string>;
  commits: Map<string, { parent: string | undefined; summary: string; files: Map<string, CommittedFile> }>;
  /** Large objects by SHA-256: those that arrived, and those of them that the client had verified. */
  objects: Map<string, Uint8Array<ArrayBuffer>>;
  verified: Set<string>;
}

/** A repository with a first commit, as the hub makes them. */
export function fakeRepo(type: FakeRepo["type"], name: string, isPrivate: boolean): FakeRepo {
  const repo: FakeRepo = {
    type,
    name,
    private: isPrivate,
    refs: new Map(),
    commits: new Map(),
    objects: new Map(),
    verified: new Set(),
  };
  const attributes = new TextEncoder().encode("*.safetensors filter=lfs diff=lfs merge=lfs -text\n");
  commit(repo, "main", "initial commit", new Map([[".gitattributes", { bytes: attributes, isLarge: false }]]));
  return repo;
}

/** Adds a commit on top of a branch, and gives its sha. */
export function commit(repo: FakeRepo, branch: string, summary: string, changes: Map<string, CommittedFile>): string {
  const parent = repo.refs.get(branch);
  const files = new Map([...parent === undefined ? [] : repo.commits.get(parent)!.files, ...changes]);
  const sha = sha1(`${repo.name} ${parent} ${summary} ${repo.commits.size}`);
  repo.commits.set(sha, { parent, summary, files });
  repo.refs.set(branch, sha);
  return sha;
}

/** The files that a branch, a tag or a commit has. */
export function filesAt(repo: FakeRepo, revision: string): Map<string, CommittedFile> | undefined {
  return repo.commits.get(repo.refs.get(revision) ?? revision)?.files;
}

/** How many commits led to what a branch is. */
export function historyOf(repo: FakeRepo, branch: string): string[] {
  const summaries: string[] = [];
  for (let sha = repo.refs.get(branch); sha !== undefined; sha = repo.commits.get(sha)!.parent) {
    summaries.unshift(repo.commits.get(sha)!.summary);
  }
  return summaries;
}

/** What the hub calls the contents of a file: the SHA-256 of large ones, git's own name for the others. */
export function oidOf({ bytes, isLarge }: CommittedFile): string {
  return isLarge ? sha256(bytes) : createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
