import { byteOfCharacter } from "./byte_alphabet.ts";
import type { DecodeOptions, Tokenizer } from "./tokenizer.ts";

/**
 * Decodes tokens one by one as they are generated. A character whose bytes are spread over several tokens comes out
 * whole, with the last of them, so that what has been shown never has to be taken back. The pieces together are what
 * {@link Tokenizer.decode} gives for all ids; of the few tokenizers whose text depends on all tokens, it comes at the end.
 */
export class StreamDecoder {
  readonly #decode: { push(id: number): string; flush(): string };

  constructor(private readonly tokenizer: Tokenizer, private readonly options: DecodeOptions = {}) {
    this.#decode = new decoders[tokenizer.decoderScope](tokenizer);
  }

  /**
   * Takes the next token.
   *
   * @returns the text that is now certain; empty in the midst of a character
   * @throws {RangeError} when the id is not in the vocabulary
   */
  push(id: number): string {
    if (this.options.skipSpecialTokens && this.tokenizer.specialTokenIds.has(id)) return "";
    return this.#decode.push(id);
  }

  /** Ends the text: an unfinished character comes out as U+FFFD. The decoder may then be used for another text. */
  flush(): string {
    return this.#decode.flush();
  }
}

/** Tokens are bytes: the platform's own streaming UTF-8 decoder does the rest. */
class ByteDecoder {
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(private readonly tokenizer: Tokenizer) {}

  push(id: number): string {
    const token = this.tokenizer.idToToken(id);
    // For the message of an unknown id.
    if (token === undefined) return this.tokenizer.decode([id]);
    if (this.tokenizer.isAddedToken(id)) return this.flush() + token;
    const bytes = Uint8Array.from(token, (character) => byteOfCharacter.get(character) ?? 0);
    return this.#utf8.decode(bytes, { stream: true });
  }

  flush(): string {
    return this.#utf8.decode();
  }
}

/**
 * For other tokenizers, where the text of a token depends on its neighbours: decodes the last few tokens with and
 * without the new ones and gives the difference, once it does not end in the midst of a character.
 */
class WindowDecoder {
  /** Tokens whose text is out, kept as the context of the next; then those whose text is not out. */
  #ids: number[] = [];
  #done = 0;

  constructor(private readonly tokenizer: Tokenizer) {}

  push(id: number): string {
    // For the message of an unknown id, before it is among the others.
    if (this.tokenizer.idToToken(id) === undefined) return this.tokenizer.decode([id]);
    this.#ids.push(id);
    const text = this.#pending();
    if (text === "" || text.endsWith("\uFFFD")) return "";
    return this.#take(text);
  }

  flush(): string {
    const text = this.#pending();
    this.#take(text);
    this.#ids = [];
    this.#done = 0;
    return text;
  }

  #pending(): string {
    return this.tokenizer.decode(this.#ids).slice(this.tokenizer.decode(this.#ids.slice(0, this.#done)).length);
  }

  #take(text: string): string {
    const context = this.#ids.slice(this.#done);
    // Spaces that a decoder strips from the beginning are no context: they would be stripped from what follows too.
    if (this.tokenizer.decode(context) !== "") this.#ids = context;
    this.#done = this.#ids.length;
    return text;
  }
}

/** Where the text of any token may depend on all: gives it at the end. */
class WholeDecoder {
  #ids: number[] = [];

  constructor(private readonly tokenizer: Tokenizer) {}

  push(id: number): string {
    // For the message of an unknown id.
    if (this.tokenizer.idToToken(id) === undefined) return this.tokenizer.decode([id]);
    this.#ids.push(id);
    return "";
  }

  flush(): string {
    const text = this.tokenizer.decode(this.#ids);
    this.#ids = [];
    return text;
  }
}

const decoders = { bytes: ByteDecoder, neighbours: WindowDecoder, everything: WholeDecoder };
