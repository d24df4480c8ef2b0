/** How well facts of generated patients are remembered. */
import {
  factPairs,
  LIST_FIELDS,
  memoryCorpus,
  mentionedNames,
  mergeFacts,
  type PatientFacts,
  patientFacts,
  type Split,
} from "../../data/mod.ts";
import type { ChatModel } from "../chat/mod.ts";
import { checkFacts } from "./check_facts.ts";
import type { FactsFormName } from "./facts_form.ts";
import { mergeTurn } from "./merge.ts";
import { emptyProfile } from "./profile.ts";
import { profileFacts } from "./profile_text.ts";
import { readFacts, turnFacts } from "./remember.ts";

/** Messages of one generated patient. */
export interface MemoryChat {
  messages: {
    text: string;
    /** What it says. */
    facts: PatientFacts;
    corrects: boolean;
    /** What holds after it. */
    profile: PatientFacts;
  }[];
}

/** How corrections of generated patients begin. */
const CORRECTION = /^(?:sorry,|no,|I made a mistake:|I got that wrong:)/i;

/**
 * Generated patients of 2 to 4 messages each, until there are so many messages.
 *
 * @param options.split Default `test`: messages that the house model has not read.
 */
export function memoryChats(
  messages: number,
  { seed = 0, split = "test" }: { seed?: number; split?: Split } = {},
): MemoryChat[] {
  const chats: MemoryChat[] = [];
  let count = 0;
  for (let index = 0; count < messages; index++) {
    const { kind, cases } = memoryCorpus.exampleAt(index, { seed, split });
    if (kind === "recall") continue;
    const chat: MemoryChat = { messages: [] };
    let profile: PatientFacts = {};
    for (const { messages: asked, reference } of cases) {
      const text = String(asked.at(-1)!.content);
      const facts = patientFacts.parse(JSON.parse(reference));
      const corrects = CORRECTION.test(text);
      profile = mergeFacts(corrects ? withoutMistaken(profile, facts, text) : profile, facts);
      chat.messages.push({ text, facts, corrects, profile });
    }
    count += chat.messages.length;
    chats.push(chat);
  }
  return chats;
}

/** Without what a correction names as wrong; of one entry it need not. */
function withoutMistaken(profile: PatientFacts, facts: PatientFacts, text: string): PatientFacts {
  const left: PatientFacts = { ...profile };
  for (const field of LIST_FIELDS) {
    if (!facts[field] || !left[field]) continue;
    const wrong = mentionedNames(text, left[field]);
    if (wrong.size === 0 && left[field].length === 1) wrong.add(left[field][0]);
    left[field] = left[field].filter((name) => !wrong.has(name));
  }
  return left;
}

/** How many facts were found, of how many there are. */
export interface MemoryScore {
  /** The share of found facts that are right; null where none was found. */
  precision: number | null;
  /** The share of facts that were found. */
  recall: number | null;
  /** The share of messages, or profiles, with all facts and no other. */
  exact: number;
  count: number;
}

/** What came out. "Checked": as `rememberFacts` does it. "Unchecked": all that the model wrote, and nothing taken back. */
export interface MemoryEvaluation {
  /** Facts of single messages. */
  messages: { unchecked: MemoryScore; checked: MemoryScore };
  /** The profiles after the last messages. */
  profiles: { unchecked: MemoryScore; checked: MemoryScore };
  /** The same for patients who corrected themselves. */
  corrected: { unchecked: MemoryScore; checked: MemoryScore };
  /** Messages of which nothing was remembered. */
  failures: number;
  /** Facts that the check dropped, and those of them that were right. */
  dropped: { count: number; right: number };
  milliseconds: number;
  /** Messages where the checked facts are not the right ones. */
  misses: { text: string; expected: string[]; unchecked: string[]; checked: string[] }[];
}

