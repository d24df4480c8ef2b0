/** Damage to bytes, as disks, networks and strangers do it. */
import type { Random } from "../../lib/random/mod.ts";

/** One of a list. */
export function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(0, items.length - 1)];
}

/** Bytes that are not UTF-8 by themselves, end texts, or mean something in JSON and Jinja. */
const telling = [0x00, 0x22, 0x2c, 0x2d, 0x30, 0x39, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xed, 0xff];

const damages: ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  function flipBit(bytes, random) {
    const copy = bytes.slice();
    copy[random.integer(0, copy.length - 1)] ^= 1 << random.integer(0, 7);
    return copy;
  },
  function overwrite(bytes, random) {
    const copy = bytes.slice();
    copy[random.integer(0, copy.length - 1)] = random.chance(0.5) ? oneOf(random, telling) : random.integer(0, 255);
    return copy;
  },
  function overwriteLength(bytes, random) {
    const copy = bytes.slice();
    for (let i = 0; i < Math.min(8, copy.length); i++) if (random.chance(0.3)) copy[i] = random.integer(0, 255);
    return copy;
  },
  function cutEnd(bytes, random) {
    return bytes.slice(0, random.integer(0, bytes.length - 1));
  },
  function cutMiddle(bytes, random) {
    const at = random.integer(0, bytes.length - 1);
    return joined(bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 40)));
  },
  function insert(bytes, random) {
    const at = random.integer(0, bytes.length);
    const added = Uint8Array.from({ length: random.integer(1, 8) }, () => oneOf(random, telling));
    return joined(bytes.subarray(0, at), added, bytes.subarray(at));
  },
  function repeat(bytes, random) {
    const at = random.integer(0, bytes.length - 1);
    const part = bytes.subarray(at, at + random.integer(1, 60));
    return joined(bytes.subarray(0, at), part, part, bytes.subarray(at + part.length));
  },
  function splice(bytes, random) {
    const from = random.integer(0, bytes.length - 1);
    const at = random.integer(0, bytes.length - 1);
    const part = bytes.subarray(from, from + random.integer(1, 60));
    return joined(bytes.subarray(0, at), part, bytes.subarray(Math.min(bytes.length, at + part.length)));
  },
];

/** Bytes damaged in one to four places. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let damaged = bytes;
  for (let left = random.integer(1, 4); left > 0 && damaged.length > 0; left--) {
    damaged = oneOf(random, damages)(damaged, random);
  }
  return damaged;
}

/** Bytes one after the other. */
export function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
