/** Reads event files as TensorBoard does: records up to the first that is cut off, checksums checked. */
import assert from "node:assert/strict";
import { maskedCrc32c } from "../../lib/tensorboard/crc32c.ts";
import { type EventMessage, eventType } from "../../lib/tensorboard/event.ts";

/** The records of a file; what a crash cut off at its end is left out. */
export function readRecords(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let offset = 0; offset + 16 <= bytes.length;) {
    const length = Number(view.getBigUint64(offset, true));
    assert.equal(view.getUint32(offset + 8, true), maskedCrc32c(bytes.subarray(offset, offset + 8)), "length's CRC");
    if (offset + 16 + length > bytes.length) break;
    const data = bytes.subarray(offset + 12, offset + 12 + length);
    assert.equal(view.getUint32(offset + 12 + length, true), maskedCrc32c(data), "data's CRC");
    records.push(data);
    offset += 16 + length;
  }
  return records;
}

/** The events of a file. */
export async function readEvents(path: string): Promise<EventMessage[]> {
  return readRecords(await Deno.readFile(path)).map(decodeEvent);
}

/** The event in some bytes. */
export function decodeEvent(bytes: Uint8Array): EventMessage {
  return eventType.toObject(eventType.decode(bytes), { longs: Number }) as EventMessage;
}

/** Numbers by tag, as steps and values in the order of the file. */
export function scalarsOf(events: readonly EventMessage[]): Record<string, [step: number, value: number][]> {
  const scalars: Record<string, [number, number][]> = {};
  for (const { step = 0, summary } of events) {
    for (const { tag, simpleValue } of summary?.value ?? []) {
      if (simpleValue !== undefined) (scalars[tag] ??= []).push([step, simpleValue]);
    }
  }
  return scalars;
}

/** Paths of a folder's event files in the order in which TensorBoard reads them. */
export function eventFilesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).sort();
}

/** What TensorBoard shows of a folder's numbers: a later file's start takes back what came from its step on. */
export async function shownScalars(folder: string): Promise<Record<string, [step: number, value: number][]>> {
  let shown: EventMessage[] = [];
  for (const path of eventFilesIn(folder)) {
    for (const event of await readEvents(path)) {
      if (event.sessionLog) shown = shown.filter(({ step = 0 }) => step < (event.step ?? 0));
      else shown.push(event);
    }
  }
  return scalarsOf(shown);
}
