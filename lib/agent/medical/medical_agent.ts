/** A medical assistant: it looks after emergencies first, remembers, looks up, writes with citations, and is audited. */
import type { ChatModel } from "../chat/mod.ts";
import type { Session, SessionStore } from "../memory/mod.ts";
import { type Auditor, chatAuditor, houseAuditor } from "../reflect/mod.ts";
import type { Router } from "../route/mod.ts";
import type { EmergencyNumbers } from "../safety/mod.ts";
import { chatDrafter, type Drafter, houseDrafter } from "./draft.ts";
import { EventQueue } from "./event_queue.ts";
import type { MedicalEvent, MedicalMode } from "./events.ts";
import type { MedicalKnowledge } from "./knowledge.ts";
import { Turn } from "./turn.ts";

/** What a medical agent is made of. Everything stays the caller's. */
export interface MedicalAgentOptions {
  /** Writes, remembers, rewrites and, unless there is an auditor, audits. */
  model: ChatModel;
  knowledge: MedicalKnowledge;
  /** Where sessions are kept. */
  store: SessionStore;
  /**
   * How the model is asked: `house` for kiln-tiny, which knows fixed forms and 450 tokens; `general` for models that follow instructions.
   * Default `general`.
   */
  form?: "house" | "general";
  /** What writes drafts. Default: by the form. */
  drafter?: Drafter;
  /** Who audits. Default: the model, in its form; null: the rules alone. */
  auditor?: Auditor | null;
  /**
   * Says what is a medical question. Where it says no, the library is still asked: nobody is sent away with a question that it answers.
   * Default: none, and everything is taken for one.
   */
  router?: Pick<Router, "routeAll">;
  /** Tokens of earlier messages that a model is given. Default 450 for the house, 4,000 for others. */
  contextTokens?: number;
  /** Passages of evidence. Default 5. */
  k?: number;
  /** See `findEvidence`. */
  leastCertainty?: number;
  /** Whom to call. Default: as `checkMessage` has it. */
  numbers?: EmergencyNumbers;
  /** Default: the system's clock. */
  now?: () => Date;
}

/** How one question is asked. */
export interface AskOptions {
  session: Session;
  /** Default `audited`. */
  mode?: MedicalMode;
  signal?: AbortSignal;
}

/** Characters of a message at most. */
export const LONGEST_MESSAGE = 8000;

/**
 * An agent for many conversations at once. Each turn writes its session to the store once, whole, at its end: an aborted turn leaves
 * nothing behind.
 *
 * @example
 * ```ts
 * for await (const event of agent.ask("May I take ibuprofen?", { session: newSession() })) {
 *   if (event.type === "answer") console.log(event.outcome, event.message.content);
 * }
 * ```
 */
export class MedicalAgent {
  readonly #options: MedicalAgentOptions;
  readonly #drafter: Drafter;
  readonly #auditor: Auditor | null;
  readonly #asking = new Set<string>();

  constructor(options: MedicalAgentOptions) {
    this.#options = options;
    const { model, form = "general" } = options;
    this.#drafter = options.drafter ?? (form === "house" ? houseDrafter(model) : chatDrafter(model));
    this.#auditor = options.auditor !== undefined
      ? options.auditor
      : form === "house"
      ? houseAuditor(model)
      : chatAuditor(model);
  }

  /** The model's name, for logs and pages. */
  get name(): string {
    return this.#options.model.name;
  }

  /**
   * Answers a message. Whoever stops reading the events stops the answer.
   *
   * @throws {RangeError} For a message that is empty or too long.
   * @throws When another message of this session is being answered, the signal is aborted (its reason), or the model or the store fails.
   */
  async *ask(
    message: string,
    { session, mode = "audited", signal }: AskOptions,
  ): AsyncGenerator<MedicalEvent, void, undefined> {
    const text = message.toWellFormed().trim();
    if (text === "") throw new RangeError("message: it is empty; expected a question");
    if (text.length > LONGEST_MESSAGE) {
      throw new RangeError(`message: it has ${text.length} characters; expected at most ${LONGEST_MESSAGE}`);
    }
    if (this.#asking.has(session.id)) {
      throw new Error("another message of this session is being answered: wait for its end, or stop it");
    }
    signal?.throwIfAborted();
    this.#asking.add(session.id);
    const left = new AbortController();
    const queue = new EventQueue<MedicalEvent>();
    const stop = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
    const onAbort = () => queue.fail(stop.reason);
    stop.addEventListener("abort", onAbort, { once: true });
    try {
      const turn = new Turn(this.#options, this.#drafter, this.#auditor, {
        text,
        session,
        mode,
        signal: stop,
        tell: (event) => queue.push(event),
      });
      turn.run().then(() => queue.close(), (error) => queue.fail(error));
      yield* queue;
    } finally {
      stop.removeEventListener("abort", onAbort);
      left.abort(new DOMException("nobody reads the answer any more", "AbortError"));
      this.#asking.delete(session.id);
    }
  }
}
