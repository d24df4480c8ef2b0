/** Documents in passages that an embedder reads whole. */
import { createHash } from "node:crypto";
import type { DocumentBlock, SourceDocument } from "../documents/mod.ts";
import type { Embedder } from "../embed/mod.ts";
import type { Chunk } from "./chunk.ts";
import { embeddedText } from "./embedded_text.ts";
import { fitting, type Piece, piecesOf, type Section, sectionsOf } from "./pieces.ts";

/** Options of `chunkDocument`. */
export interface ChunkOptions {
  /**
   * Tokens of a chunk as the embedder reads it, with title, headings and special tokens. Default 256, or what the embedder reads
   * if that is less. Where title and headings leave less than 32 tokens for text, it gets 32 all the same, as long as
   * the embedder reads them.
   */
  chunkTokens?: number;
  /** Tokens of a chunk that stand in the one before too, to the nearest whole sentence. Default a tenth of `chunkTokens`. */
  overlapTokens?: number;
}

/** Tokens that a text gets beside a long title. */
const LEAST_ROOM = 32;

/**
 * Cuts a document into chunks: never across headings; between paragraphs where that leaves a chunk at least half full, else
 * between sentences; inside a sentence, between its words, and inside a word only where nothing else fits. Lines of tables
 * and code stay whole where they fit. Every character but white space is in a chunk, and no chunk is longer than
 * the embedder reads.
 *
 * @throws {RangeError} when the options do not fit the embedder, or the embedder reads too little for a single character
 */
export function chunkDocument(
  document: SourceDocument,
  embedder: Pick<Embedder, "countTokens" | "description">,
  options: ChunkOptions = {},
): Chunk[] {
  const { maxTokens, name } = embedder.description;
  const { chunkTokens = Math.min(256, maxTokens) } = options;
  const { overlapTokens = Math.round(chunkTokens / 10) } = options;
  if (!Number.isInteger(chunkTokens) || chunkTokens < 1 || chunkTokens > maxTokens) {
    throw new RangeError(`chunkTokens: expected 1 to ${maxTokens}, which ${name} reads, got ${chunkTokens}`);
  }
  if (!Number.isInteger(overlapTokens) || overlapTokens < 0 || overlapTokens > chunkTokens / 2) {
    throw new RangeError(`overlapTokens: expected 0 to half of chunkTokens (${chunkTokens}), got ${overlapTokens}`);
  }
  const around = embedder.countTokens("");
  const count = (text: string) => embedder.countTokens(text) - around;
  return sectionsOf(document).flatMap((section) => {
    const { title } = document;
    const place = embedder.countTokens(embeddedText({ title, headings: section.headings, text: "" }));
    const limit = Math.min(maxTokens, Math.max(chunkTokens, place + LEAST_ROOM));
    const packing: Packing = { document, embedder, limit, room: Math.max(1, limit - place), overlapTokens, count };
    return packSection(section, packing);
  });
}

interface Packing {
  document: SourceDocument;
  embedder: Pick<Embedder, "countTokens" | "description">;
  /** Of a chunk with all that stands around it. */
  limit: number;
  /** Of a chunk's text. */
  room: number;
  overlapTokens: number;
  count: (text: string) => number;
}

/** A piece and the block it stands in. */
interface PlacedPiece extends Piece {
  block: DocumentBlock;
}

function packSection(section: Section, packing: Packing): Chunk[] {
  const pieces = placedPieces(section, packing);
  const chunks: Chunk[] = [];
  let before = 0;
  for (let start = 0; start < pieces.length;) {
    const overlap = start === 0 ? 0 : overlapStart(pieces, before, start, packing.overlapTokens);
    const { chunk, end } = chunkFrom(pieces, overlap, start, packing);
    chunks.push(chunk);
    before = start;
    start = end;
  }
  return chunks;
}

/** All pieces of a section, so short that the first after its headings fits into one chunk with them. */
function placedPieces({ blocks }: Section, { document, room, count }: Packing): PlacedPiece[] {
  let headingTokens = 0;
  return blocks.flatMap((block) => {
    const longest = Math.max(room - headingTokens, Math.ceil(room / 2));
    const pieces = piecesOf(document, block, longest, count);
    if (block.kind === "heading") headingTokens += pieces.reduce((sum, piece) => sum + piece.tokens, 0);
    return pieces.map((piece) => ({ ...piece, block }));
  });
}

