/** A passage of a document, small enough for an embedder. */
export interface Chunk {
  /** A hash of source, place and text: the same passage has the same id in every ingestion. */
  id: string;
  /** The document's `source`. */
  source: string;
  /** The document's title. */
  title: string;
  /** The headings it stands under, the widest first. */
  headings: string[];
  /** The page on which it begins. */
  page?: number;
  /** Offset of its first character in the document's text. */
  start: number;
  /** Offset after its last character. */
  end: number;
  /** Exactly the document's text from `start` to `end`. */
  text: string;
  /** Tokens that the embedder reads of `embeddedText`, with those around it. */
  tokens: number;
  metadata: Record<string, string>;
  untrusted: boolean;
}
