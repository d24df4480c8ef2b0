/** What holds for every document that a reader makes. */
import assert from "node:assert/strict";
import { type DocumentReading, readDocument, type SourceDocument } from "../../../lib/retrieval/documents/mod.ts";

/** Reads bytes or text, and checks what holds for all documents and failures. */
export async function read(
  source: string,
  contents: Uint8Array | string,
  options: Partial<Parameters<typeof readDocument>[0]> = {},
): Promise<DocumentReading> {
  const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
  const reading = await readDocument({ source, bytes, ...options });
  assert.ok(reading.documents.length + reading.failures.length > 0);
  reading.documents.forEach(assertSoundDocument);
  for (const failure of reading.failures) {
    assert.equal(failure.source, source);
    assert.ok(failure.message.length > 10);
  }
  return reading;
}

/** The one document that comes of these bytes. */
export async function readOne(...parameters: Parameters<typeof read>): Promise<SourceDocument> {
  const { documents, failures } = await read(...parameters);
  assert.deepEqual(failures, []);
  assert.equal(documents.length, 1);
  return documents[0];
}

/** The kinds and texts of a document's blocks. */
export function blocksOf(document: SourceDocument): [kind: string, text: string][] {
  return document.blocks.map(({ kind, start, end }) => [kind, document.text.slice(start, end)]);
}

/** The invariants of the contract. */
export function assertSoundDocument(document: SourceDocument): void {
  const { text, blocks, title, metadata } = document;
  let end = 0;
  for (const block of blocks) {
    assert.ok(block.start >= end && block.end > block.start && block.end <= text.length);
    assert.match(text.slice(end, block.start), /^\s*$/);
    const own = text.slice(block.start, block.end);
    assert.notEqual(own.trim(), "");
    if (block.kind === "heading") assert.equal(block.headings.at(-1), own);
    for (const heading of block.headings) assert.match(heading, /^\S.*$|^\S$/);
    end = block.end;
  }
  assert.equal(text.slice(end), "");
  assert.ok(blocks.length === 0 || blocks[0].start === 0);
  for (const written of [text, title, ...Object.values(metadata)]) {
    assert.ok(written.isWellFormed());
    assert.equal(written, written.normalize("NFC"));
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(written, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  }
  assert.match(title, /^\S(?:.*\S)?$/);
  assert.ok(Object.values(metadata).every((value) => typeof value === "string" && value !== ""));
}
