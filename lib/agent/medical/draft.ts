/** Drafts of answers: by a language model, or of the library's own sentences. Both are checked alike. */
import { MEDICAL_ADVICE_PROMPT, NOT_IN_DOCUMENTS } from "../../data/mod.ts";
import {
  type AnswerProblem,
  checkAnswer,
  type CheckedAnswer,
  type EvidencePassage,
  instructionForm,
  neutralise,
  type ReadReply,
} from "../../retrieval/answer/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import { type ChatEvent, type ChatModel, type ChatUsage, collectReply } from "../chat/mod.ts";
import type { SessionCitation } from "../memory/mod.ts";
import type { FoundEvidence } from "./find_evidence.ts";
import type { OrderedSentence } from "./order_sentences.ts";

/** What a draft is written from. */
export interface DraftInput {
  /** As it was asked. */
  question: string;
  /** The same with the question before, where it needs that. */
  standalone: string;
  /** The profile for a prompt; empty where nothing is known. */
  profile: string;
  /** Earlier messages, as a model is given them. Ends before the question. */
  history: readonly ChatMessage[];
  /** Null in mode "direct". */
  found: FoundEvidence | null;
}

/** A draft. */
export interface Draft {
  text: string;
  /** Whether it says that the evidence does not answer. */
  isRefusal: boolean;
  citations: SessionCitation[];
  /** What is wrong with citations and quotes. A sentence that cites a passage which is not there is in `text` no more. */
  problems: AnswerProblem[];
  usage: ChatUsage;
}

/** What writes drafts. */
export interface Drafter {
  readonly name: string;
  /** Pieces come as they are written. @throws What the model throws, and the signal's reason. */
  write(
    input: DraftInput,
    options: { signal?: AbortSignal; onPiece: (piece: { type: "text" | "reasoning"; text: string }) => void },
  ): Promise<Draft>;
}

/** How a model drafts. */
export interface ChatDrafterOptions {
  /** Default 0.2. */
  temperature?: number;
  /** Default 700. */
  maxTokens?: number;
}

const NOTHING: ChatUsage = { promptTokens: 0, completionTokens: 0 };

const RULES =
  "You are a careful medical assistant for patients. Write short, clear sentences in the patient's language. " +
  "Never tell how much or how often to take a medicine: leave that to a doctor or pharmacist. Heed the patient's profile: name what this " +
  "patient has to avoid. Say when a doctor is needed.";

/** A model that follows instructions, such as one behind an endpoint. */
export function chatDrafter(
  model: ChatModel,
  { temperature = 0.2, maxTokens = 700 }: ChatDrafterOptions = {},
): Drafter {
  return {
    name: model.name,
    async write({ question, standalone, profile, history, found }, { signal, onPiece }) {
      const known = profile === "" ? "" : `\n\nWhat is known of the patient:\n${profile}`;
      const passages = found === null ? [] : passagesOf(found);
      const [task, asked] = found === null
        ? [null, { role: "user", content: question } satisfies ChatMessage]
        : instructionForm.messages(standalone, passages);
      // A summary of older turns comes as a system message, and many templates take one of those only.
      const summary = history[0]?.role === "system" ? `\n\n${history[0].content}` : "";
      const turns = summary === "" ? history : history.slice(1);
      const system = `${RULES}${task === null ? "" : `\n\n${task.content}`}${known}${summary}`;
      const reply = await collectReply(
        model.stream({
          messages: [{ role: "system", content: system }, ...turns, asked],
          temperature,
          maxTokens,
          signal,
        }),
        piecesTo(onPiece),
      );
      if (found === null) return plainDraft(reply.text, reply.usage);
      return { ...checked(instructionForm.read(reply.text), passages), usage: reply.usage };
    },
  };
}

/**
 * The house: with evidence, the library's own sentences, quoted to the letter; without, the house model's advice in the form that it was
 * taught. Its grounded answers were measured on the library's questions and not one of them held: it reads the documents of
 * its own making, and no others.
 */
export function houseDrafter(model: ChatModel): Drafter {
  return {
    name: model.name,
    async write({ question, standalone, found }, { signal, onPiece }) {
      if (found === null) {
        const messages: ChatMessage[] = [
          { role: "system", content: MEDICAL_ADVICE_PROMPT },
          { role: "user", content: question.slice(0, LONGEST_QUESTION) },
        ];
        const request = { messages, temperature: 0, maxTokens: 120, signal };
        const reply = await collectReply(model.stream(request), piecesTo(onPiece));
        return plainDraft(reply.text, reply.usage);
      }
      const draft = extractDraft(standalone, found);
      onPiece({ type: "text", text: draft.text });
      return draft;
    },
  };
}

/** The house model reads little. */
const LONGEST_QUESTION = 600;

function piecesTo(onPiece: (piece: { type: "text" | "reasoning"; text: string }) => void) {
  return (event: ChatEvent) => {
    if (event.type === "text" || event.type === "reasoning") onPiece({ type: event.type, text: event.text });
  };
}

function plainDraft(text: string, usage: ChatUsage): Draft {
  // Without evidence there is nothing to cite.
  const plain = text.replace(/\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\]/g, "").trim();
  return { text: plain, isRefusal: false, citations: [], problems: [], usage };
}

/** The next sentence comes too, where it answers nearly as much. */
const NEARLY = 0.9;
/** A sentence that says one word of treatment less than another is one about treatment all the same. */
const NEARLY_FIT = 0.8;
/** How English questions say that they ask for two things. */
const TWO_THINGS = /\b(?:and|or|than|both|between|versus|vs)\b/i;
/** Sentences of an answer to a question that asks plainly for one thing, such as a treatment. */
const MOST_OF_PLAIN = 3;

