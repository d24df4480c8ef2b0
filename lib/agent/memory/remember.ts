/** The facts of one message, asked of a model, checked, and put into the profile. */
import { capitalised, mergeFacts, type PatientFacts } from "../../data/mod.ts";
import { addUsage, type ChatModel, type ChatUsage, collectReply, saidBy } from "../chat/mod.ts";
import { checkFacts, type DroppedFact, leavesOthers, type SaidFact } from "./check_facts.ts";
import { clausesOf, sentencesOf } from "./clauses.ts";
import { endedFacts } from "./denials.ts";
import { FACTS_FORMS, type FactsFormName } from "./facts_form.ts";
import { type MergedProfile, mergeTurn, type TurnFacts } from "./merge.ts";
import { factName, type PatientProfile } from "./profile.ts";
import { valueKey } from "./profile_order.ts";
import type { MemoryCounts } from "./session.ts";

/** Characters of a message that are read; what people write is far shorter. */
const MAX_CHARACTERS = 20_000;

/** What to remember, and by which model. */
export interface RememberOptions {
  /** Stays the caller's. */
  model: ChatModel;
  profile: PatientProfile;
  /** What the person has just written. */
  message: string;
  /** Which of the person's messages it is, from 1. */
  turn: number;
  /** `house` for the house model, which knows one fixed form. Default `described`: any other. */
  form?: FactsFormName;
  signal?: AbortSignal;
}

/** Why nothing was remembered. */
export interface MemoryFailure {
  /** `model`: it failed. `malformed`: its reply has no such form. `length`: its reply was cut off. */
  kind: "model" | "malformed" | "length";
  message: string;
}

/** The profile with what the message says. */
export interface Remembered extends MergedProfile {
  /**
   * What was put into the profile, null after a failure. Where the stored profile may have been edited since, put it into that one
   * (`mergeTurn`, in the store's `update`): edits hold against it.
   */
  facts: TurnFacts | null;
  /** What the model wrote and the message does not say; it is in no profile. */
  dropped: DroppedFact[];
  /** To be added to the session's. */
  counts: MemoryCounts;
  usage: ChatUsage;
  failure?: MemoryFailure;
}

/**
 * Asks the model for the facts of a message and puts those into the profile that the message really says (`checkFacts`), so that the
 * same turn's answer can heed them. Entries that the message takes back leave the profile. When the model fails or writes what
 * cannot be read, the profile stays as it was.
 *
 * @throws The signal's reason when it is aborted, and nothing else.
 */
export async function rememberFacts(options: RememberOptions): Promise<Remembered> {
  const { profile, turn } = options;
  const message = options.message.slice(0, MAX_CHARACTERS);
  const read = await readFacts({ ...options, message });
  const counts = { messages: 1, failures: 0, dropped: 0 };
  if (read.facts === null) {
    const { usage, failure } = read;
    return {
      profile,
      facts: null,
      changes: [],
      conflicts: [],
      dropped: [],
      counts: { ...counts, failures: 1 },
      usage,
      failure,
    };
  }
  const { said, dropped } = checkFacts(read.facts, message);
  const facts = turnFacts(profile, message, turn, said);
  return {
    ...mergeTurn(profile, facts),
    facts,
    dropped,
    counts: { ...counts, dropped: dropped.length },
    usage: read.usage,
  };
}

/** The sum of counts. */
export function addMemoryCounts(one: MemoryCounts, other: MemoryCounts): MemoryCounts {
  return {
    messages: one.messages + other.messages,
    failures: one.failures + other.failures,
    dropped: one.dropped + other.dropped,
  };
}

/** What a model wrote, or why that is of no use. */
export type ReadFacts =
  | { facts: PatientFacts; usage: ChatUsage }
  | { facts: null; usage: ChatUsage; failure: MemoryFailure };

/**
 * What a model takes for the facts of a message, unchecked. The house model knows messages of a few sentences: it gets longer ones in
 * pieces, and where its reply cannot be read, it is asked for each clause by itself, as it seldom loses its way in a short one.
 *
 * @throws The signal's reason when it is aborted, and nothing else.
 */
