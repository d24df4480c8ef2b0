import { GgufError, quote } from "./format.ts";
import {
  type GgufNumbers,
  type GgufNumberType,
  type GgufScalarType,
  type GgufValue,
  numberArrays,
  valueTypeIds,
} from "./metadata_values.ts";
import type { HeaderWindow } from "./read_window.ts";

const typeNames = new Map(Object.entries(valueTypeIds).map(([name, id]) => [id, name as GgufScalarType | "array"]));

/**
 * Reads a value of the metadata, type and all.
 *
 * @throws {GgufError} when its type is none of GGUF's, an array of arrays, or the file has no room for it
 */
export async function readValue(window: HeaderWindow, key: string): Promise<GgufValue> {
  const type = await readType(window, key);
  if (type !== "array") return await readScalar(window, type, key);
  const items = await readType(window, key);
  if (items === "array") {
    throw new GgufError(window.path, `metadata ${quote(key)} is an array of arrays, which is not read here.`);
  }
  await window.need(8, `the length of metadata ${quote(key)}`);
  const length = window.u64();
  if (items === "string") return { type: "array", items, values: await readTexts(window, length, key) };
  const itemBytes = items === "bool" ? 1 : numberArrays[items].BYTES_PER_ELEMENT;
  const what = `metadata ${quote(key)}, ${length} of ${items}`;
  await window.need(length * itemBytes, what);
  const bytes = window.bytes(length * itemBytes).slice();
  if (items !== "bool") return { type: "array", items, values: new numberArrays[items](bytes.buffer) } as GgufNumbers;
  return { type: "array", items, values: Array.from(bytes, (byte) => toBool(window.path, key, byte)) };
}

async function readType(window: HeaderWindow, key: string): Promise<GgufScalarType | "array"> {
  await window.need(4, `the type of metadata ${quote(key)}`);
  const id = window.u32();
  const type = typeNames.get(id);
  if (type === undefined) {
    throw new GgufError(
      window.path,
      `damaged: metadata ${quote(key)} has a type with the number ${id}; expected 0 to 12. Fetch the file again.`,
    );
  }
  return type;
}

async function readScalar(window: HeaderWindow, type: GgufScalarType, key: string): Promise<GgufValue> {
  if (type === "string") return { type, value: await window.text(`metadata ${quote(key)}`) };
  const length = type === "bool" ? 1 : numberArrays[type].BYTES_PER_ELEMENT;
  await window.need(length, `metadata ${quote(key)}`);
  const bytes = window.bytes(length).slice();
  if (type === "bool") return { type, value: toBool(window.path, key, bytes[0]) };
  return numberValue(type, bytes.buffer);
}

function numberValue(type: GgufNumberType, buffer: ArrayBuffer): GgufValue {
  return { type, value: new numberArrays[type](buffer)[0] } as GgufValue;
}

function toBool(path: string, key: string, byte: number): boolean {
  if (byte > 1) {
    throw new GgufError(path, `damaged: metadata ${quote(key)} has a boolean ${byte}; expected 0 or 1.`);
  }
  return byte === 1;
}

async function readTexts(window: HeaderWindow, length: number, key: string): Promise<string[]> {
  // Each has at least a length of its own.
  if (length * 8 > window.left) window.check(length * 8, `metadata ${quote(key)}, ${length} of string,`);
  const what = `an item of metadata ${quote(key)}`;
  const texts: string[] = [];
  for (let i = 0; i < length; i++) texts.push(window.textAtOnce(what) ?? await window.text(what));
  return texts;
}
