/** Builds GGUF files piece by piece, wrong ones too. */

export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
export const u64 = (value: number | bigint): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

/** A text after its length, or after another one. */
export function text(value: string | Uint8Array, length?: number | bigint): Uint8Array {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return join(u64(length ?? bytes.length), bytes);
}

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export interface FileParts {
  magic?: string;
  version?: number;
  /** Bytes of entries, and how many they are said to be. */
  entries?: Uint8Array[];
  entryCount?: number | bigint;
  tensors?: Uint8Array[];
  tensorCount?: number | bigint;
  /** Zeros after the header, which itself is filled up to 32. */
  dataBytes?: number;
}

/** A whole file. */
export function fileOf(parts: FileParts): Uint8Array<ArrayBuffer> {
  const { entries = [], tensors = [], magic = "GGUF", version = 3, dataBytes = 0 } = parts;
  const header = join(
    new TextEncoder().encode(magic),
    u32(version),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.entryCount ?? entries.length),
    ...entries,
    ...tensors,
  );
  return join(header, new Uint8Array(-header.length & 31), new Uint8Array(dataBytes));
}

/** An entry: its key, its type's number, its value. */
export const entry = (key: string, type: number, ...value: Uint8Array[]): Uint8Array =>
  join(text(key), u32(type), ...value);

/** A tensor of a type's number, its shape as ggml has it. */
export const tensor = (
  name: string,
  shape: readonly (number | bigint)[],
  type: number,
  offset: number | bigint,
): Uint8Array => join(text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