export async function readFacts(options: AskOptions): Promise<ReadFacts> {
  if (options.form !== "house") return await ask(options);
  return await askEach(housePieces(options.message), options, async (piece) => {
    const whole = await ask(piece);
    const clauses = clausesOf(piece.message).map(({ text }) => `${capitalised(text)}.`);
    if (whole.facts !== null || whole.failure.kind === "model" || clauses.length < 2) return whole;
    const parts = await askEach(clauses, piece, ask);
    const usage = { ...whole.usage };
    addUsage(usage, parts.usage);
    return parts.facts === null ? { ...whole, usage } : { ...parts, usage };
  });
}

type AskOptions = Pick<RememberOptions, "model" | "message" | "form" | "signal">;

/** The facts of all pieces, or the first failure. */
async function askEach(
  pieces: readonly string[],
  options: AskOptions,
  askOne: (options: AskOptions) => Promise<ReadFacts>,
): Promise<ReadFacts> {
  let facts: PatientFacts = {};
  const usage: ChatUsage = { promptTokens: 0, completionTokens: 0 };
  for (const message of pieces) {
    const read = await askOne({ ...options, message });
    addUsage(usage, read.usage);
    if (read.facts === null) return { ...read, usage };
    facts = mergeFacts(facts, read.facts);
  }
  return { facts, usage };
}

const PIECE_SENTENCES = 5;
const PIECE_CHARACTERS = 500;

/** Sentences that stand together, as many as the house model has learned to read at once. */
function housePieces(message: string): string[] {
  const pieces: { start: number; end: number; count: number }[] = [];
  for (const { start, end } of sentencesOf(message)) {
    const last = pieces.at(-1);
    if (last && last.count < PIECE_SENTENCES && end - last.start <= PIECE_CHARACTERS) {
      last.end = end;
      last.count++;
    } else pieces.push({ start, end, count: 1 });
  }
  return pieces.map(({ start, end }) => message.slice(start, end));
}

async function ask({ model, message, form = "described", signal }: AskOptions): Promise<ReadFacts> {
  const { messages, read, maxTokens } = FACTS_FORMS[form];
  signal?.throwIfAborted();
  try {
    const asked = messages(message);
    const reply = await collectReply(model.stream({ messages: asked, temperature: 0, maxTokens, signal }));
    const { usage } = reply;
    const failed = (kind: MemoryFailure["kind"], what: string): ReadFacts => ({
      facts: null,
      usage,
      failure: { kind, message: `${model.name}: ${what}` },
    });
    if (reply.finishReason === "length") return failed("length", "the facts of a message were cut off, being too long");
    const facts = read(reply.text);
    if (facts !== null && hasNames(facts)) return { facts, usage };
    const said = JSON.stringify(reply.text.trim().slice(0, 200));
    return failed("malformed", `expected the facts of a message as JSON, got ${said}`);
  } catch (error) {
    signal?.throwIfAborted();
    const usage = { promptTokens: 0, completionTokens: 0 };
    return { facts: null, usage, failure: { kind: "model", message: `${model.name}: ${saidBy(error)}` } };
  }
}

/** What a checked message does to a profile. */
export function turnFacts(
  profile: PatientProfile,
  message: string,
  turn: number,
  said: readonly SaidFact[],
): TurnFacts {
  const ended = endedFacts(profile, message, said);
  const anew = said.flatMap((fact) => {
    const { field, value, quote, clause } = fact;
    // "No other illnesses" after some were told says nothing against those.
    if (value === null && leavesOthers(fact) && isList(profile, field)) return [];
    return [{ field, value, quote, corrects: clause.corrects || namesWrong(profile, fact) }];
  });
  return { turn, said: anew, ended };
}

function isList(profile: PatientProfile, field: SaidFact["field"]): boolean {
  const held = profile[field];
  return Array.isArray(held) && held.length > 0;
}

/** "I am 43, not 34": whether the words name the value that is held. */
function namesWrong(profile: PatientProfile, { field, value, clause }: SaidFact): boolean {
  if (field !== "age" || profile.age === undefined || profile.age.value === value) return false;
  return new RegExp(`\\b(?:not|instead of|rather than)\\s+${profile.age.value}\\b`, "iu").test(clause.text);
}

/** Whether all names can stand in a profile. */
function hasNames(facts: PatientFacts): boolean {
  return [facts.allergies, facts.conditions, facts.medicines, facts.symptoms]
    .every((names) => (names ?? []).every((name) => factName.safeParse(name).success && valueKey(name) !== '"'));
}
