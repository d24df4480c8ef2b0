/** Messages about the profile itself: questions that it answers, and facts without a question. No model is asked about them. */
import {
  type FactField,
  type PatientProfile,
  type ProfileChange,
  profileView,
  type ViewedField,
} from "../memory/mod.ts";

const FIELDS: readonly (readonly [FactField, RegExp])[] = [
  ["age", /\b(?:how old am i|my age|what age)\b/i],
  ["sex", /\b(?:my sex|am i a (?:man|woman))\b/i],
  ["pregnant", /\b(?:am i pregnant|i am pregnant)\b/i],
  ["allergies", /\b(?:allerg\w+)\b/i],
  ["medicines", /\b(?:medicines?|medications?|drugs|pills|tablets|do i take)\b/i],
  ["conditions", /\b(?:conditions?|illness\w*|diseases?|diagnos\w+)\b/i],
  ["symptoms", /\b(?:symptoms?|complain\w*)\b/i],
];
const ASKS_BACK =
  /\b(?:do you (?:know|remember|recall)|did i (?:say|tell|mention)|have i (?:told|said|mentioned)|what (?:do|did) (?:you|i)\b.*\b(?:know|remember|tell|told|say|said|noted?)\b.*|remind me)\b/i;
const MINE =
  /^\s*(?:so,?\s+)?(?:what|which|how old|am i)\b[^?]*\b(?:am i allergic to|are my (?:allergies|medicines|medications|symptoms|conditions|illnesses)|(?:allergies|medicines|medications|pills|conditions|illnesses|symptoms) do i (?:have|take)|do i take|is my (?:age|sex)|old am i|am i pregnant)\s*\??\s*$/i;

/** The fields of the profile that a message asks about; null where it asks about something else. */
export function fieldsAskedFor(message: string): FactField[] | null {
  const isAbout = MINE.test(message) || /^\s*(?:how old am i|am i pregnant)\s*\??\s*$/i.test(message);
  if (!isAbout && !ASKS_BACK.test(message)) return null;
  const fields = FIELDS.filter(([, pattern]) => pattern.test(message)).map(([field]) => field);
  if (isAbout) return fields;
  return fields.length > 0 || /\babout me\b/i.test(message) ? fields : null;
}

/** What the profile says of these fields, or of all that are known where none is named, each with the message that it comes from. */
export function recallText(profile: PatientProfile, fields: readonly FactField[]): string {
  const view = profileView(profile).filter(({ field }) => fields.length === 0 || fields.includes(field));
  const known = view.filter((field) => field.values.length > 0 || field.none !== null);
  if (known.length === 0) {
    const what = fields.length === 0
      ? "yourself"
      : `your ${view.map(({ label }) => label === "Pregnant" ? "pregnancy" : label.toLowerCase()).join(" or ")}`;
    return `You have not told me about ${what} yet.`;
  }
  return known.map(lineOf).join("\n");
}

function lineOf({ label, values, none, conflicts }: ViewedField): string {
  const said = values.length === 0
    ? `none (${sourceOf(none!.turn, none!.by)})`
    : values.map(({ text, source }) => `${text} (${sourceOf(source.turn, source.by)})`).join(", ");
  const others = conflicts.length === 0 ? "" : " You also said otherwise: see the contradictions in your profile.";
  return `${label}: ${said}.${others}`;
}

function sourceOf(turn: number, by: "patient" | "edit"): string {
  return by === "edit" ? "your edit" : `your message ${turn}`;
}

const ASKS_SOMETHING =
  /\?|^\s*(?:what|which|how|why|when|where|who|can|could|may|should|is|are|do|does|will|would|tell|explain|help|please)\b|\b(?:what (?:can|should|could|helps)|how (?:can|do|should)|can i|may i|should i|help me|tell me|explain|advise|i (?:want|would like|need) to know)\b/i;

/** Whether a message only tells facts: something was remembered, and nothing is asked or complained of. */
export function onlyTells(message: string, changes: readonly ProfileChange[]): boolean {
  return changes.length > 0 && !ASKS_SOMETHING.test(message) && !changes.some(({ field }) => field === "symptoms");
}

/** What is said to somebody who only told facts. */
export function notedText(profile: PatientProfile, changes: readonly ProfileChange[], conflicts: number): string {
  const fields = [...new Set(changes.map(({ field }) => field))];
  const noted = recallText(profile, fields);
  const contradiction = conflicts > 0
    ? "\nThat contradicts what you said before; I keep both in your profile, and the newer one holds."
    : "";
  return `I have noted:\n${noted}${contradiction}\nYou can change or delete this in your profile. What would you like to know?`;
}

const GREETING =
  /^\s*(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks?(?: you)?(?: (?:very|so) much| a lot)?|bye|goodbye|ok(?:ay)?)[\s!.,]*$/i;

/** What is said to a greeting or to thanks; null where a message is more than that. */
export function greetingText(message: string): string | null {
  if (!GREETING.test(message)) return null;
  return "Hello. I can look up medical questions in my library and remember what you tell me about yourself. What would you like to know?";
}
