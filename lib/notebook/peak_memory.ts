/** How much memory this process has needed. */

let seen = 0;

/**
 * The largest resident memory of this process so far, in bytes. On Linux the system keeps count; elsewhere it is the
 * largest that was found when this was called. Memory of a graphics card is not in it.
 */
export function peakMemory(): number {
  seen = Math.max(seen, Deno.memoryUsage().rss, highWaterMark());
  return seen;
}

function highWaterMark(): number {
  if (Deno.build.os !== "linux") return 0;
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    // Not allowed to read it.
    return 0;
  }
}

/** Bytes as a reader likes them: 512 MB, 1.4 GB. */
export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
