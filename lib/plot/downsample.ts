import type { Point } from "./smooth.ts";

/**
 * At most `limit` points that keep what the eye looks for: each of `limit / 2` equal stretches of the curve gives its
 * lowest and its highest point. Points must be sorted by step; up to `limit` points come back untouched.
 */
export function keepExtremes(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return [...points];
  const buckets = Math.max(1, Math.floor(limit / 2));
  const kept: Point[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * points.length) / buckets);
    const end = Math.floor(((bucket + 1) * points.length) / buckets);
    let low = start;
    let high = start;
    for (let i = start + 1; i < end; i++) {
      if (points[i].value < points[low].value) low = i;
      if (points[i].value > points[high].value) high = i;
    }
    kept.push(points[Math.min(low, high)]);
    if (low !== high) kept.push(points[Math.max(low, high)]);
  }
  return kept;
}

/** At most `limit` entries at equal distances, the first and the last among them: enough for a smoothed line. */
export function keepEvenly<T>(entries: readonly T[], limit: number): T[] {
  if (entries.length <= limit) return [...entries];
  return Array.from({ length: limit }, (_, i) => entries[Math.round((i * (entries.length - 1)) / (limit - 1))]);
}
