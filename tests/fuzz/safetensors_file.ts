/** Safetensors files made and checked by their specification alone, without the code that is tested. */
import assert from "node:assert/strict";
import type { SafetensorsFile } from "../../lib/models/safetensors.ts";
import type { Random } from "../../lib/random/mod.ts";
import { joined, oneOf } from "./mutate_bytes.ts";
import type { Json } from "./mutate_json.ts";

const sizes: Record<string, number> = {
  I64: 8,
  F64: 8,
  F32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A header's JSON with the bytes it describes. */
export interface Layout {
  header: { [key: string]: Json };
  data: Uint8Array;
}

/** Some small tensors without gaps, as any writer might lay them out. */
export function randomLayout(random: Random): Layout {
  const header: Layout["header"] = random.chance(0.5) ? { __metadata__: { format: "pt" } } : {};
  let end = 0;
  for (let i = random.integer(0, 5); i > 0; i--) {
    const dtype = oneOf(random, Object.keys(sizes));
    const shape = Array.from({ length: random.integer(0, 3) }, () => random.integer(0, 4));
    const bytes = shape.reduce((product, size) => product * size, sizes[dtype]);
    header[`model.layers.${i}.weight`] = { dtype, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  return { header, data: Uint8Array.from({ length: end }, () => random.integer(0, 255)) };
}

/** The bytes of a file; its length field may lie. */
export function fileBytes(header: string, data: Uint8Array, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  return joined(start, json, data);
}

/**
 * Checks what a reader made of a file against its bytes: every tensor's shape and dtype give its bytes, the tensors lie
 * one after the other from the header's end to the file's, and reading gives those bytes.
 */
export async function checkFile(file: SafetensorsFile, bytes: Uint8Array): Promise<void> {
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes));
  const header: Record<string, unknown> = JSON.parse(text);
  assert.equal(keysOfText(text), keysOfValue(header), "a key stands twice");
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  assert.deepEqual([...file.names].sort(), names.sort());
  let end = 8 + headerBytes;
  for (const name of file.names) {
    const { dtype, shape, byteOffset, byteLength } = file.info(name);
    const entry = header[name] as { dtype: string; shape: number[]; data_offsets: number[] };
    assert.deepEqual([dtype, [...shape]], [entry.dtype, entry.shape.map(plusZero)]);
    const expected = shape.reduce((product, size) => product * BigInt(size), BigInt(sizes[dtype]));
    assert.equal(BigInt(byteLength), expected);
    assert.equal(byteOffset, end);
    assert.deepEqual(entry.data_offsets.map(plusZero), [end - 8 - headerBytes, end - 8 - headerBytes + byteLength]);
    end += byteLength;
    const { buffer } = await file.read(name);
    assert.ok(equal(new Uint8Array(buffer), bytes.subarray(byteOffset, end)), `${name} is not the file's bytes`);
    if (["F64", "F32", "F16", "BF16"].includes(dtype)) {
      assert.equal((await file.readF32(name)).length, byteLength / sizes[dtype]);
    }
  }
  assert.equal(end, bytes.length);
  assert.ok(Object.values(file.metadata).every((value) => typeof value === "string"));
}

/** Keys in JSON text: strings with a colon after them. */
export function keysOfText(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/g)].filter(([, colon]) => colon !== "").length;
}

/** Keys of all objects in a value, which may be nested deep. */
export function keysOfValue(value: unknown): number {
  let count = 0;
  const open = [value];
  while (open.length > 0) {
    const inside = open.pop();
    if (typeof inside !== "object" || inside === null) continue;
    if (!Array.isArray(inside)) count += Object.keys(inside).length;
    for (const each of Object.values(inside)) open.push(each);
  }
  return count;
}

/** JSON has a -0, which is 0 to everybody but a strict comparison. */
function plusZero(value: number): number {
  return value + 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
