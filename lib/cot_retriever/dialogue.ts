/** One question on its way: what was written, what was found, and what comes next. */
import type { SearchOutcome, SearchResult } from "../data/mod.ts";
import type { Completion } from "../models/mod.ts";
import type { Tokenizer } from "../tokenizer/mod.ts";
import { promptTokens } from "./examples.ts";
import { type FailedPages, foundText, isFailedSearch, shownPage } from "./pages.ts";
import {
  FORCED_END,
  readForcedEnd,
  readTurn,
  type Repair,
  REPAIRS,
  TURN_STOPS,
  type UnfinishedBy,
  writeTurn,
} from "./read_turn.ts";
import { foundUrls, type SamplePart } from "./samples.ts";
import type { SearchLimits } from "./search_limits.ts";
import { encodeTagged } from "./tags.ts";

/** Why the model was made to answer: it had no more searches or no more room, or wrote neither a query nor an outcome. */
export type ForcedBy = "searches" | "room" | UnfinishedBy;

/** How it ended: with an answer; with an outcome that cannot be read; with a prompt too long; or with a search that failed. */
export type AnswerEnding = "answered" | "malformed" | "noRoom" | "failed";

/** All endings. */
export const ANSWER_ENDINGS: readonly AnswerEnding[] = ["answered", "malformed", "noRoom", "failed"];

/** What came of a question. */
export interface RetrieverAnswer {
  ending: AnswerEnding;
  /** Null without an answer. Each of its addresses was found by a search. */
  outcome: SearchOutcome | null;
  searches: { query: string; found: SearchResult[] }[];
  /** By turns what was written, repaired, and what was found. */
  parts: SamplePart[];
  /** How often what was repaired. */
  repairs: Record<Repair, number>;
  /** Null where it answered by itself. */
  forced: ForcedBy | null;
  /** Times that it was cut off at `maxTurnTokens`, and pages that were left away since there was no room. */
  cut: { turns: number; pages: number };
  /** Tokens that were drawn. */
  writtenTokens: number;
  /** Everything that the model read and wrote last. */
  ids: readonly number[];
  /** For each id whether the model drew it: not the prompt, not what was found, and not what was repaired. */
  drawnMask: readonly boolean[];
  /** What failed; null where nothing did. */
  failure: string | null;
}

/** Room for what repairs add to a turn. */
const REPAIR_TOKENS = 16;

/** What a model drew, as `generate` gives it. */
export type Drawn = Pick<Completion, "tokenIds" | "text" | "finishReason">;

/**
 * A question's way to its answer. While `state` is "writing" the model is to go on from `ids`, with `turnTokens` tokens at most and
 * stopped at `TURN_STOPS`: give what it drew to `take`. While it is "searching", search for `query` and give what was found to
 * `read`.
 */
export class Dialogue {
  state: "writing" | "searching" | "over" = "writing";
  readonly ids: number[];
  readonly drawnMask: boolean[];
  /** What is to be searched for. */
  query = "";
  readonly searches: RetrieverAnswer["searches"] = [];
  readonly #parts: SamplePart[] = [];
  readonly #repairs = Object.fromEntries(REPAIRS.map((repair) => [repair, 0])) as Record<Repair, number>;
  readonly #cut = { turns: 0, pages: 0 };
  readonly #forcedEnd: readonly number[];
  #forced: ForcedBy | null = null;
  /** What was written before the model was made to answer. */
  #unfinished = "";
  #writtenTokens = 0;
  #ending: AnswerEnding = "malformed";
  #outcome: SearchOutcome | null = null;
  #failure: string | null = null;

