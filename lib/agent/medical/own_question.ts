/** The question of a message that also tells who is asking. */
import type { FactField, ProfileChange } from "../memory/mod.ts";
import { medicinesIn } from "../safety/mod.ts";

/** What a person is says little about what they ask; the profile holds it from here on. */
const ABOUT_THEM: readonly FactField[] = ["age", "sex", "pregnant", "allergies"];
/** What a person has and takes may be what they ask about, unless they ask about a medicine by its name. */
const PERHAPS_ASKED_ABOUT: readonly FactField[] = ["conditions", "medicines"];

/**
 * A message without the sentences that only told facts about the person, where a question is left: "I am 31 and pregnant. Can I take
 * ibuprofen?" is searched for by its second sentence, and by the pregnancy besides. Complaints stay.
 */
export function ownQuestion(message: string, changes: readonly ProfileChange[]): string {
  const sentences = message.split(/(?<=[.!?])\s+/);
  const asks = sentences.filter((sentence) => sentence.includes("?"));
  if (asks.length === 0 || asks.length === sentences.length) return message;
  const namesMedicine = medicinesIn(asks.join(" ")).length > 0;
  const fields = namesMedicine ? [...ABOUT_THEM, ...PERHAPS_ASKED_ABOUT] : ABOUT_THEM;
  const kept = sentences.filter((sentence) => {
    if (sentence.includes("?")) return true;
    const told = changes.filter(({ source }) =>
      source.by === "patient" && source.quote !== "" && sentence.includes(source.quote)
    );
    return told.length === 0 || told.some(({ field }) => !fields.includes(field));
  });
  return kept.join(" ");
}
