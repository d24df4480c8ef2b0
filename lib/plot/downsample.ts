import type { Point } from "./smooth.ts";

/**
 * At most about `limit` points that look like all of them: most at equal distances, which keeps the density of a cloud,
 * and a fifth of them the lowest and the highest of equal stretches, which keeps the spikes. Points must be sorted by
 * step; up to `limit` points come back untouched.
 */
export function keepCloud(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return [...points];
  const kept = new Set(keepEvenly(points, Math.max(2, Math.round(limit * 0.8))));
  const stretches = Math.max(1, Math.round(limit * 0.1));
  for (let stretch = 0; stretch < stretches; stretch++) {
    const start = Math.floor((stretch * points.length) / stretches);
    const end = Math.floor(((stretch + 1) * points.length) / stretches);
    let low = points[start];
    let high = points[start];
    for (let i = start + 1; i < end; i++) {
      if (points[i].value < low.value) low = points[i];
      if (points[i].value > high.value) high = points[i];
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a.step - b.step);
}

/** At most `limit` entries at equal distances, the first and the last among them: enough for a smoothed line. */
export function keepEvenly<T>(entries: readonly T[], limit: number): T[] {
  if (entries.length <= limit) return [...entries];
  return Array.from({ length: limit }, (_, i) => entries[Math.round((i * (entries.length - 1)) / (limit - 1))]);
}
