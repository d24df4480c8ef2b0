/** Which libraries a Linux library needs, read from the library itself. */
import { closeSync, openSync, readSync } from "node:fs";

/** Kinds of program headers and of entries in the dynamic section (the ELF-64 object file format, version 1.5, tables 16 and 20). */
const [PT_LOAD, PT_DYNAMIC] = [1, 2];
const [DT_NULL, DT_NEEDED, DT_STRTAB, DT_STRSZ] = [0, 1, 5, 10];

/**
 * Names of the libraries that the loader must find before it can load this one, in the order it looks for them.
 *
 * @param path A 64-bit little-endian ELF file.
 * @throws When it is something else, naming the file.
 */
export function neededLibraries(path: string): string[] {
  const file = openSync(path, "r");
  try {
    return readNeeded((position, length) => {
      const bytes = new Uint8Array(length);
      if (length > 2 ** 24 || readSync(file, bytes, 0, length, position) !== length) throw new Error("it is cut off");
      return new DataView(bytes.buffer);
    });
  } catch (error) {
    throw new Error(`${path} is no library that can be read: ${(error as Error).message}`);
  } finally {
    closeSync(file);
  }
}

function readNeeded(read: (position: number, length: number) => DataView): string[] {
  const header = read(0, 64);
  const number = (view: DataView, at: number) => Number(view.getBigUint64(at, true));
  // The four bytes that start every ELF file, then 2 for 64 bits and 1 for little-endian.
  if (header.getUint32(0) !== 0x7f454c46 || header.getUint16(4) !== 0x0201) {
    throw new Error("expected a 64-bit little-endian ELF file");
  }
  const [size, count] = [header.getUint16(54, true), header.getUint16(56, true)];
  const table = read(number(header, 32), size * count);
  const segments = Array.from({ length: count }, (_, at) => ({
    type: table.getUint32(at * size, true),
    offset: number(table, at * size + 8),
    address: number(table, at * size + 16),
    length: number(table, at * size + 32),
  }));
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) return [];
  const entries = read(dynamic.offset, dynamic.length);
  const values = new Map<number, number[]>();
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = number(entries, at);
    if (tag === DT_NULL) break;
    values.set(tag, [...values.get(tag) ?? [], number(entries, at + 8)]);
  }
  const [address = 0] = values.get(DT_STRTAB) ?? [];
  const [length = 0] = values.get(DT_STRSZ) ?? [];
  const loaded = segments.find((segment) =>
    segment.type === PT_LOAD && segment.address <= address && address < segment.address + segment.length
  );
  if (!loaded) throw new Error("its names are not in any segment");
  const names = new Uint8Array(read(address - loaded.address + loaded.offset, length).buffer);
  return (values.get(DT_NEEDED) ?? []).map((start) => {
    return new TextDecoder().decode(names.subarray(start, names.indexOf(0, start)));
  });
}
