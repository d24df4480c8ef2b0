// @ts-check
/// <reference lib="dom" />
/** A question and its answer, as they are shown. */
import { auditView } from "./audit.js";
import { button, element, fill } from "./dom.js";
import { riskBadge } from "./evidence_panel.js";
import { feedbackView } from "./feedback.js";
import { RichText } from "./rich_text.js";
import { Stages } from "./stages.js";

/** @import { Critique, Feedback, NumberedEvidence, SessionMessage } from "./contract.ts" */
/** @import { Failure } from "./failure.js" */

/**
 * What an exchange lets the person do.
 *
 * @typedef {object} Deeds
 * @property {(evidence: readonly NumberedEvidence[], number?: number) => void} openEvidence
 * @property {(exchange: Exchange) => void} retry
 * @property {(exchange: Exchange) => void} edit
 * @property {(messageId: string, feedback: Omit<Feedback, "messageId">) => Promise<void>} feedback
 */

/** One article of the conversation. */
export class Exchange {
  /** The server's id of the question, where it is known: taking the question back needs it. @type {string | undefined} */
  questionId;
  stages = new Stages();
  #thinking = element("div", { class: "thought", dir: "auto" });
  #thinkingFold = element(
    "details",
    { class: "thinking", hidden: true },
    element("summary", {}, "Thinking"),
    this.#thinking,
  );
  #answer = element("div", { class: "answer" });
  #below = element("div", { class: "below" });
  #actions = element("div", { class: "actions" });
  #rich;
  #draft = "";
  #frame = 0;
  /** @type {readonly NumberedEvidence[]} */
  #evidence = [];
  /** @type {Critique | undefined} */
  #critique;

  /**
   * @param {string} question
   * @param {Deeds} deeds
   */
  constructor(question, deeds) {
    this.question = question;
    this.deeds = deeds;
    this.#rich = new RichText(this.#answer, (number) => this.#cite(number));
    this.node = element(
      "article",
      { class: "exchange" },
      element("h2", { class: "question", dir: "auto" }, element("span", { class: "unseen" }, "You asked: "), question),
      this.stages.node,
      this.#thinkingFold,
      this.#answer,
      this.#below,
      this.#actions,
    );
  }

  /** What of the answer is written so far. */
  get draft() {
    return this.#draft;
  }

  /** @param {boolean} isDraft whether an auditor will look at it before it is an answer */
  begin(isDraft) {
    this.node.setAttribute("aria-busy", "true");
    this.#answer.classList.toggle("draft", isDraft);
  }

  /** @param {string} text */
  addReasoning(text) {
    this.#thinkingFold.hidden = false;
    this.#thinking.append(text);
  }

  /** @param {string} text */
  addText(text) {
    this.#draft += text;
    // Tokens come faster than frames.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#rich.show(this.#draft);
    });
  }

  /** @param {readonly NumberedEvidence[]} evidence */
  setEvidence(evidence) {
    this.#evidence = evidence;
  }

  /** @param {Critique} critique */
  setCritique(critique) {
    this.#critique ??= critique;
  }

  /**
   * The answer as it is kept, in place of what was written so far.
   *
   * @param {SessionMessage} message
   * @param {{ outcome?: string, feedback?: Feedback }} [more]
   */
  answer(message, { outcome = message.outcome, feedback } = {}) {
    this.#settle();
    const { content, reasoning, evidence, critique = this.#critique } = message;
    if (reasoning && this.#thinking.textContent === "") this.addReasoning(reasoning);
    const isNew = evidence !== undefined && this.#evidence.length === 0;
    this.#evidence = evidence ?? this.#evidence;
    this.#answer.classList.remove("draft");
    this.#rich.show(content, { isNew });
    if (outcome === "emergency") this.#raiseAlarm();
    const opinion = feedbackView(feedback, (given) => this.deeds.feedback(message.id, given));
    fill(
      this.#below,
      critique && auditView(critique, { draft: this.#draft, answer: content, isWithheld: outcome === "withheld" }),
      this.#sources(content),
      opinion.place,
    );
    fill(this.#actions, ...opinion.buttons, ...this.#again());
  }

  /** What was written stays; the person stopped it. */
  stop() {
    this.#settle();
    this.#rich.show(this.#draft);
    fill(this.#below, element("p", { class: "notice" }, "Stopped. What stands here is not a whole answer."));
    fill(this.#actions, ...this.#again());
  }

  /** @param {Failure} failure */
  fail({ title, advice, wait, canRetry }) {
    this.#settle();
    this.#rich.show(this.#draft);
    const again = button("Try again", () => this.deeds.retry(this), { class: "plain", disabled: wait > 0 });
    const until = Date.now() + wait * 1000;
    const clock = wait > 0 && setInterval(() => {
      const left = Math.ceil((until - Date.now()) / 1000);
      again.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
      again.disabled = left > 0;
      if (left <= 0) clearInterval(/** @type {number} */ (/** @type {unknown} */ (clock)));
    }, 250);
    const edit = button("Edit question", () => this.deeds.edit(this));
    fill(
      this.#below,
      element(
        "div",
        { class: "notice failure" },
        element("p", {}, element("strong", {}, title), " ", advice),
        element("div", { class: "actions" }, canRetry && again, edit),
      ),
    );
    fill(this.#actions);
  }

  #settle() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.node.removeAttribute("aria-busy");
  }

  /** Only the last exchange's are seen: taking back one in the middle would take back what came of it. */
  #again() {
    return [
      button("Try again", () => this.deeds.retry(this), { class: "quiet again" }),
      button("Edit", () => this.deeds.edit(this), { class: "quiet again", "aria-label": "Edit question" }),
    ];
  }

  /** Puts the answer into a frame that nobody overlooks; a screen reader breaks off to read it. */
  #raiseAlarm() {
    const alarm = element(
      "div",
      { class: "emergency", role: "alert" },
      element("p", { class: "cry" }, "This may be an emergency"),
      element(
        "p",
        { class: "calls" },
        element("a", { href: "tel:112" }, "Call 112"),
        element("a", { href: "tel:911" }, "Call 911"),
      ),
    );
    this.#answer.before(alarm);
    alarm.append(this.#answer);
    alarm.scrollIntoView({ block: "start" });
  }

  /** @param {string} answer */
  #sources(answer) {
    const cited = new Set(
      [...answer.matchAll(/\[([\d\s,;]+)\]/g)].flatMap(([, numbers]) => numbers.split(/[,;]/).map(Number)),
    );
    const passages = this.#evidence.filter(({ number }) => cited.has(number));
    if (this.#evidence.length === 0) return null;
    return element(
      "section",
      { class: "sources" },
      element("h3", { class: "label" }, "Sources"),
      element(
        "ol",
        {},
        ...passages.map(({ number, title, riskLevel }) =>
          element(
            "li",
            {},
            button(title, () => this.deeds.openEvidence(this.#evidence, number), {
              dir: "auto",
              "data-number": number,
            }),
            riskLevel !== undefined && riskBadge(riskLevel),
          )
        ),
      ),
      passages.length < this.#evidence.length &&
        button(
          passages.length === 0
            ? `See the ${this.#evidence.length} passages found`
            : `All ${this.#evidence.length} passages found`,
          () => this.deeds.openEvidence(this.#evidence),
        ),
    );
  }

  /** @param {number} number */
  #cite(number) {
    const passage = this.#evidence.find((each) => each.number === number);
    if (!passage) return `[${number}]`;
    return button(`[${number}]`, () => this.deeds.openEvidence(this.#evidence, number), {
      class: "cite",
      "aria-label": `Evidence ${number}: ${passage.title}`,
    });
  }
}
