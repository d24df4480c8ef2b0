import { maskedCrc32c } from "./crc32c.ts";

/**
 * Frames bytes as a TFRecord: length (8 bytes), its masked CRC-32C (4), the bytes, their masked CRC-32C (4); numbers
 * little-endian. Readers take a file up to the first record that is cut off.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(12 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}