/** Options of `evaluateMemory`. */
export interface EvaluateMemoryOptions {
  model: ChatModel;
  chats: readonly MemoryChat[];
  form?: FactsFormName;
  signal?: AbortSignal;
  /** Called after each message. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Lets a model read messages of generated patients and compares what is remembered with what they said.
 *
 * @throws When there is no chat, or the signal is aborted.
 */
export async function evaluateMemory(options: EvaluateMemoryOptions): Promise<MemoryEvaluation> {
  const { model, chats, form, signal, onProgress } = options;
  if (chats.length === 0) throw new Error("evaluateMemory: there are no chats");
  const total = chats.reduce((sum, { messages }) => sum + messages.length, 0);
  const began = performance.now();
  const scores = {
    messages: pairOfScores(),
    profiles: pairOfScores(),
    corrected: pairOfScores(),
  };
  const misses: MemoryEvaluation["misses"] = [];
  const dropped = { count: 0, right: 0 };
  let [failures, done] = [0, 0];
  for (const { messages } of chats) {
    let naive: PatientFacts = {};
    let profile = emptyProfile();
    for (const [index, { text, facts }] of messages.entries()) {
      const read = await readFacts({ model, message: text, form, signal });
      if (read.facts === null) failures++;
      const unchecked = read.facts ?? {};
      const { said, dropped: out } = checkFacts(unchecked, text);
      const expected = pairsOf(facts);
      const checked = new Set(said.map(({ field, value }) => pairOf(field, value)));
      scores.messages.unchecked.add(expected, pairsOf(unchecked));
      scores.messages.checked.add(expected, checked);
      dropped.count += out.length;
      dropped.right += out.filter(({ field, value }) => expected.has(pairOf(field, value))).length;
      if (checked.symmetricDifference(expected).size > 0) {
        misses.push({ text, expected: [...expected], unchecked: [...pairsOf(unchecked)], checked: [...checked] });
      }
      naive = mergeFacts(naive, unchecked);
      profile = mergeTurn(profile, turnFacts(profile, text, index + 1, said)).profile;
      onProgress?.(++done, total);
    }
    const last = pairsOf(messages[messages.length - 1].profile);
    const sets = messages.some(({ corrects }) => corrects) ? [scores.profiles, scores.corrected] : [scores.profiles];
    for (const { unchecked, checked } of sets) {
      unchecked.add(last, pairsOf(naive));
      checked.add(last, pairsOf(profileFacts(profile)));
    }
  }
  return {
    messages: scored(scores.messages),
    profiles: scored(scores.profiles),
    corrected: scored(scores.corrected),
    failures,
    dropped,
    milliseconds: performance.now() - began,
    misses,
  };
}

/** The evaluation as rows for `console.table`. */
export function memoryTable(evaluation: MemoryEvaluation): Record<string, string | number>[] {
  const parts = [["messages", "messages"], ["profiles", "profiles"], [
    "corrected",
    "profiles with a correction",
  ]] as const;
  return parts.flatMap(([part, label]) =>
    (["unchecked", "checked"] as const).map((way) => {
      const { precision, recall, exact, count } = evaluation[part][way];
      return { of: label, way, precision: percent(precision), recall: percent(recall), exact: percent(exact), count };
    })
  );
}

function percent(share: number | null): string {
  return share === null ? "-" : `${(100 * share).toFixed(1)} %`;
}

class Score {
  #expected = 0;
  #found = 0;
  #hits = 0;
  #exact = 0;
  #count = 0;

  add(expected: ReadonlySet<string>, found: ReadonlySet<string>): void {
    const hits = expected.intersection(found).size;
    this.#expected += expected.size;
    this.#found += found.size;
    this.#hits += hits;
    this.#exact += hits === expected.size && hits === found.size ? 1 : 0;
    this.#count++;
  }

  get score(): MemoryScore {
    return {
      precision: this.#found === 0 ? null : this.#hits / this.#found,
      recall: this.#expected === 0 ? null : this.#hits / this.#expected,
      exact: this.#count === 0 ? 0 : this.#exact / this.#count,
      count: this.#count,
    };
  }
}

function pairOfScores() {
  return { unchecked: new Score(), checked: new Score() };
}

function scored({ unchecked, checked }: ReturnType<typeof pairOfScores>) {
  return { unchecked: unchecked.score, checked: checked.score };
}

/** Whatever the capitals of names. */
function pairsOf(facts: PatientFacts): Set<string> {
  return new Set([...factPairs(facts)].map((pair) => pair.toLowerCase()));
}

function pairOf(field: string, value: number | string | boolean | null): string {
  return (value === null ? `${field} none` : `${field}=${value}`).toLowerCase();
}
