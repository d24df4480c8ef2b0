/** The one place where documents are made: offsets are right because the text is put together here. */
import { cleanLine, cleanLines, cleanProse, shorten } from "./clean_text.ts";
import type { DocumentBlock, SourceDocument } from "./document.ts";

/** A block as a reader finds it: cleaned and placed by `buildDocument`. */
export interface BlockDraft {
  kind: DocumentBlock["kind"];
  text: string;
  /** Of headings: 1 is the widest. Default 1. */
  level?: number;
  /** From 1, where there are pages. */
  page?: number;
}

/** A document as a reader finds it. */
export interface DocumentDraft {
  source: string;
  title: string;
  mediaType: string;
  blocks: readonly BlockDraft[];
  metadata?: Readonly<Record<string, string>>;
  untrusted?: boolean;
}

/** Longer headings are paragraphs that were set large. */
const LONGEST_HEADING = 300;
const LONGEST_METADATA = 2000;

/**
 * A document of these blocks: each is cleaned, empty ones are left out, a blank line goes between them, and every block
 * knows the headings above it.
 */
export function buildDocument(draft: DocumentDraft): SourceDocument {
  // Names of files and rows may hold halves of surrogate pairs, which no table can store.
  const source = draft.source.toWellFormed();
  const blocks: DocumentBlock[] = [];
  const parts: string[] = [];
  const above: { level: number; text: string }[] = [];
  let end = 0;
  for (const block of draft.blocks) {
    const text = cleanBlock(block);
    if (text.trim() === "") continue;
    const kind = block.kind === "heading" && text.length > LONGEST_HEADING ? "paragraph" : block.kind;
    if (kind === "heading") {
      const level = block.level ?? 1;
      while (above.length > 0 && above[above.length - 1].level >= level) above.pop();
      above.push({ level, text });
    }
    const start = parts.length === 0 ? 0 : end + BETWEEN.length;
    end = start + text.length;
    parts.push(text);
    blocks.push({
      kind,
      start,
      end,
      headings: above.map((heading) => heading.text),
      ...(block.page === undefined ? {} : { page: block.page }),
    });
  }
  return {
    source,
    title: shorten(cleanLine(draft.title), LONGEST_HEADING) || source,
    mediaType: draft.mediaType,
    text: parts.join(BETWEEN),
    blocks,
    metadata: cleanMetadata(draft.metadata ?? {}),
    untrusted: draft.untrusted ?? false,
  };
}

const BETWEEN = "\n\n";

function cleanBlock({ kind, text }: BlockDraft): string {
  if (kind === "heading") return cleanLine(text);
  return kind === "code" || kind === "list" ? cleanLines(text) : cleanProse(text);
}

/** Keys and values in one line each; empty ones and `__proto__` are left out. */
export function cleanMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(metadata)
    .map(([key, value]) => [cleanLine(key), shorten(cleanLine(value), LONGEST_METADATA)])
    .filter(([key, value]) => key !== "" && key !== "__proto__" && value !== "");
  return Object.fromEntries(entries);
}