/** The first of the pieces before `start` that the next chunk repeats: sentences of the chunk that began at `before`, never all. */
function overlapStart(pieces: readonly PlacedPiece[], before: number, start: number, overlapTokens: number): number {
  let first = start;
  let tokens = 0;
  while (first - 1 > before && pieces[first - 1].block.kind !== "heading") {
    const piece = pieces[first - 1];
    // To the nearest sentence.
    if (tokens + piece.tokens / 2 > overlapTokens) break;
    tokens += piece.tokens;
    first--;
  }
  return first;
}

/**
 * A chunk of the pieces from `overlap` on, with at least one from `start` on. The sum of the pieces' tokens is a guess, since
 * some tokenizers see other tokens where pieces meet; what counts is the embedder's own number.
 */
function chunkFrom(
  pieces: PlacedPiece[],
  overlap: number,
  start: number,
  packing: Packing,
): { chunk: Chunk; end: number } {
  let first = overlap;
  let end = endOfChunk(pieces, first, start, packing.room);
  for (;;) {
    const chunk = chunkOf(pieces, first, end, packing);
    if (chunk.tokens <= packing.limit) return { chunk, end };
    if (first < start) first++;
    else if (end > start + 1) end--;
    else if (!cutPiece(pieces, start, packing)) {
      if (chunk.tokens <= packing.embedder.description.maxTokens) return { chunk, end };
      const { name, maxTokens } = packing.embedder.description;
      throw new RangeError(
        `${packing.document.source}: one character with its title and headings has ${chunk.tokens} tokens, ` +
          `and ${name} reads ${maxTokens}. Take an embedder that reads more.`,
      );
    }
  }
}

/** The end of the pieces that a chunk takes: whole blocks where they fit, else sentences. */
function endOfChunk(pieces: readonly PlacedPiece[], first: number, start: number, room: number): number {
  let end = start;
  let used = 0;
  for (let index = first; index < start; index++) used += pieces[index].tokens;
  while (end < pieces.length) {
    const { block } = pieces[end];
    let blockEnd = end;
    let tokens = 0;
    while (blockEnd < pieces.length && pieces[blockEnd].block === block && tokens <= room) {
      tokens += pieces[blockEnd++].tokens;
    }
    if (used + tokens <= room) {
      used += tokens;
      end = blockEnd;
      continue;
    }
    const hasText = end > start && pieces[end - 1].block.kind !== "heading";
    const keptWhole = block.kind === "table" || block.kind === "code";
    if (hasText && tokens <= room && (keptWhole || used >= room / 2)) return end;
    while (end < blockEnd && (end === start || used + pieces[end].tokens <= room)) used += pieces[end++].tokens;
    return end;
  }
  return end;
}

/** Replaces a piece by smaller ones; false when it is a single code point. */
function cutPiece(pieces: PlacedPiece[], index: number, { document, count }: Packing): boolean {
  const { block, ...piece } = pieces[index];
  const parts = fitting(document.text, piece.start, piece.end, Math.max(1, Math.floor(piece.tokens * 0.7)), count);
  if (parts.length === 1) return false;
  pieces.splice(index, 1, ...parts.map((part) => ({ ...part, block })));
  return true;
}

function chunkOf(pieces: readonly PlacedPiece[], first: number, end: number, { document, embedder }: Packing): Chunk {
  const { block: { page }, start } = pieces[first];
  const last = pieces[end - 1];
  const text = document.text.slice(start, last.end);
  const { source, title, metadata, untrusted } = document;
  const { headings } = last.block;
  return {
    id: idOf(source, start, text),
    source,
    title,
    headings,
    ...(page === undefined ? {} : { page }),
    start,
    end: last.end,
    text,
    tokens: embedder.countTokens(embeddedText({ title, headings, text })),
    metadata,
    untrusted,
  };
}

/** 24 hexadecimal characters of SHA-256. */
function idOf(source: string, start: number, text: string): string {
  return createHash("sha256").update(JSON.stringify([source, start, text])).digest("hex").slice(0, 24);
}
