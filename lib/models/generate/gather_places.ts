/** Which vectors of several caches on a device make the rows of a new one. */
import type { KeysAndValues } from "./device_cache_programs.ts";

/** Some places of a cache, in all of its rows. */
export interface CachePart {
  /** Each layer's keys and values there. */
  layers: readonly KeysAndValues[];
  rows: number;
  places: number;
}

/** A row of a cache that is gathered from. */
export interface PlacedRow {
  cache: {
    readonly lengths: Int32Array;
    readonly parts: readonly CachePart[];
    placesOf(row: number): { deviceRow: number; places: readonly (readonly number[])[] };
  };
  row: number;
  /** Only so many of its tokens, the first. Default: all. */
  length?: number;
}

/**
 * Lays out rows without holes.
 *
 * @param places Tokens that each row has room for; room that stays free is filled with any vector.
 * @returns The parts to gather from, and `from` [rows, kvHeads, places]: the number of each vector among those of all
 *   parts [rows, kvHeads, places], one part after the other.
 */
export function gatherPlaces(
  rows: readonly PlacedRow[],
  kvHeads: number,
  places: number,
): { parts: CachePart[]; from: Int32Array<ArrayBuffer> } {
  const parts: CachePart[] = [];
  const firstVectors = new Map<PlacedRow["cache"], number[]>();
  let vectors = 0;
  for (const cache of new Set(rows.map(({ cache }) => cache))) {
    firstVectors.set(
      cache,
      cache.parts.map((part) => {
        const first = vectors;
        parts.push(part);
        vectors += part.rows * kvHeads * part.places;
        return first;
      }),
    );
  }
  const from = new Int32Array(rows.length * kvHeads * places);
  rows.forEach(({ cache, row, length = places }, newRow) => {
    const { deviceRow, places: ofParts } = cache.placesOf(row);
    for (let head = 0; head < kvHeads; head++) {
      let target = (newRow * kvHeads + head) * places;
      const end = target + length;
      cache.parts.forEach((part, position) => {
        const first = firstVectors.get(cache)![position] + (deviceRow * kvHeads + head) * part.places;
        for (const place of ofParts[position].slice(0, end - target)) from[target++] = first + place;
      });
    }
  });
  return { parts, from };
}
