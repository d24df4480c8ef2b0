/** What an export writes, and how it is read back. */
import type { FileSystem } from "../../files/mod.ts";
import type { ModelSource } from "../model_source.ts";
import type { ExportProgress } from "../progress.ts";
import type { FoundSource } from "./find_source.ts";
import type { Verifiable } from "./verify.ts";

/** What writing needs. */
export interface WriteContext {
  onProgress: ExportProgress;
  signal?: AbortSignal;
  fileSystem?: FileSystem;
}

/** An export in one of the formats. */
export interface ExportTarget {
  /** What it is, behind "exported as": `a GGUF file in Q8_0 for llama.cpp`. */
  title: string;
  /** The hub's library_name, and further tags of the card. */
  library: string;
  tags: readonly string[];
  /** What is read back, and compared with the source. */
  parts: readonly Verifiable[];
  /** Files that go when the new ones come, by name. */
  supersedes: (name: string) => boolean;
  /** Writes everything but the card into a folder that is there. */
  write(source: ModelSource, folder: string, context: WriteContext): Promise<void>;
  /** Lines of Markdown: how to load it. `place` is a name on the hub or a folder. */
  usage(place: string): string;
  /** A sentence: how the chat template is used. */
  chats: string;
}

/** What a target is made from. */
export interface TargetOf {
  found: FoundSource;
  source: ModelSource;
}
