/** How much memory a process may still take. */

/** Where Linux says what a container may have: control groups, version 2 and 1. */
const LIMITS = [
  { limit: "memory.max", used: "memory.current" },
  { limit: "memory/memory.limit_in_bytes", used: "memory/memory.usage_in_bytes" },
];

/**
 * Bytes that the machine has to spare, or the container that the process runs in if that is less.
 *
 * @param groups The folder of the control groups.
 */
export function availableMemory(groups = "/sys/fs/cgroup"): number {
  let available = Deno.systemMemoryInfo().available;
  for (const { limit, used } of LIMITS) {
    const [most, now] = [readBytes(`${groups}/${limit}`), readBytes(`${groups}/${used}`)];
    if (most !== null && now !== null) available = Math.min(available, Math.max(0, most - now));
  }
  return available;
}

/** A file's number; null where there is no such file or it says that there is no limit. */
function readBytes(path: string): number | null {
  try {
    const bytes = Number(Deno.readTextFileSync(path));
    return Number.isFinite(bytes) ? bytes : null;
  } catch {
    return null;
  }
}
