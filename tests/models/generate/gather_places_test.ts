import assert from "node:assert/strict";
import { gatherPlaces } from "../../../lib/models/generate/gather_places.ts";

Deno.test("gatherPlaces() takes a row's tokens from all parts, or the first of them, and leaves other rows' alone", () => {
  // Two rows on the device in 4 places of a base and 3 of a block; row 0 is the second of them, with a hole in its base.
  const cache = {
    lengths: Int32Array.of(5),
    parts: [{ layers: [], rows: 2, places: 4 }, { layers: [], rows: 2, places: 3 }],
    placesOf: () => ({ deviceRow: 1, places: [[0, 2, 3], [0, 1]] }),
  };
  const kvHeads = 2;
  const { parts, from } = gatherPlaces(
    [{ cache, row: 0 }, { cache, row: 0, length: 4 }, { cache, row: 0, length: 2 }],
    kvHeads,
    6,
  );
  assert.deepEqual(parts, cache.parts);
  // The base has 2 rows of 2 heads of 4 vectors, 16 in all; the row's heads begin at 8 and 12, in the block at 16 + 6 and 9.
  const heads = [[8, 10, 11, 22, 23], [12, 14, 15, 25, 26]];
  const row = (length: number) =>
    heads.flatMap((vectors) => [...vectors.slice(0, length), ...Array(6 - length).fill(0)]);
  assert.deepEqual([...from], [...row(5), ...row(4), ...row(2)]);
});
