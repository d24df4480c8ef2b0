// @ts-check
/// <reference lib="dom" />
/** Where questions are written: Enter sends, Shift+Enter begins a line, Escape stops. */
import { byId, element, fill } from "./dom.js";

/** @import { Mode } from "./contract.ts" */

/** @type {Record<Mode, string>} */
const NOTES = {
  direct: "The model answers from what it has learned: quick, and without sources.",
  evidence: "The library is searched first, and the answer cites its passages.",
  audited: "Searched and cited, then checked against the passages and what is known of you.",
};

/** The form at the foot of the page. */
export class Composer {
  #form = byId("composer", HTMLFormElement);
  #question = byId("question", HTMLTextAreaElement);
  #send = byId("send", HTMLButtonElement);
  #stop = byId("stop", HTMLButtonElement);
  #model = byId("model", HTMLSelectElement);

  /** @param {{ send: (question: string) => void, stop: () => void, recall: () => void }} deeds recall: edit the last question */
  constructor({ send, stop, recall }) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const question = this.#question.value.trim();
      if (question === "" || this.isBusy) return this.focus();
      this.#question.value = "";
      send(question);
      this.focus();
    });
    this.#stop.addEventListener("click", () => {
      stop();
      this.focus();
    });
    this.#question.addEventListener("keydown", (event) => {
      // Enter that ends the writing of a character is none of ours.
      if (event.isComposing) return;
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.#form.requestSubmit();
      } else if (event.key === "ArrowUp" && this.#question.value === "" && !this.isBusy) {
        event.preventDefault();
        recall();
      }
    });
    byId("skip", HTMLAnchorElement).addEventListener("click", (event) => {
      event.preventDefault();
      this.focus();
    });
    const kept = localStorage.getItem("kiln-mode") ?? "audited";
    for (const input of this.#modes) {
      input.checked = input.value === kept;
      input.addEventListener("change", () => this.#noteMode());
    }
    this.#noteMode();
    this.#model.addEventListener("change", () => localStorage.setItem("kiln-model", this.#model.value));
  }

  get isBusy() {
    return !this.#stop.hidden;
  }

  set isBusy(isBusy) {
    this.#stop.hidden = !isBusy;
    this.#send.hidden = isBusy;
  }

  /** @returns {Mode} */
  get mode() {
    const chosen = this.#modes.find((input) => input.checked)?.value;
    return chosen === "direct" || chosen === "evidence" ? chosen : "audited";
  }

  /** The chosen model; undefined leaves it to the server. */
  get model() {
    return this.#model.value || undefined;
  }

  /** @param {readonly { id: string, kind?: string }[]} models a choice is shown where there is one */
  offer(models) {
    const chats = models.filter(({ kind }) => kind !== "embedder");
    const kept = localStorage.getItem("kiln-model");
    fill(
      this.#model,
      ...chats.map(({ id, kind }) => {
        const name = kind === "adapter" ? `${id} (adapter)` : id;
        return element("option", { value: id, selected: id === kept }, name);
      }),
    );
    byId("model-choice", HTMLElement).hidden = chats.length < 2;
  }

  /** @param {string} question */
  write(question) {
    this.#question.value = question;
    this.focus();
    this.#question.setSelectionRange(question.length, question.length);
  }

  focus() {
    this.#question.focus();
  }

  get #modes() {
    return [...this.#form.querySelectorAll("input")].filter((input) => input.name === "mode");
  }

  #noteMode() {
    byId("mode-note", HTMLElement).textContent = NOTES[this.mode];
    localStorage.setItem("kiln-mode", this.mode);
  }
}
