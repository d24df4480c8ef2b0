// @ts-check
/// <reference lib="dom" />
/** The passages of an answer, with the quoted words marked. */
import { element } from "./dom.js";
import { markedText } from "./marked_text.js";

/** @import { NumberedEvidence } from "./contract.ts" */
/** @import { Panel } from "./panel.js" */

/**
 * Opens the passages, and one of them in particular.
 *
 * @param {Panel} panel
 * @param {readonly NumberedEvidence[]} evidence
 * @param {number} [number] the one to go to
 */
export function openEvidence(panel, evidence, number) {
  const passages = evidence.map((passage) => passageView(passage, passage.number === number));
  panel.open("evidence", "Evidence", element("ol", { class: "passages" }, ...passages));
  const chosen = passages.find((passage) => passage.classList.contains("chosen"));
  chosen?.focus();
  chosen?.scrollIntoView({ block: "nearest" });
}

/**
 * @param {NumberedEvidence} passage
 * @param {boolean} isChosen
 */
function passageView({ number, title, text, source, riskLevel, score, quotes }, isChosen) {
  return element(
    "li",
    { class: isChosen ? "passage chosen" : "passage", tabindex: -1, "aria-label": `Evidence ${number}: ${title}` },
    element("h3", { dir: "auto" }, element("span", { class: "number" }, String(number)), title),
    element("blockquote", { dir: "auto" }, ...markedText(unwrapped(text), quotes ?? [])),
    element(
      "p",
      { class: "faint" },
      riskLevel !== undefined && riskBadge(riskLevel),
      sourceView(source),
      score !== undefined && element("span", {}, `score ${score.toPrecision(2)}`),
    ),
  );
}

/**
 * The text without the line ends that only keep lines short. Nothing moves, so offsets stay right.
 *
 * @param {string} text
 */
function unwrapped(text) {
  return text.replace(/(?<=[^\n])\n(?=[^\n\-*#|>\d])/g, " ");
}

/** @param {string} riskLevel */
export function riskBadge(riskLevel) {
  const known = ["low", "medium", "high"].includes(riskLevel.toLowerCase());
  return element("span", { class: known ? `risk ${riskLevel.toLowerCase()}` : "risk" }, `${riskLevel} risk`);
}

/**
 * A link only where it leads to a web page: what a passage calls its source may be anything.
 *
 * @param {string} source
 */
function sourceView(source) {
  if (!/^https?:\/\//i.test(source) || !URL.canParse(source)) return element("span", { class: "source" }, source);
  return element("a", { class: "source", href: source, target: "_blank", rel: "noopener noreferrer" }, source);
}
