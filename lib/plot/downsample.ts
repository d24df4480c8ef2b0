/**
 * The points that a drawing `columns` pixels wide can show: from each column the first, the lowest, the highest and the
 * last, so that no spike is lost and the line runs where it ran. Points must be sorted by `x`.
 *
 * ```ts
 * keepExtremes(points, 300).length <= 1200;
 * ```
 *
 * @param columns how many equal parts of the range of `x`
 */
export function keepExtremes<T extends { readonly x: number; readonly value: number }>(
  points: readonly T[],
  columns: number,
): T[] {
  if (points.length <= 2 * columns) return [...points];
  const from = points[0].x;
  const width = (points[points.length - 1].x - from) / columns || 1;
  const kept: T[] = [];
  for (let start = 0; start < points.length;) {
    const column = columnOf(points[start].x);
    let end = start + 1;
    let low = start;
    let high = start;
    for (; end < points.length && columnOf(points[end].x) === column; end++) {
      if (points[end].value < points[low].value) low = end;
      if (points[end].value > points[high].value) high = end;
    }
    const indices = new Set([start, Math.min(low, high), Math.max(low, high), end - 1]);
    for (const index of indices) kept.push(points[index]);
    start = end;
  }
  return kept;

  function columnOf(x: number): number {
    return Math.min(columns - 1, Math.floor((x - from) / width));
  }
}
