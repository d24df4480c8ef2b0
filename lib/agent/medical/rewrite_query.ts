/** A person's question as a search query: standard terms besides their own words, nothing lost, nothing made up. */
import { REWRITE_PROMPT, TERM_SEPARATOR } from "../../data/mod.ts";
import { cosine, type Embedder } from "../../retrieval/embed/mod.ts";
import { stemsOf } from "../../retrieval/search/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import { type ChatModel, type ChatUsage, collectReply, saidBy } from "../chat/mod.ts";
import { medicinesIn } from "../safety/mod.ts";
import { entitiesIn } from "./special_groups.ts";

/** What is to be rewritten. */
export interface RewriteInput {
  question: string;
  /** The question before, where this one needs it; else empty. */
  about: string;
  /** Medicines, illnesses and special groups of the profile. */
  patient: readonly string[];
}

/** How a model is asked, and how far its reply is believed. */
export interface RewriteForm {
  name: string;
  messages(input: RewriteInput): ChatMessage[];
  maxTokens: number;
}

/** The form that the house model was taught. Earlier questions have to be there with their rewrites, so the one before is told as a fact. */
export const HOUSE_REWRITE: RewriteForm = {
  name: "house",
  messages: ({ question, about }) => [
    { role: "system", content: REWRITE_PROMPT },
    { role: "user", content: about === "" ? question : `${about} ${question}` },
  ],
  maxTokens: 48,
};

/** For models that follow instructions. */
export const GENERAL_REWRITE: RewriteForm = {
  name: "general",
  messages: ({ question, about, patient }) => [
    {
      role: "system",
      content:
        'Rewrite a patient\'s question as a query for a medical library: up to eight standard medical terms with "; " between ' +
        "them. Keep every medicine, number, age and special group (pregnancy, children, kidney disease). Add no diagnosis, " +
        "medicine or number that is not spoken of. Reply with the query alone, in English.",
    },
    {
      role: "user",
      content: [
        ...(about === "" ? [] : [`Before that the patient asked: ${about}`]),
        ...(patient.length === 0 ? [] : [`Known of the patient: ${patient.join(", ")}`]),
        `Question: ${question}`,
      ].join("\n"),
    },
  ],
  maxTokens: 120,
};

/** How rewrites are checked. */
export interface RewriteOptions {
  /** Null: none is asked, and the question itself is searched for. */
  model: ChatModel | null;
  form?: RewriteForm;
  /** Whose cosines say how near a rewrite is to its question. */
  embedder: Pick<Embedder, "embedQueries">;
  /**
   * The least cosine of question and rewrite; below it the rewrite is not believed. Default 0.45, for kiln-embed: held-out rewrites of
   * the forms that it knows are mostly above, replies to questions that it does not understand below.
   */
  floor?: number;
  signal?: AbortSignal;
}

/** A query. */
export interface RewrittenQuery {
  /** What is searched for: the question, with the one before it where it needs that, and the terms. */
  text: string;
  /** The model's terms that the question does not have, as far as they are believed. */
  terms: string[];
  /** What the model wrote; empty where it was not asked or failed. */
  reply: string;
  /** Terms that were not believed. */
  dropped: string[];
  /** Medicines, numbers and groups of the question that the model's reply had lost. They are in `text` all the same. */
  lost: string[];
  /** `implausible`: the reply was not believed; `failed`: there was none, and why is in `failure`. */
  outcome: "rewritten" | "nothing new" | "implausible" | "failed" | "not asked";
  failure?: string;
  usage: ChatUsage;
}

/**
 * Rewrites a question. The person's own words always stay: the model can add standard terms to them, and nothing else. A reply that is far
 * from the question is dropped as a whole, a term that takes it further away by itself, and so is a number or a medicine that
 * nobody spoke of. What a model writes, and that it fails, is never a reason to throw.
 *
 * @throws The signal's reason, and what the embedder throws.
 */
