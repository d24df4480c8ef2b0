// @ts-check
/// <reference lib="dom" />
/** What the auditor found in a draft, and whether it was kept or mended. */
import { element } from "./dom.js";

/** @import { Critique } from "./contract.ts" */

/** @type {Record<string, string>} */
const KINDS = {
  contraindication: "Not safe for you",
  dosing: "Tells you a dose",
  "invented evidence": "Not in the evidence",
  "off topic": "Beside the question",
};

/**
 * @param {Critique} critique
 * @param {{ draft: string, answer: string, isWithheld: boolean }} texts
 */
export function auditView(critique, { draft, answer, isWithheld }) {
  const { verdict, problems } = critique;
  if (verdict === "unchecked") {
    return element("p", { class: "audit doubtful" }, "Not audited: the auditor gave no verdict. Rely on it less.");
  }
  if (problems.length === 0) {
    return element("p", { class: "audit clean" }, "Audited: nothing found, the draft was kept.");
  }
  const found = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const before = critique.draft ?? draft;
  const fate = isWithheld ? "answer withheld" : before === "" || before !== answer ? "mended" : "draft kept";
  return element(
    "details",
    { class: "audit found" },
    element("summary", {}, `Audited: ${found} found, ${fate}.`),
    element(
      "ul",
      {},
      ...problems.map(({ kind, quote, reason }) =>
        element(
          "li",
          {},
          element("strong", {}, KINDS[kind] ?? kind),
          quote && element("q", { dir: "auto" }, quote),
          reason && element("span", { dir: "auto" }, reason),
        )
      ),
    ),
    before !== "" && before !== answer && element("h3", { class: "label" }, "The draft"),
    before !== "" && before !== answer && element("p", { class: "before", dir: "auto" }, before),
  );
}
