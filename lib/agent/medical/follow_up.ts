/** Questions that only the one before makes clear. */
import type { SessionMessage } from "../memory/mod.ts";

/** How people go on about the same thing. */
const GOES_ON =
  /^\s*(?:and|or|but|so|also|then|what about|how about|what if|why is that|is it the same|does that|what else|who else|which of (?:them|these|those)|i forgot|by the way)\b/i;
/** Words that stand for something said before. */
const POINTS_BACK = /\b(?:it|its|they|them|their|theirs|this|that|these|those|one|ones|the same|then)\b/i;
/** "It hurts when I swallow" and "that I have" point at nothing before. */
const EMPTY =
  /\b(?:is it (?:true|safe|normal|possible|necessary|better|bad|good|dangerous|contagious)?\s*(?:that|to|when|if|for me to)\b|it (?:is|was|hurts|started|burns|itches|feels|seems|happens|takes|would be)|that (?:i|my|is|are|can|was|the)|this (?:morning|week|year|month|night|evening|summer|winter)|these days|that (?:day|night|morning))\b/gi;
/** More words than these make a question of their own. */
const MOST_WORDS = 14;

/**
 * Whether a message needs the question before it: it goes on ("And for children?"), or it is short and points back ("Is it contagious?").
 * What a sentence before has named ("I burned my hand. Should I cool it?") needs nothing.
 */
export function isFollowUp(message: string): boolean {
  if (GOES_ON.test(message)) return true;
  const sentences = message.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.trim() !== "");
  if (sentences.length > 1 && !POINTS_BACK.test(sentences[0].replace(EMPTY, " "))) return false;
  const words = message.trim().split(/\s+/).length;
  return words <= MOST_WORDS && POINTS_BACK.test(message.replace(EMPTY, " "));
}

/**
 * The question that a conversation is about: the person's last one that needed none before it. Empty where there is none. Parts that the
 * person took out of memory are left out.
 */
export function openQuestionOf(
  messages: readonly Pick<SessionMessage, "role" | "content" | "withheld" | "outcome">[],
): string {
  const asked = messages.filter(({ role }) => role === "user").map(visible);
  return asked.findLast((content) => content.trim() !== "" && !isFollowUp(content) && content.includes("?")) ?? "";
}

function visible({ content, withheld = [] }: Pick<SessionMessage, "content" | "withheld">): string {
  let text = content;
  for (const { start, end } of withheld.toSorted((one, other) => other.start - one.start)) {
    text = `${text.slice(0, start)} ${text.slice(end)}`;
  }
  return text.replace(/\s+/g, " ").trim();
}