export async function rewriteQuery(input: RewriteInput, options: RewriteOptions): Promise<RewrittenQuery> {
  const { model, form = HOUSE_REWRITE, embedder, floor = 0.45, signal } = options;
  const asked = input.about === "" ? input.question : `${input.about} ${input.question}`;
  const plain: RewrittenQuery = {
    text: asked,
    terms: [],
    reply: "",
    dropped: [],
    lost: [],
    outcome: "not asked",
    usage: { promptTokens: 0, completionTokens: 0 },
  };
  if (model === null) return plain;
  let reply: string;
  let usage: ChatUsage;
  try {
    const whole = await collectReply(
      model.stream({ messages: form.messages(input), maxTokens: form.maxTokens, temperature: 0, signal }),
    );
    reply = whole.text.trim().slice(0, LONGEST);
    usage = whole.usage;
  } catch (error) {
    signal?.throwIfAborted();
    return { ...plain, outcome: "failed", failure: saidBy(error) };
  }
  const terms = termsIn(reply);
  const lost = lostEntities(input, reply);
  const answered = { ...plain, reply, usage, lost };
  if (terms.length === 0) return { ...answered, outcome: "implausible" };
  const [question, rewrite, ...without] = await embedder.embedQueries([
    asked,
    terms.join(TERM_SEPARATOR),
    // Each term left out in its turn.
    ...(terms.length < 2 ? [] : terms.map((_, at) => terms.filter((_, other) => other !== at).join(TERM_SEPARATOR))),
  ], { signal });
  const whole = cosine(question, rewrite);
  if (whole < floor) return { ...answered, dropped: terms, outcome: "implausible" };
  const spoken = stemsOf([asked, ...input.patient].join(" "));
  const isNew = (term: string) => ![...stemsOf(term)].every((stem) => spoken.has(stem));
  const isBelieved = (term: string, at: number) =>
    term.split(/\s+/).length <= MOST_WORDS && !namesOthers(term, [asked, ...input.patient].join(" ")) &&
    (terms.length < 2 || cosine(question, without[at]) - whole <= STRAYS);
  const fresh = terms.filter(isNew);
  const kept = fresh.filter((term) => isBelieved(term, terms.indexOf(term)));
  return {
    ...answered,
    text: kept.length === 0 ? asked : `${asked} (${kept.join(TERM_SEPARATOR)})`,
    terms: kept,
    dropped: fresh.filter((term) => !kept.includes(term)),
    outcome: kept.length === 0 ? "nothing new" : "rewritten",
  };
}

/** A term that takes a rewrite this much away from the question is about something else. */
const STRAYS = 0.08;
/** A term of more words is no term. */
const MOST_WORDS = 5;
/** Characters of a reply that are read. */
const LONGEST = 400;

/** Terms of the first line, each once. */
function termsIn(reply: string): string[] {
  const [line = ""] = reply.replace(/^(?:query|rewritten query)\s*:\s*/i, "").split("\n");
  const terms = line.replace(/^["'`]+|["'`.]+$/g, "").split(/\s*;\s*/).map((term) => term.trim()).filter((term) =>
    term !== ""
  );
  return [...new Map(terms.map((term) => [term.toLowerCase(), term])).values()].slice(0, 12);
}

/**
 * A number that was not said is made up. A medicine is one too where no medicine was named: neither a known one nor a word with a capital
 * inside a sentence, as brands have it.
 */
function namesOthers(term: string, spoken: string): boolean {
  const said = new Set(spoken.match(/\d+/g) ?? []);
  if ((term.match(/\d+/g) ?? []).some((number) => !said.has(number))) return true;
  return medicinesIn(term).length > 0 && medicinesIn(spoken).length === 0 &&
    !/(?<![.!?]\s*)\s\p{Lu}\p{Ll}{3,}/u.test(spoken);
}

function lostEntities({ question }: RewriteInput, reply: string): string[] {
  const said = entitiesIn(question);
  const kept = entitiesIn(reply);
  const lacks = (there: readonly string[]) => (each: string) =>
    !there.some((other) => other.toLowerCase() === each.toLowerCase());
  return [
    ...said.medicines.filter(lacks(kept.medicines)),
    ...said.numbers.filter(lacks(kept.numbers)),
    ...said.groups.filter(lacks(kept.groups)),
  ];
}
