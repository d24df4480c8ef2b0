/** Documents, a search over them, and games whose turns are given instead of drawn. */
import { rankByOverlap, writeR3Step } from "../../lib/data/mod.ts";
import type { CollectionDocument, FoundPassage, PassageRetriever, R3Question, R3StepRecord } from "../../lib/r3/mod.ts";
import type { Game, NextMove, Turn } from "../../lib/train/mod.ts";

export const DOCUMENTS: readonly CollectionDocument[] = [
  { id: "velmona", title: "Velmona", text: "Velmona is a company founded by Mia Torvic. It makes lamps." },
  { id: "mia", title: "Mia Torvic", text: "Mia Torvic was born in Dalham. She lives in Orna." },
  { id: "dalham", title: "Dalham", text: "Dalham lies on the river Selma. It has a mayor called Tom Lanov." },
  { id: "tom", title: "Tom Lanov", text: "Tom Lanov was born in the year 1950. He is a baker." },
  { id: "selma", title: "Selma", text: "Selma is a river of 327 km in length. It flows into Lake Ulva." },
  { id: "orna", title: "Orna", text: "Orna is a town known for its bells." },
];

export const QUESTION: R3Question = {
  id: "q1",
  question: "Where was the founder of Velmona born?",
  answer: "Dalham",
  type: "bridge",
  support: ["velmona", "mia"],
};

/** A search by shared words over a list. It counts its calls and what was asked. */
export function listRetriever(documents: readonly CollectionDocument[] = DOCUMENTS) {
  const calls: string[][] = [];
  const retriever: PassageRetriever = {
    find(requests) {
      calls.push(requests.map(({ query }) => query));
      return Promise.resolve(requests.map(({ query, limit, exclude = [] }) => {
        const seen = new Set(exclude);
        return rankByOverlap(query, documents).slice(0, 5).filter(({ id }) => !seen.has(id)).slice(0, limit)
          .map((document, at): FoundPassage => ({ ...document, document: document.id, score: -at }));
      }));
    },
  };
  return { retriever, calls };
}

/** A turn with this text. */
export function turnOf(text: string, finishReason: Turn["finishReason"] = "stop"): Turn {
  return { tokenIds: [1], text, finishReason, stopString: finishReason === "stopString" ? "\n" : null, rest: "" };
}

/** A step as a model writes it. */
export function stepText(number: number, kind: "query" | "answer", value: string, analysis = "I think."): string {
  return `Step ${number}:\nThe problem analysis: ${analysis}\n${
    kind === "query" ? "The retrieval query" : "The final answer"
  }: ${value}`;
}

/** An episode of given turns: what the game moved after each, its prompts, and its state at the end. */
export class ScriptedPlay<Task, State> {
  readonly moves: NextMove[] = [];
  readonly play: { task: Task; sample: number; state: State; turns: Turn[] };
  prompt: string;

  constructor(readonly game: Game<Task, State>, task: Task) {
    const { prompt, state } = game.begin(task);
    this.prompt = textOfPrompt(prompt);
    this.play = { task, sample: 0, state, turns: [] };
  }

  /** Has the model write this. */
  async write(turn: string | Turn): Promise<NextMove> {
    this.play.turns = [...this.play.turns, typeof turn === "string" ? turnOf(turn) : turn];
    const [move] = await this.game.act([this.play]);
    this.moves.push(move);
    if (move.kind === "again") this.play.turns = this.play.turns.slice(0, -1);
    if (move.kind === "prompt") this.prompt = textOfPrompt(move.prompt);
    return move;
  }
}

function textOfPrompt(prompt: ReturnType<Game<unknown, unknown>["begin"]>["prompt"]): string {
  return typeof prompt === "string" ? prompt : prompt.map(({ content }) => content).join("\n\n");
}

/** A passage that is a whole document. */
export function aPassage(title: string, text: string): FoundPassage {
  return { id: `${title}-0`, document: title, title, text, score: 1 };
}

/** A step that asked, with what it found. */
export function aQuery(number: number, analysis: string, query: string, documents: FoundPassage[]): R3StepRecord {
  const step = { number, analysis, query };
  return { step, text: writeR3Step(step), documents };
}

/** A step that answered. */
export function anAnswer(number: number, analysis: string, answer: string): R3StepRecord {
  const step = { number, analysis, answer };
  return { step, text: writeR3Step(step), documents: [] };
}
