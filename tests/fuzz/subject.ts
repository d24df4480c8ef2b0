import type { Random } from "../../lib/random/mod.ts";

/** One mutated file, ready to be read. */
export interface Input {
  /** The file's name in messages: an error must name it. */
  name: string;
  /** The text or bytes, for a person who looks for what went wrong. */
  contents: string | Uint8Array;
  /** Whether nothing was changed, so that it must be read. */
  isWhole?: boolean;
  /** Reads it, and checks what came out without the reader's help. Throws what the reader throws. */
  read(): Promise<void> | void;
}

/** A kind of file that is mutated and read. */
export interface Subject {
  kind: string;
  /** How many of a hundred inputs are of this kind. */
  share: number;
  /** Makes the input of this index; a kind may have some that come first always. */
  make(random: Random, index: number): Input;
}
