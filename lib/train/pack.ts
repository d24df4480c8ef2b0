/**
 * Packing a data set: several documents share a row of `maxLength` tokens, so that little of a batch is padding. Each
 * stays a document of its own, which sees no other (`collatePacked`).
 *
 * Best-fit decreasing (Ding et al., arXiv:2404.10830, as in TRL): the longest document first, each into the row where it
 * leaves the least room, the oldest of those if there are several.
 */
import type { TokenizedExample } from "./batch.ts";

/**
 * What becomes of documents that are longer than a row: `"bfd"` cuts off their end; `"bfd_split"` makes several documents
 * of them. Of those each starts at position 0 and sees nothing of the one before; its first token is not trained on.
 */
export type PackingStrategy = "bfd" | "bfd_split";

/** The strategies there are. */
export const PACKING_STRATEGIES: readonly PackingStrategy[] = ["bfd", "bfd_split"];

/** How long rows are, and what becomes of longer documents. */
export interface PackOptions {
  /** Tokens of a row. */
  maxLength: number;
  /** Default `"bfd"`. */
  packingStrategy?: PackingStrategy;
}

/**
 * Packs documents into rows; empty ones are left out.
 *
 * @throws {RangeError} when an option is out of range
 */
export function packExamples(examples: readonly TokenizedExample[], options: PackOptions): TokenizedExample[][] {
  checkPackOptions(options);
  const pieces = examples.flatMap((example) => cutExample(example, options)).filter(({ ids }) => ids.length > 0);
  const rows = bestFitDecreasing(pieces.map(({ ids }) => ids.length), options.maxLength);
  return rows.map((row) => row.map((index) => pieces[index]));
}

/** What becomes of a document: itself if it fits a row, else its beginning or all its parts. Masks are cut along. */
export function cutExample(
  example: TokenizedExample,
  { maxLength, packingStrategy = "bfd" }: PackOptions,
): TokenizedExample[] {
  if (example.ids.length <= maxLength) return [example];
  const count = packingStrategy === "bfd" ? 1 : Math.ceil(example.ids.length / maxLength);
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part * maxLength, (part + 1) * maxLength];
    return { ids: example.ids.slice(from, to), lossMask: example.lossMask.slice(from, to) };
  });
}

/** @throws {RangeError} naming the option */
export function checkPackOptions({ maxLength, packingStrategy = "bfd" }: PackOptions): void {
  if (!Number.isInteger(maxLength) || maxLength < 1) {
    throw new RangeError(`maxLength: expected a positive integer, got ${maxLength}`);
  }
  if (!PACKING_STRATEGIES.includes(packingStrategy)) {
    const known = PACKING_STRATEGIES.map((name) => `"${name}"`).join(" or ");
    throw new RangeError(`packingStrategy: expected ${known}, got ${JSON.stringify(packingStrategy)}`);
  }
}

/**
 * Which lengths share a row: indices, row by row. Takes n log n + n log maxLength steps.
 *
 * @param lengths Each from 1 to `maxLength`.
 * @throws {RangeError} when a length does not fit a row
 */
export function bestFitDecreasing(lengths: readonly number[], maxLength: number): number[][] {
  const wrong = lengths.findIndex((length) => !(Number.isInteger(length) && length >= 1 && length <= maxLength));
  if (wrong >= 0) throw new RangeError(`length ${wrong} is ${lengths[wrong]}: expected 1 to ${maxLength}`);
  const rows: number[][] = [];
  const open = new RowsByRoom(maxLength, lengths.length);
  const longestFirst = lengths.map((_, index) => index).sort((a, b) => lengths[b] - lengths[a]);
  for (const index of longestFirst) {
    const length = lengths[index];
    let { row, room } = open.take(length) ?? { row: -1, room: maxLength };
    if (row < 0) row = rows.push([]) - 1;
    rows[row].push(index);
    room -= length;
    if (room > 0) open.put(row, room);
  }
  return rows;
}

/** Rows that are not full: a queue for each amount of room, and a tree that finds the least room that is enough. */
class RowsByRoom {
  /** A complete binary tree over rooms; each node counts the rows below it. Node 1 is the root. */
  readonly #counts: Int32Array;
  readonly #leaves: number;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;

  constructor(maxRoom: number, rows: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(maxRoom + 1));
    this.#counts = new Int32Array(2 * this.#leaves);
    this.#first = new Int32Array(maxRoom + 1).fill(-1);
    this.#last = new Int32Array(maxRoom + 1).fill(-1);
    this.#next = new Int32Array(rows);
  }

  put(row: number, room: number): void {
    if (this.#first[room] < 0) this.#first[room] = row;
    else this.#next[this.#last[room]] = row;
    this.#last[room] = row;
    this.#next[row] = -1;
    this.#count(room, 1);
  }

  /** Takes out the oldest row with the least room of at least `length`; undefined when there is none. */
  take(length: number): { row: number; room: number } | undefined {
    const room = this.#leastFrom(length);
    if (room < 0) return undefined;
    const row = this.#first[room];
    this.#first[room] = this.#next[row];
    this.#count(room, -1);
    return { row, room };
  }

  #count(room: number, change: number): void {
    for (let node = this.#leaves + room; node >= 1; node >>= 1) this.#counts[node] += change;
  }

  /** The least room with a row from `length` on, or -1. */
  #leastFrom(length: number): number {
    let node = this.#leaves + length;
    // Up, until a subtree further right holds a row; then down to its leftmost one.
    while (this.#counts[node] === 0) {
      while (node % 2 === 1) node >>= 1;
      if (node === 0) return -1;
      node++;
    }
    while (node < this.#leaves) node = this.#counts[2 * node] > 0 ? 2 * node : 2 * node + 1;
    return node - this.#leaves;
  }
}
