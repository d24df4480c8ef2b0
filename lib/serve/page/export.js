// @ts-check
/// <reference lib="dom" />
/** A conversation as a file. */
import { element } from "./dom.js";

/** @import { Session } from "./contract.ts" */

/**
 * A conversation as Markdown: questions as quotations, answers, and under each answer its passages. Links, images and HTML
 * that somebody wrote into it are escaped, so that reading the file fetches nothing.
 *
 * @param {Session} session
 * @returns {string}
 */
export function markdownOf({ title, messages }) {
  const parts = [`# ${plain(oneLine(title || "A conversation with Kiln"))}`];
  for (const { role, content, outcome, evidence, critique } of messages) {
    if (role === "user") parts.push(plain(content).replace(/^/gm, "> "));
    if (role !== "assistant") continue;
    if (outcome === "emergency") parts.push("**This may be an emergency.**");
    parts.push(plain(content));
    if (critique) {
      const problems = critique.problems.map(({ kind, quote }) => plain(oneLine(quote ? `${kind}: “${quote}”` : kind)));
      parts.push(`*Audited: ${plain(critique.verdict)}${problems.length > 0 ? ` (${problems.join("; ")})` : ""}*`);
    }
    if (evidence && evidence.length > 0) {
      parts.push(
        evidence.map((passage) => {
          const risk = passage.riskLevel ? `, ${passage.riskLevel} risk` : "";
          return `${passage.number}. ${plain(oneLine(`${passage.title} (${passage.source}${risk}): ${passage.text}`))}`;
        }).join("\n"),
      );
    }
  }
  parts.push("*Written by a language model. Not medical advice.*");
  return parts.join("\n\n") + "\n";
}

/** @param {string} text */
function plain(text) {
  return text.replace(/[\\<>[\]`]/g, "\\$&").replace(/^(\s*)(#|={3,}|-{3,}|~{3,})/gm, "$1\\$2");
}

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

/**
 * Offers a text as a file to keep.
 *
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function download(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
