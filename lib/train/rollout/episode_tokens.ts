/** From what a game says to what the policy reads, and from what the policy drew to what the game is shown. */
import type { Completion } from "../../models/mod.ts";
import { type ChatMessage, plainText, type Tokenizer } from "../../tokenizer/mod.ts";
import type { AppendedText, Prompt, Turn } from "./game.ts";
import type { WrittenTurn } from "./turn_source.ts";

/** Of a completion, what a turn is made of. */
type DrawnTurn = { tokenIds: readonly number[] } & Pick<Completion, "text" | "finishReason">;

/** Tokenizes for one game. */
export class EpisodeTokens {
  readonly #asPlain: (text: string) => string;

  constructor(
    readonly tokenizer: Tokenizer,
    readonly stopStrings: readonly string[],
    readonly variables?: Record<string, unknown>,
  ) {
    this.#asPlain = plainText(tokenizer);
  }

  /** A prompt's tokens. A text gets what the tokenizer puts around texts; a chat template writes that itself. */
  prompt(prompt: Prompt): number[] {
    const { tokenizer, variables } = this;
    if (typeof prompt === "string") {
      const ids = tokenizer.encode(prompt, { allowSpecial: false });
      return [...tokenizer.encode("", { addSpecialTokens: true }), ...ids];
    }
    const plain = prompt.map((message) => mapTexts(message, this.#asPlain) as ChatMessage);
    return tokenizer.encode(tokenizer.applyChatTemplate(plain, { addGenerationPrompt: true, variables }));
  }

  /** The tokens of text that comes after a turn, each part for itself. */
  appended(text: AppendedText, { rest }: Pick<Turn, "rest">): number[] {
    const parts = typeof text === "string" ? [text] : text;
    return parts.flatMap((part, index) => {
      const said = index === 0 ? rest : "";
      return typeof part === "string"
        ? this.tokenizer.encode(withoutRepeated(part, said), { allowSpecial: false })
        : this.tokenizer.encode(withoutRepeated(part.control, said));
    });
  }

  /** A completion as a turn. */
  turn({ tokenIds, text = "", finishReason }: DrawnTurn): Turn {
    if (finishReason === "aborted") throw new Error("an aborted completion is no turn");
    const written = this.#text(finishReason === "stop" ? tokenIds.slice(0, -1) : tokenIds);
    if (finishReason !== "stopString") return { tokenIds, text: written, finishReason, stopString: null, rest: "" };
    // Of several that fit, the first to be complete ended it.
    const fitting = this.stopStrings.filter((stop) => written.startsWith(stop, text.length));
    const stopString = fitting.sort((a, b) => a.length - b.length)[0];
    return { tokenIds, text, finishReason, stopString, rest: written.slice(text.length + stopString.length) };
  }

  /**
   * What was written elsewhere, where nobody says at which of the stop strings.
   *
   * @throws When a turn was ended by a stop string that is not in it.
   */
  writtenTurn({ tokenIds, finishReason }: WrittenTurn): Turn {
    if (finishReason !== "stopString") return this.turn({ tokenIds, finishReason });
    const written = this.#text(tokenIds);
    const places = this.stopStrings.map((stop) => written.indexOf(stop)).filter((place) => place >= 0);
    if (places.length > 0) {
      return this.turn({ tokenIds, finishReason, text: written.slice(0, Math.min(...places)) });
    }
    throw new Error(
      `a turn ended at a stop string, and has none of ${JSON.stringify(this.stopStrings)}: ${
        JSON.stringify(written.slice(-100))
      }`,
    );
  }

  /** The text of tokens. A model may have more ids than its tokenizer has tokens: those have none. */
  #text(tokenIds: readonly number[]): string {
    return this.tokenizer.decode(tokenIds.filter((id) => this.tokenizer.idToToken(id) !== undefined));
  }
}

/** A text without the white space that it begins with, as far as that was said already. */
function withoutRepeated(text: string, said: string): string {
  for (let length = Math.min(text.length, said.length); length > 0; length--) {
    const beginning = text.slice(0, length);
    if (beginning.trim() === "" && said.endsWith(beginning)) return text.slice(length);
  }
  return text;
}

/** The same value with every text within it changed. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((inner) => mapTexts(inner, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [change(key), mapTexts(inner, change)]));
}
