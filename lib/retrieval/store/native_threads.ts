/**
 * Threads enough for LanceDB's own work. Its pool has two threads fewer than the machine has cores, and where that leaves one,
 * writing a full-text index can wait for itself for ever: what writes posting lists holds the thread that has to encode them
 * (lancedb #3568; seen here on two cores from 30,000 passages on). It is read once, at the first work, so it has to be set
 * before. What somebody has set is left alone.
 */
export function spareNativeThreads(): void {
  // Half of them write lists at most, so that there is always one that encodes.
  const threads = Math.max(4, navigator.hardwareConcurrency);
  setUnlessSet("LANCE_CPU_THREADS", threads);
  setUnlessSet("LANCE_FTS_NUM_SHARDS", Math.floor(threads / 2));
}

function setUnlessSet(name: string, value: number): void {
  if (Deno.env.get(name) === undefined) Deno.env.set(name, String(value));
}