/**
 * The sentence that is worth most with its neighbours in worth, for a question about two things the best of another article, and every sentence
 * that warns this patient. Nothing in it is anybody's but the library's.
 */
export function extractDraft(question: string, found: FoundEvidence): Draft {
  if (!found.isKnown || found.ranked.length === 0) return { ...refusal(), usage: NOTHING };
  const [first] = found.ranked;
  const other = secondArticle(question, found);
  const numberOf = (sentence: OrderedSentence) =>
    found.results.findIndex(({ chunk }) => chunk.id === sentence.result.chunk.id) + 1;
  const lines = [first, other, ...besides(found)].filter((sentence) => sentence !== undefined)
    .map((sentence) => ({
      number: numberOf(sentence),
      words: sentence.result.chunk.text.slice(sentence.start, sentence.end),
    }));
  for (const { number, text } of found.cautions) {
    if (!lines.some(({ words }) => words === text)) lines.push({ number, words: text });
  }
  const text = lines.map(({ number, words }) => cited(neutralise(words).replace(/\s+/g, " ").trim(), number)).join(" ");
  return { ...checked({ text, quotes: lines, isRefusal: false }, passagesOf(found)), usage: NOTHING };
}

/** Of an article beside the first: the other one that the question names, or one that speaks to it by itself. */
function secondArticle(question: string, { ranked, reading }: FoundEvidence): OrderedSentence | undefined {
  const [first] = ranked;
  if (!TWO_THINGS.test(question) || first.tellsPair) return undefined;
  const others = ranked.filter(({ result }) => result.chunk.source !== first.result.chunk.source);
  if (reading.named.length > 1 && first.isNamed) return others.find(({ isNamed }) => isNamed);
  return others.find(({ coverage, relevance }) => coverage >= LEAST_OWN && relevance >= LEAST_OTHER * first.relevance);
}

/** Sentences of the first one's article that answer nearly as much. */
function besides({ ranked, reading }: FoundEvidence): OrderedSentence[] {
  const [first, ...others] = ranked;
  if (first.tellsPair) return [];
  if (reading.isPlain && first.fit > 0) {
    const most = Math.max(...reading.aspects.map(({ sentences = MOST_OF_PLAIN }) => sentences));
    return others.filter(({ result, fit }) =>
      result.chunk.source === first.result.chunk.source && fit >= NEARLY_FIT * first.fit
    ).slice(0, most - 1);
  }
  return others.slice(0, 5).filter(({ result, relevance }) =>
    result.chunk.id === first.result.chunk.id && relevance >= NEARLY * first.relevance
  ).slice(0, 1);
}

/** A sentence of another article has to speak to this share of the question by itself, and be this relevant beside the best. */
const LEAST_OWN = 0.3;
const LEAST_OTHER = 0.7;

function refusal(): Omit<Draft, "usage"> {
  return { text: NOT_IN_DOCUMENTS, isRefusal: true, citations: [], problems: [] };
}

/** With the citation before the full stop, where the auditor's forms have it. */
function cited(sentence: string, number: number): string {
  const end = /[.!?]["'”’)]*$/.exec(sentence);
  return end === null ? `${sentence} [${number}].` : `${sentence.slice(0, end.index)} [${number}]${end[0]}`;
}

/** The evidence as passages of a prompt, under its numbers. */
export function passagesOf({ results }: Pick<FoundEvidence, "results">): EvidencePassage[] {
  return results.map(({ chunk, score }, at) => ({
    number: at + 1,
    title: chunk.title,
    headings: chunk.headings,
    source: chunk.source,
    ...(chunk.page === undefined ? {} : { page: chunk.page }),
    text: chunk.text,
    isCut: false,
    untrusted: chunk.untrusted,
    tokens: chunk.tokens,
    chunk,
    score,
  }));
}

/** A reply held against the passages that it cites; sentences that cite none that there is are left out. */
function checked(read: ReadReply, passages: EvidencePassage[]): Omit<Draft, "usage"> {
  const evidence = { passages, tokens: 0, leftOut: [] };
  const answer = checkAnswer({ ...read, text: withoutUnknown(read.text, passages.length) }, evidence);
  const problems = [
    ...checkAnswer(read, evidence).problems.filter(({ kind }) => kind === "unknown passage"),
    ...answer.problems,
  ];
  if (answer.isRefusal || answer.text === "") return { ...refusal(), problems };
  return { text: answer.text, isRefusal: false, citations: answer.citations.map(citationOf), problems };
}

function withoutUnknown(text: string, passages: number): string {
  return text.split("\n").map((line) =>
    line.split(/(?<=[.!?]["'”’)]*)\s+(?!\[)/).filter((sentence) => {
      const cited = Array.from(sentence.matchAll(/\[(\d{1,3})\]/g), ([, number]) => Number(number));
      return cited.length === 0 || cited.some((number) => number >= 1 && number <= passages);
    }).join(" ")
  ).join("\n").trim();
}

function citationOf(
  { number, quote, found, startInChunk, endInChunk }: CheckedAnswer["citations"][number],
): SessionCitation {
  return {
    number: Math.max(1, number),
    ...(quote === undefined ? {} : { quote }),
    found,
    ...(quote === undefined || startInChunk === undefined ? {} : { start: startInChunk, end: endInChunk! }),
  };
}