  constructor(
    readonly question: string,
    readonly tokenizer: Tokenizer,
    readonly limits: Required<SearchLimits>,
    templateVariables?: Record<string, unknown>,
  ) {
    this.ids = promptTokens(tokenizer, question, templateVariables);
    this.drawnMask = this.ids.map(() => false);
    this.#forcedEnd = encodeTagged(tokenizer, FORCED_END);
    if (!this.#hasRoom(0)) this.#end("noRoom");
  }

  /** Tokens that the model may write next. */
  get turnTokens(): number {
    return this.#forced === null ? this.limits.maxTurnTokens : this.limits.maxOutcomeTokens;
  }

  /** Addresses that were found. */
  get foundUrls(): string[] {
    return foundUrls(this.#parts);
  }

  /**
   * Takes what the model drew.
   *
   * @returns What was repaired in it.
   */
  take(drawn: Drawn): Repair[] {
    if (this.state !== "writing") throw new Error(`nothing is to be written: the dialogue is ${this.state}`);
    this.#writtenTokens += drawn.tokenIds.length;
    const isCut = drawn.finishReason === "length";
    if (isCut) this.#cut.turns++;
    const text = this.#textOf(drawn);
    const isFirst = this.#parts.length === 0;
    const { analysis, move, repairs } = this.#forced === null
      ? readTurn(text, { isFirst, isCut })
      : readForcedEnd(text);
    if (move.kind === "outcome") {
      const own = this.#onlyFound(move.outcome);
      repairs.push(...own.repairs);
      const end = { analysis: this.#forced === null ? analysis : this.#unfinished, move: { ...move, ...own } };
      if (this.#forced === null) this.#say(drawn, text, writeTurn(end, isFirst));
      else this.#push(drawn.tokenIds, true);
      this.#parts.push({ written: writeTurn(end, isFirst) });
      this.#outcome = own.outcome;
      this.#end("answered");
    } else if (this.#forced !== null) {
      this.#push(drawn.tokenIds, true);
      this.#parts.push({ written: writeTurn({ analysis: this.#unfinished, move }, isFirst) });
      this.#end("malformed");
    } else if (move.kind === "search" && this.searches.length < this.limits.maxSearches) {
      const written = writeTurn({ analysis, move }, isFirst);
      this.#say(drawn, text, written);
      this.#parts.push({ written });
      this.query = move.query;
      this.state = "searching";
    } else {
      // A query that there is no more search for does not stay in the context.
      const by = move.kind === "search" ? "searches" : move.by;
      const begun = writeTurn({ analysis, move: { kind: "unfinished", by: "ended" } }, isFirst);
      this.#push(encodeTagged(this.tokenizer, begun), false);
      this.#force(by, analysis);
    }
    for (const repair of repairs) this.#repairs[repair]++;
    return repairs;
  }

  /** Takes what the query found, or that its search failed. */
  read(found: SearchResult[] | FailedPages): SearchResult[] {
    if (this.state !== "searching") throw new Error(`nothing is searched for: the dialogue is ${this.state}`);
    if (isFailedSearch(found)) {
      this.#failure = found.failure;
      this.#end("failed");
      return [];
    }
    const { pagesPerSearch, maxContentCharacters } = this.limits;
    const seen = new Set(this.foundUrls);
    const pages: SearchResult[] = [];
    for (const result of found) {
      const page = shownPage(result, maxContentCharacters);
      if (pages.length === pagesPerSearch) break;
      if (!seen.has(page.metadata.url)) pages.push(page);
      seen.add(page.metadata.url);
    }
    let ids = encodeTagged(this.tokenizer, foundText(pages));
    while (pages.length > 0 && !this.#hasRoom(ids.length)) {
      pages.pop();
      this.#cut.pages++;
      ids = encodeTagged(this.tokenizer, foundText(pages));
    }
    this.searches.push({ query: this.query, found: pages });
    this.#parts.push({ found: pages });
    this.#push(ids, false);
    this.state = "writing";
    if (!this.#hasRoom(0)) this.#force("room", "");
    return pages;
  }

  /** What came of it. */
  answer(): RetrieverAnswer {
    if (this.state !== "over") throw new Error("the dialogue is not over");
    return {
      ending: this.#ending,
      outcome: this.#outcome,
      searches: this.searches,
      parts: this.#parts,
      repairs: this.#repairs,
      forced: this.#forced,
      cut: this.#cut,
      writtenTokens: this.#writtenTokens,
      ids: this.ids,
      drawnMask: this.drawnMask,
      failure: this.#failure,
    };
  }

  /** Room for a turn and an outcome after so many more tokens. */
  #hasRoom(more: number): boolean {
    const { maxTurnTokens, maxOutcomeTokens, maxContextTokens } = this.limits;
    const needed = more + maxTurnTokens + this.#forcedEnd.length + maxOutcomeTokens + REPAIR_TOKENS;
    return this.ids.length + needed <= maxContextTokens;
  }

  /** As it was drawn, with the tag that stopped it and without the token that ended the turn. */
  #textOf({ tokenIds, text = "", finishReason }: Drawn): string {
    const known = tokenIds.filter((id) => this.tokenizer.idToToken(id) !== undefined);
    const whole = this.tokenizer.decode(finishReason === "stop" ? known.slice(0, -1) : known);
    if (finishReason !== "stopString") return whole;
    const stop = TURN_STOPS.find((stop) => whole.startsWith(stop, text.length)) ?? "";
    return whole.slice(0, text.length + stop.length);
  }

  /** Puts a turn into the context: as it was drawn where it is right, else as it should have been. */
  #say({ tokenIds, finishReason }: Drawn, text: string, written: string): void {
    // A model may have ids that are no tokens, and the tag's last token may say more than the tag.
    const isWhole = tokenIds.every((id) => this.tokenizer.idToToken(id) !== undefined) &&
      this.tokenizer.decode(tokenIds) === text;
    const isRight = written === text && finishReason === "stopString" && isWhole;
    this.#push(isRight ? tokenIds : encodeTagged(this.tokenizer, written), isRight);
  }

  #push(ids: readonly number[], isDrawn: boolean): void {
    for (const id of ids) {
      this.ids.push(id);
      this.drawnMask.push(isDrawn);
    }
  }

  /** Makes the model answer with what it has. */
  #force(by: ForcedBy, analysis: string): void {
    this.#forced = by;
    this.#unfinished = analysis;
    this.#push(this.#forcedEnd, false);
    // What was repaired may be longer than what was drawn.
    if (this.ids.length + this.limits.maxOutcomeTokens > this.limits.maxContextTokens) this.#end("noRoom");
  }

  /** An outcome without addresses that no search has found. */
  #onlyFound({ answer, used }: SearchOutcome): { outcome: SearchOutcome; repairs: Repair[] } {
    const found = new Set(this.foundUrls);
    const once = [...new Set(used)];
    const kept = once.filter((url) => found.has(url));
    const repairs: Repair[] = [];
    if (once.length < used.length) repairs.push("doubledAddress");
    if (kept.length < once.length) repairs.push("inventedAddress");
    return { outcome: { answer, used: kept }, repairs };
  }

  #end(ending: AnswerEnding): void {
    this.#ending = ending;
    this.state = "over";
  }
}
