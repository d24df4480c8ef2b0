/** How much memory a process may still take. */

/**
 * Where Linux says what a container may have: control groups, version 2 and 1. What is used includes files that were read,
 * such as a checkpoint; of those, `cached` can be dropped at once when memory is wanted.
 */
const LIMITS = [
  { limit: "memory.max", used: "memory.current", statistics: "memory.stat", cached: "inactive_file" },
  {
    limit: "memory/memory.limit_in_bytes",
    used: "memory/memory.usage_in_bytes",
    statistics: "memory/memory.stat",
    cached: "total_inactive_file",
  },
];

/**
 * Bytes that the machine has to spare, or the container that the process runs in if that is less.
 *
 * @param groups The folder of the control groups.
 */
export function availableMemory(groups = "/sys/fs/cgroup"): number {
  let available = Deno.systemMemoryInfo().available;
  for (const { limit, used, statistics, cached } of LIMITS) {
    const [most, now] = [bytesIn(read(`${groups}/${limit}`)), bytesIn(read(`${groups}/${used}`))];
    if (most === null || now === null) continue;
    const droppable = bytesIn(read(`${groups}/${statistics}`)?.match(new RegExp(`^${cached} (\\d+)$`, "m"))?.[1]) ?? 0;
    available = Math.min(available, Math.max(0, most - Math.max(0, now - droppable)));
  }
  return available;
}

/** A file's text; undefined where there is no such file. */
function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** A number of bytes; null where there is none, or "max", which means that there is no limit. */
function bytesIn(text: string | undefined): number | null {
  const bytes = Number(text ?? NaN);
  return Number.isFinite(bytes) ? bytes : null;
}
