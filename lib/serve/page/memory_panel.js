// @ts-check
/// <reference lib="dom" />
/** What is remembered of the person: who said it and when, what contradicts it, and the means to change or delete it. */
import { button, carefulButton, element } from "./dom.js";
import { factForm, summaryForm } from "./fact_form.js";

/** @import { Claim, Conflict, FactSource, FactValue, Profile, Session, Sourced } from "./contract.ts" */

/** @type {[field: string, name: string][]} */
const SINGLE = [["age", "Age"], ["sex", "Sex"], ["pregnant", "Pregnant"]];
/** @type {[field: string, name: string][]} */
const LISTS = [["allergies", "Allergies"], ["conditions", "Conditions"], ["medicines", "Medicines"], [
  "symptoms",
  "Symptoms",
]];
const NAMES = Object.fromEntries([...SINGLE, ...LISTS]);

/** @typedef {(patch: Record<string, unknown>) => void} Edit */

/**
 * @param {Pick<Session, "profile" | "summary"> | null} session null before the first question
 * @param {{ edit: Edit, forgetAll: () => void }} actions
 * @returns {(Node | null)[]}
 */
export function memoryView(session, { edit, forgetAll }) {
  const profile = session?.profile ?? {};
  const isEmpty = session === null ||
    ![...SINGLE, ...LISTS].some(([field]) => factsOf(profile, field).length > 0 || profile.none?.[field]);
  return [
    element(
      "p",
      { class: "faint" },
      isEmpty
        ? "Nothing is remembered yet. What you say about yourself is noted here, and only for this conversation."
        : "What you said about yourself. It is used for your next answers and kept with this conversation only.",
    ),
    conflictsView(profile.conflicts ?? [], edit),
    session &&
    element("dl", { class: "facts" }, ...[...SINGLE, ...LISTS].map(([field]) => fieldView(profile, field, edit))),
    session?.summary?.text ? summaryView(session.summary.text, edit) : null,
    isEmpty ? null : carefulButton("Delete all of it", "Really delete all?", forgetAll, { class: "plain danger" }),
  ];
}

/**
 * What stands for the messages that have no room any more.
 *
 * @param {string} text
 * @param {Edit} edit
 */
function summaryView(text, edit) {
  const label = "Earlier in this conversation";
  const body = element(
    "div",
    {},
    element("p", { dir: "auto" }, text),
    element(
      "span",
      { class: "actions" },
      button("Edit", () => body.replaceChildren(summaryForm(text, edit)), { "aria-label": "Edit the summary" }),
      button("Delete", () => edit({ summary: null }), { "aria-label": "Delete the summary" }),
    ),
  );
  return element("section", { class: "summary", "aria-label": label }, element("h3", { class: "label" }, label), body);
}

/**
 * @param {Profile} profile
 * @param {string} field
 * @returns {Sourced[]}
 */
function factsOf(profile, field) {
  const held = /** @type {Record<string, Sourced | Sourced[] | undefined>} */ (/** @type {unknown} */ (profile))[field];
  return held === undefined || held === null ? [] : Array.isArray(held) ? held : [held];
}

/**
 * @param {Profile} profile
 * @param {string} field
 * @param {Edit} edit
 */
function fieldView(profile, field, edit) {
  const facts = factsOf(profile, field);
  const isList = LISTS.some(([list]) => list === field);
  const none = profile.none?.[field];
  /** The field with one of its values changed, or left out for null. @type {(at: number, value: FactValue | null) => unknown} */
  const changed = (at, value) => {
    if (!isList) return value;
    const values = facts.map((fact) => fact.value);
    values.splice(at, 1, ...(value === null ? [] : [value]));
    return values.length > 0 ? values : null;
  };
  const add = element("dd", { class: "add" });
  add.append(button("Add", () => {
    add.replaceChildren(factForm(field, undefined, (value) => edit({ [field]: changed(facts.length, value) })));
  }, { "aria-label": `Add to ${NAMES[field].toLowerCase()}` }));
  return element(
    "div",
    {},
    element("dt", {}, NAMES[field]),
    (isList || facts.length === 0) && add,
    ...facts.map((fact, at) => factView(field, fact, (value) => edit({ [field]: changed(at, value) }))),
    none && element("dd", {}, element("span", { class: "value" }, "none"), sourceView(none)),
  );
}

/**
 * @param {string} field
 * @param {Sourced} fact
 * @param {(value: FactValue | null) => void} change
 */
function factView(field, fact, change) {
  const words = valueWords(fact.value);
  const line = element(
    "dd",
    {},
    element("span", { class: "value", dir: "auto" }, words),
    sourceView(fact.source),
    element(
      "span",
      { class: "actions" },
      button("Edit", () => line.replaceChildren(factForm(field, fact.value, change)), {
        "aria-label": `Edit ${words}`,
      }),
      button("Delete", () => change(null), { "aria-label": `Delete ${words}` }),
    ),
  );
  return line;
}

/**
 * @param {readonly Conflict[]} conflicts
 * @param {Edit} edit
 */
function conflictsView(conflicts, edit) {
  if (conflicts.length === 0) return null;
  return element(
    "section",
    { class: "conflicts", "aria-label": "Contradictions" },
    element("h3", { class: "label" }, conflicts.length === 1 ? "A contradiction" : "Contradictions"),
    ...conflicts.map((conflict) =>
      element(
        "ul",
        {},
        claimView(conflict, conflict.kept, "used for now", edit),
        claimView(conflict, conflict.other, "", edit),
      )
    ),
  );
}

/**
 * @param {Conflict} conflict
 * @param {Claim} claim
 * @param {string} standing
 * @param {Edit} edit
 */
function claimView({ field }, claim, standing, edit) {
  const isSingle = SINGLE.some(([single]) => single === field);
  const words = `${NAMES[field] ?? field}: ${claim.isDenied ? "not " : ""}${valueWords(claim.value)}`;
  return element(
    "li",
    {},
    element("span", { class: "value", dir: "auto" }, words),
    standing && element("span", { class: "faint" }, standing),
    sourceView(claim.source),
    isSingle && claim.value !== null && !claim.isDenied &&
      button("This is right", () => edit({ [field]: claim.value }), { "aria-label": `This is right: ${words}` }),
  );
}

/** @param {FactSource} source */
function sourceView({ turn, quote, by }) {
  if (by === "edit") return element("span", { class: "said" }, "edited by you");
  return element("span", { class: "said" }, `you, question ${turn}: `, element("q", { dir: "auto" }, quote));
}

/** @param {FactValue | null} value */
function valueWords(value) {
  return value === null ? "none" : value === true ? "yes" : value === false ? "no" : String(value);
}
