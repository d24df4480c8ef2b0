/** What evidence is, and how a prompt is made of it. */
import type { ChatMessage } from "../../tokenizer/mod.ts";
import type { Chunk } from "../chunk/mod.ts";
import type { SearchResult } from "../search/mod.ts";

/** A passage as it is shown to a model. */
export interface EvidencePassage {
  /** What the answer cites it by, from 1. */
  number: number;
  title: string;
  /** The headings it stands under, the widest first. */
  headings: string[];
  /** The document: a path, a URL, or a row. */
  source: string;
  page?: number;
  /** The chunk's text as it is, or its beginning. */
  text: string;
  /** Whether something of the chunk is left out at its end. */
  isCut: boolean;
  /** Whether strangers wrote it. */
  untrusted: boolean;
  /** Of the passage as it stands in the prompt. */
  tokens: number;
  chunk: Chunk;
  /** The search's. */
  score: number;
}

/** Numbered passages within a budget. */
export interface Evidence {
  /** The best first. */
  passages: EvidencePassage[];
  /** Of all passages together. */
  tokens: number;
  /** Results that found no place, the best first. */
  leftOut: SearchResult[];
}

/** How a model is asked about evidence, and how its reply is read. */
export interface PromptForm {
  name: string;
  /** Tokens of evidence unless told otherwise. */
  budget: number;
  /** Passages unless told otherwise. */
  maxPassages: number;
  /** A passage as it stands in the prompt. */
  writePassage(passage: Omit<EvidencePassage, "tokens">): string;
  /** The chat that asks. */
  messages(question: string, passages: readonly EvidencePassage[]): ChatMessage[];
  /** Takes a reply apart. */
  read(reply: string): ReadReply;
}

/** A reply, taken apart. */
export interface ReadReply {
  /** The answer with its citations, without the lines of quotes. */
  text: string;
  /** Words that the reply says stand in a passage. */
  quotes: { number: number; words: string }[];
  /** Whether it says, and says only, that the documents do not answer. */
  isRefusal: boolean;
  /** How it is not what was asked for; what could be read is there all the same. */
  problem?: string;
}
