/** Resident memory of this process now, and the highest it ever was where the system tells (Linux). */
export function residentBytes(): { now: number; highest: number } {
  const now = Deno.memoryUsage().rss;
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    return { now, highest: Number(status.match(/VmHWM:\s+(\d+) kB/)![1]) * 1024 };
  } catch {
    return { now, highest: now };
  }
}
