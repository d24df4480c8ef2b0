/** The sentence that no medical answer goes without. */

/** Stands at the end of every medical answer. */
export const DISCLAIMER = "This is general information and no substitute for the advice of a doctor.";

/**
 * The answer with the disclaimer at its end, once: where it stands already, in whatever white space and capitals, it is moved to the end.
 * An empty answer stays empty.
 */
export function addDisclaimer(answer: string, disclaimer: string = DISCLAIMER): string {
  const words = disclaimer.trim().split(/\s+/).map((word) => RegExp.escape(word));
  if (words[0] === "") return answer.trim();
  const text = answer.replace(new RegExp(words.join("\\s+"), "gi"), "").split("\n")
    .map((line) => line.trimEnd()).join("\n").trim();
  return text === "" ? "" : `${text}\n\n${disclaimer.trim()}`;
}
