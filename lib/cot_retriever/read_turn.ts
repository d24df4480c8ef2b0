/** What a model wrote in one go, read as a query or an outcome, with its tags repaired. */
import { type SearchOutcome, writeOutcome } from "../data/mod.ts";
import { mendOutcome } from "./mend_outcome.ts";

/**
 * What can be repaired in what a model wrote: `<think>` is missing at the beginning; a tag stands where it does not belong, or twice; a
 * query is not closed, or not opened; the query is too long and was cut; it wrote results of a search itself, which are cut off;
 * `</think>` is missing before the outcome; `</results>` is missing; the outcome's JSON was mended; the outcome names an address that no
 * search has found, or one twice.
 */
export const REPAIRS = [
  "missingThink",
  "strayTag",
  "unclosedQuery",
  "unopenedQuery",
  "cutQuery",
  "ownResults",
  "missingThinkEnd",
  "unclosedResults",
  "mendedJson",
  "inventedAddress",
  "doubledAddress",
] as const;

/** One of them. */
export type Repair = typeof REPAIRS[number];

/** Why a turn is neither a query nor an outcome: it ended without one, was cut off at its limit, or what there is cannot be read. */
export type UnfinishedBy = "ended" | "cutOff" | "emptyQuery" | "badOutcome";

/** What a turn comes to. */
export type TurnMove =
  | { kind: "search"; query: string }
  | { kind: "outcome"; outcome: SearchOutcome }
  | { kind: "unfinished"; by: UnfinishedBy };

/** A turn, read. */
export interface ReadTurn {
  /** What stands before the query or before `</think>`, without tags and white space around it. */
  analysis: string;
  move: TurnMove;
  repairs: Repair[];
}

/** A turn in the grammar: from `<think>`, where it is the first, to `</query>` or `</results>`, or to the end of its analysis. */
export function writeTurn({ analysis, move }: Pick<ReadTurn, "analysis" | "move">, isFirst: boolean): string {
  const end = move.kind === "search"
    ? `\n<query>${move.query}</query>`
    : move.kind === "outcome"
    ? `\n${writeOutcome(move.outcome)}`
    : "";
  return `${isFirst ? "<think>\n" : ""}${analysis}${end}`;
}

/** Where the text at which turns are stopped is part of it. */
export const TURN_STOPS = ["</query>", "</results>", "<query_res>"] as const;

const MAX_QUERY_CHARACTERS = 200;
const OPEN_ANSWER = '{"answer":"';
const ANY_TAG = /<\/?(?:think|query|query_res|results)>/g;

/** What is put after an unfinished analysis, so that the model answers with what it has. */
export const FORCED_END = `\n</think>\n<results>\n${OPEN_ANSWER}`;

/**
 * Reads a turn. Repairs are conservative: tags are put right and what the model wrote of a search's results is cut off, and no word of
 * a query or an answer is made up.
 *
 * @param text As it was drawn, with the tag that stopped it.
 * @param options.isFirst Whether the whole answer begins with it.
 * @param options.isCut Whether it was cut off at the limit of a turn.
 */
export function readTurn(
  text: string,
  { isFirst = false, isCut = false }: { isFirst?: boolean; isCut?: boolean } = {},
): ReadTurn {
  const repairs = new Set<Repair>();
  const body = inner(text, isFirst, repairs);
  const { analysis, move } = body.includes("<results>")
    ? readOutcome(body, repairs)
    : /<\/?query>/.test(body)
    ? readQuery(body, isCut, repairs)
    : unfinished(body, isCut ? "cutOff" : "ended", repairs);
  return { analysis, move, repairs: [...repairs] };
}

/** Reads what a model wrote after `FORCED_END`. */
export function readForcedEnd(text: string): ReadTurn {
  return readTurn(`</think>\n<results>\n${OPEN_ANSWER}${text}`);
}

/** Without `<think>` at the beginning, and without what the model wrote of results. */
function inner(text: string, isFirst: boolean, repairs: Set<Repair>): string {
  const own = text.search(/<\/?query_res>/);
  if (own >= 0) repairs.add("ownResults");
  const rest = own < 0 ? text : text.slice(0, own).trimEnd();
  const opening = isFirst ? /^\s*<think>\n?/.exec(rest)?.[0] : "";
  if (opening === undefined) repairs.add("missingThink");
  const body = rest.slice(opening?.length ?? 0);
  if (!body.includes("<think>")) return body;
  repairs.add("strayTag");
  return body.replace(/<think>\s*/g, "");
}

type Part = Pick<ReadTurn, "analysis" | "move">;

function readOutcome(body: string, repairs: Set<Repair>): Part {
  const [first, ...others] = body.split("<results>");
  if (others.length > 1) repairs.add("strayTag");
  const ends = first.split("</think>").length - 1;
  if (ends === 0) repairs.add("missingThinkEnd");
  const analysis = withoutTags(ends === 0 ? first : first.replace("</think>", ""), repairs).trim();
  const [json, ...rest] = others[others.length - 1].split("</results>");
  if (rest.length === 0) repairs.add("unclosedResults");
  const mended = mendOutcome(json);
  if (mended === null) return { analysis, move: { kind: "unfinished", by: "badOutcome" } };
  if (mended.isMended) repairs.add("mendedJson");
  return { analysis, move: { kind: "outcome", outcome: mended.outcome } };
}

function readQuery(body: string, isCut: boolean, repairs: Set<Repair>): Part {
  const [upTo, ...after] = body.split("</query>");
  if (after.length > 1 || after.join("").trim() !== "") repairs.add("strayTag");
  const pieces = upTo.split("<query>");
  let [plan, query] = [pieces[0], pieces[pieces.length - 1]];
  if (pieces.length === 1) {
    repairs.add("unopenedQuery");
    [plan, query] = /^([^]*?)\n?([^\n]*)$/.exec(upTo.trimEnd())!.slice(1);
  } else if (pieces.length > 2) repairs.add("strayTag");
  plan = withoutTags(plan, repairs).trim();
  if (after.length === 0) {
    if (isCut) return { analysis: plan, move: { kind: "unfinished", by: "cutOff" } };
    repairs.add("unclosedQuery");
    query = query.trimStart().split("\n")[0];
  }
  query = withoutTags(query, repairs).replace(/\s+/g, " ").trim();
  if (query === "") return { analysis: plan, move: { kind: "unfinished", by: "emptyQuery" } };
  if (query.length > MAX_QUERY_CHARACTERS) {
    repairs.add("cutQuery");
    query = query.slice(0, MAX_QUERY_CHARACTERS).toWellFormed().trim();
  }
  return { analysis: plan, move: { kind: "search", query } };
}

function unfinished(body: string, by: UnfinishedBy, repairs: Set<Repair>): Part {
  // A thought that was ended without an outcome is taken up again.
  return { analysis: withoutTags(body.replace("</think>", ""), repairs).trim(), move: { kind: "unfinished", by } };
}

function withoutTags(text: string, repairs: Set<Repair>): string {
  const clean = text.replace(ANY_TAG, "");
  if (clean === text) return text;
  repairs.add("strayTag");
  // Two halves may have come together.
  return withoutTags(clean, repairs);
}
