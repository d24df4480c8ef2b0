// @ts-check
/// <reference lib="dom" />
/** The conversation on show: asking, stopping, trying again, and opening an earlier one. */
import { Exchange } from "./exchange.js";
import { failureOf } from "./failure.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Api } from "./api.js" */
/** @import { ChatEvent, ChatRequest, Mode, Session } from "./contract.ts" */
/** @import { Deeds } from "./exchange.js" */

/**
 * @typedef {object} Surroundings
 * @property {Api} api
 * @property {HTMLElement} thread
 * @property {Announcer} announcer
 * @property {() => { mode: Mode, model?: string }} choices
 * @property {Pick<Deeds, "openEvidence">["openEvidence"]} openEvidence
 * @property {(question: string) => void} editQuestion puts a question back where it can be written
 * @property {() => void} changed the session, its memory, or whether an answer is being written
 */

/** One session at a time, one answer at a time. */
export class Conversation {
  /** As the server keeps it; null before the first question. @type {Session | null} */
  session = null;
  /** @type {string | null} */
  id = null;
  /** @type {Exchange[]} */
  #exchanges = [];
  /** @type {AbortController | null} */
  #running = null;
  /** The exchange that the next question takes the place of. @type {Exchange | null} */
  #edited = null;

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.around = surroundings;
  }

  get isRunning() {
    return this.#running !== null;
  }

  get isEmpty() {
    return this.#exchanges.length === 0;
  }

  /** @param {string} question */
  async ask(question) {
    if (this.isRunning) return;
    const taken = this.#edited;
    this.#edited = null;
    if (taken) this.#drop(taken);
    const exchange = this.#add(question);
    await this.#run(exchange, taken?.questionId);
  }

  stop() {
    this.#running?.abort();
  }

  /** Puts the last question back where it can be changed. */
  editLast() {
    const last = this.#exchanges.at(-1);
    if (last) this.#edit(last);
  }

  /** Begins a conversation of which the server knows nothing yet. */
  clear() {
    this.stop();
    this.id = null;
    this.session = null;
    this.#edited = null;
    this.#exchanges = [];
    this.around.thread.replaceChildren();
    this.around.changed();
  }

  /**
   * Shows an earlier conversation.
   *
   * @param {string} id
   */
  async open(id) {
    this.clear();
    this.id = id;
    const session = await this.around.api.session(id);
    if (this.id !== id) return;
    this.session = session;
    const feedback = new Map((session.feedback ?? []).map((each) => [each.messageId, each]));
    for (const message of session.messages) {
      if (message.role === "user") this.#add(message.content).questionId = message.id;
      const last = this.#exchanges.at(-1);
      if (message.role !== "assistant" || !last) continue;
      last.stages.restore(message.extra);
      last.answer(message, { feedback: feedback.get(message.id) });
    }
    // The server has the question alone where an answer was stopped or lost.
    const last = this.#exchanges.at(-1);
    if (last && session.messages.at(-1)?.role === "user") {
      last.stages.node.hidden = true;
      last.stop();
    }
    this.around.changed();
    last?.node.scrollIntoView({ block: "start" });
  }

  /** Reads the session anew. */
  async refresh() {
    const { id } = this;
    if (id === null) return;
    const session = await this.around.api.session(id);
    if (this.id !== id) return;
    this.#know(session);
    this.around.changed();
  }

  /** @param {Session} session as the server keeps it now */
  #know(session) {
    this.session = session;
    const asked = session.messages.findLast((message) => message.role === "user");
    const last = this.#exchanges.at(-1);
    // The same question may have been asked before, and may not have come in this time.
    const isOwn = asked?.content === last?.question &&
      this.#exchanges.every((each) => each === last || each.questionId !== asked?.id);
    if (last) last.questionId = isOwn ? asked?.id : undefined;
  }

  /**
   * @param {Exchange} exchange
   * @param {string} [replace]
   */
  async #run(exchange, replace) {
    const { announcer, api, changed, choices } = this.around;
    const running = this.#running = new AbortController();
    const { mode, model } = choices();
    /** @type {ChatRequest} */
    const request = { message: exchange.question, mode, model, session_id: this.id ?? undefined, replace };
    exchange.begin(mode === "audited");
    changed();
    exchange.node.scrollIntoView({ block: "start" });
    try {
      for await (const event of api.chat(request, running.signal)) {
        if (this.#running !== running) return;
        this.#take(event, exchange, mode);
      }
    } catch (error) {
      if (this.#running !== running) return;
      announcer.drop();
      if (running.signal.aborted) {
        exchange.stages.end("Stopped");
        exchange.stop();
        announcer.say("Stopped.");
      } else {
        const failure = failureOf(error, { isOnline: navigator.onLine });
        exchange.stages.end("Failed");
        exchange.fail(failure);
        announcer.say(`${failure.title} ${failure.advice}`);
      }
    } finally {
      if (this.#running === running) this.#running = null;
    }
    changed();
    await this.refresh().catch(() => {});
  }

  /**
   * @param {ChatEvent} event
   * @param {Exchange} exchange
   * @param {Mode} mode
   */
  #take(event, exchange, mode) {
    const { announcer, changed } = this.around;
    switch (event.type) {
      case "session":
        this.id = event.session_id;
        changed();
        break;
      case "stage": {
        const begun = exchange.stages.take(event);
        if (["search", "draft", "critique", "refine"].includes(event.stage) && begun !== "") announcer.say(`${begun}.`);
        break;
      }
      case "memory":
        this.session = { ...(this.session ?? { id: this.id ?? "", messages: [] }), profile: event.profile };
        changed();
        break;
      case "query":
        exchange.stages.searchedFor(event.text);
        break;
      case "evidence":
        exchange.setEvidence(event.evidence);
        break;
      case "reasoning":
        exchange.addReasoning(event.text);
        break;
      case "text":
        exchange.addText(event.text);
        // A draft may yet be mended: only what the auditor let pass is read aloud.
        if (mode !== "audited") announcer.write(event.text);
        break;
      case "critique":
        exchange.setCritique(event);
        break;
      case "answer": {
        exchange.stages.end("Answered");
        exchange.answer(event.message, { outcome: event.outcome });
        if (event.session) this.#know(event.session);
        const isRead = mode !== "audited" && exchange.draft === event.message.content;
        if (!isRead) announcer.drop();
        if (!isRead && event.outcome !== "emergency") announcer.write(event.message.content);
        announcer.end();
        break;
      }
    }
  }

  /** @param {string} question */
  #add(question) {
    const { api, openEvidence, thread } = this.around;
    const exchange = new Exchange(question, {
      openEvidence,
      retry: (tried) => {
        if (this.isRunning) return;
        this.#drop(tried);
        this.#run(this.#add(tried.question), tried.questionId);
      },
      edit: (edited) => this.#edit(edited),
      feedback: (messageId, feedback) =>
        api.feedback({ session_id: this.id ?? "", message_id: messageId, ...feedback }),
    });
    this.#exchanges.push(exchange);
    thread.append(exchange.node);
    return exchange;
  }

  /** @param {Exchange} exchange */
  #edit(exchange) {
    if (this.isRunning) return;
    this.#edited = exchange;
    this.around.editQuestion(exchange.question);
  }

  /** @param {Exchange} exchange */
  #drop(exchange) {
    exchange.node.remove();
    this.#exchanges = this.#exchanges.filter((each) => each !== exchange);
  }
}
