/** Names for what is being written, and clearing away what a killed process left under such names. */
import { createHash } from "node:crypto";
import process from "node:process";
import type { FileSystem } from "./file_system.ts";

/** The folder that holds `path`. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1);
  return end < 0 ? "." : path.slice(0, Math.max(end, 1));
}

/**
 * A name in the same folder (so that a rename stays on one disk), hidden, not taken by another writer, that says who
 * writes: `.NAME.HOST-PROCESS-RANDOM.partial`.
 */
export function temporaryBeside(path: string): string {
  return hiddenBeside(path, `${thisHost()}-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}.partial`);
}

/** Where the folder at `path` waits while its successor takes its place. */
export function previousBeside(path: string): string {
  return hiddenBeside(path, "previous");
}

/** No writer leaves its temporary untouched for so long. */
const ABANDONED_AFTER_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * Removes the temporaries of `path` whose writers are no longer alive: a killed process cannot clean up after itself.
 * Those of living processes stay, and those of other machines on a shared disk for a day. Never throws: a temporary that
 * cannot be removed does no harm.
 */
export async function removeStaleTemporaries(fileSystem: FileSystem, path: string): Promise<void> {
  const folder = folderOf(path);
  const beginning = hiddenBeside(path, "").slice(folder.length + 1);
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith(beginning)) continue;
      const writer = /^([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.partial$/.exec(name.slice(beginning.length));
      if (writer === null) continue;
      const [, host, pid] = writer;
      if (await isStale(`${folder}/${name}`, host, Number(pid))) await fileSystem.remove(`${folder}/${name}`);
    }
  } catch {
    // The write that follows tells what is wrong with the folder, if it matters.
  }
}

async function isStale(temporary: string, host: string, pid: number): Promise<boolean> {
  const touchedAt = (await Deno.stat(temporary)).mtime?.getTime() ?? Date.now();
  if (Date.now() - touchedAt > ABANDONED_AFTER_MILLISECONDS) return true;
  if (host !== thisHost()) return false;
  // In a container each process may get the number that the killed one had.
  if (pid === Deno.pid) return touchedAt < performance.timeOrigin - 1000;
  return !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without the right to ask, or when the process is another user's, there is one or may be one.
    return (error as { code?: unknown }).code !== "ESRCH";
  }
}

let host: string | undefined;

/** Eight characters that stand for this machine in the names of temporaries. */
function thisHost(): string {
  if (host === undefined) {
    let name = "";
    try {
      name = Deno.hostname();
    } catch {
      // Not allowed to know: all such processes count as one machine.
    }
    host = createHash("sha256").update(name).digest("hex").slice(0, 8);
  }
  return host;
}

function hiddenBeside(path: string, suffix: string): string {
  const folder = folderOf(path);
  const name = path.slice(path.startsWith(folder) ? folder.length : 0).replace(/^[/\\]/, "");
  return `${folder}/.${name}.${suffix}`;
}
