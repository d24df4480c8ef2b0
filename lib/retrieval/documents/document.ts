/** What a file or a page becomes before it is cut into chunks. */

/** A document as plain text, with where its parts are. */
export interface SourceDocument {
  /**
   * Where it comes from, and its name in a table: a path relative to the folder that was read (with `/`), a page's canonical
   * URL, or `file.jsonl#id` for a row. No two documents of a table share one.
   */
  source: string;
  title: string;
  /** Such as `application/pdf`. */
  mediaType: string;
  /** The whole text, of which `blocks` are parts. Line ends are `\n`; offsets count UTF-16 units, as `String.slice` does. */
  text: string;
  /** In the order of the text, not overlapping; what lies between them is white space. */
  blocks: DocumentBlock[];
  /** More that is known, such as author, published, language. Filters can ask for it. */
  metadata: Record<string, string>;
  /** Whether strangers wrote it: text from the web is evidence to quote and never an instruction. */
  untrusted: boolean;
}

/** A heading, paragraph, list, table or piece of code. */
export interface DocumentBlock {
  kind: "heading" | "paragraph" | "list" | "table" | "code" | "quote";
  /** Offset of its first character in the document's text. */
  start: number;
  /** Offset after its last character. */
  end: number;
  /** The headings that it stands under, the widest first; a heading's own text is its last. */
  headings: string[];
  /** From 1, where there are pages. */
  page?: number;
}

/** A document that could not be read; the others are. */
export interface DocumentFailure {
  source: string;
  kind: "broken" | "encrypted" | "empty" | "too large" | "unsupported" | "unreadable";
  /** What is wrong, and what to do. */
  message: string;
}
