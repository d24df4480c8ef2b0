/** What nobody may be helped with here, whatever a model would say. */
import { medicinesIn } from "./medicine_names.ts";
import { sentencesOf } from "./sentences.ts";

/** Why a request is refused. */
export type RefusedKind = "prescription" | "harm";

/** A request that is refused. */
export interface RefusedRequest {
  kind: RefusedKind;
  /** The sentence that asks for it. */
  sentence: string;
}

const ASKED = String.raw`(?:can|could|would|will|may) you (?:please |just |also |kindly )?(?:\w+ ){0,2}?`;
const GIVES = String.raw`(?:prescribe|write|give|send|issue|renew|refill|extend|order|get)`;
/** A prescription asked of whom is spoken to. */
const PRESCRIPTION = new RegExp(
  [
    String.raw`\b${ASKED}(?:prescribe|renew (?:my|the|his|her)|refill (?:my|the|his|her))\b`,
    String.raw`\b${ASKED}${GIVES}\b.{0,40}\b(?:prescription|script|rx|sick note|refill)\b`,
    String.raw`^(?:please |hi,? |hello,? |so |then |just |ok,? )*(?:prescribe|renew my|refill my)\b`,
    String
      .raw`^(?:please |hi,? |hello,? |so |then |just |ok,? )*${GIVES}\b.{0,40}\b(?:prescription|script|rx|refill)\b`,
    String
      .raw`(?<!\b(?:do|did|will|would|if) )\b(?:i (?:need|want|would like|'d like)|i'd like) (?:you to |a doctor here to )(?:prescribe|write)\b`,
    String
      .raw`(?<!\b(?:do|did|will|would|if) )\bi(?:'d| would)? (?:need|want|like) (?:an?|my|the|another|a new) (?:\w+ ){0,2}(?:prescription|refill|script)\b.{0,40}\b(?:from you|for|of|please)\b`,
    String.raw`\bprescribe (?:me|us|him|her|my|something)\b`,
  ].join("|"),
  "i",
);
/** A dose asked for somebody. */
const DOSE = new RegExp(
  [
    String
      .raw`\bhow (?:much|many|often)\b.{0,60}\b(?:should|can|may|could|do|must|would|shall) (?:i|we|he|she|my \w+|our \w+)\b.{0,30}\b(?:take|give|have|inject|use|swallow|get)\b`,
    String
      .raw`\b(?:what|which) (?:\w+ )?(?:dose|dosage|amount)\b.{0,60}\b(?:should|can|may|could|do|must|shall) (?:i|we|he|she|my \w+|our \w+)\b`,
    String.raw`\b(?:tell|give) me (?:the |my |a |an )?(?:\w+ )?(?:dose|dosage)\b`,
    String
      .raw`\b(?:can|may|should|could) i (?:double|increase|raise|halve|triple|skip|reduce|lower) (?:my|the) (?:\w+ )?(?:dose|dosage|insulin|tablets|pills)\b`,
    String.raw`\b(?:what|which) (?:dose|dosage) (?:of|for)\b.{0,40}\b(?:for me|for my|is right|do i need)\b`,
  ].join("|"),
  "i",
);
const HARM = new RegExp(
  [
    String
      .raw`\bhow (?:can|could|do|would|to|should) (?:i |we |one |you )?(?:\w+ )?(?:poison|kill|murder|drug|sedate|hurt|harm|knock out|incapacitate|suffocate)\b(?! (?:the )?(?:germs?|bacteria|virus\w*|lice|mites?|weeds|fungus|mold|pain|parasites?|worms?|cancer|an infection|bugs?|ticks?|fleas?))`,
    String
      .raw`\b(?:poison|kill|drug|sedate|murder) (?:my|him|her|them|someone|somebody|a (?:man|woman|person|child|colleague)|the)\b(?! (?:germs?|bacteria|virus\w*|lice|pain))`,
    String.raw`\b(?:lethal|fatal|deadly) (?:dose|amount|quantity|combination|mix\w*)\b`,
    String
      .raw`\b(?:undetectable|untraceable|tasteless|odou?rless) (?:\w+ )?(?:poison|drug|sedative)\b|\bpoison\b.{0,40}\bundetect\w+|\bwithout (?:being|getting) (?:caught|detected)\b`,
    String
      .raw`\b(?:slip|put|mix|sneak|hide|crush|give)\b.{0,60}\b(?:in|into) (?:his|her|their|my \w+'s|someone's|somebody's) (?:drink|food|coffee|tea|wine|beer|soup)\b`,
    String
      .raw`\b(?:make|cook|synthesi[sz]e|produce|extract) (?:\w+ ){0,2}(?:meth|methamphetamine|heroin|cocaine|crack|fentanyl|lsd|mdma|ecstasy|ghb|ricin|nerve gas|a bomb|explosives)\b`,
    String
      .raw`\b(?:fake|forge|forging|faking) (?:an? |the |my )?(?:\w+ )?(?:prescription|doctor's note|sick note|medical certificate|symptoms|illness|drug test|urine)\b|\b(?:cheat|beat|trick) (?:on )?(?:an? |the |my )?(?:drug|urine) test\b`,
    String
      .raw`\b(?:get|getting) (?:really )?(?:high|stoned|a high|a buzz)\b|\brecreational(?:ly)?\b.{0,40}\b(?:dose|use|take)\b`,
    String.raw`\b(?:buy|order|get|obtain)\b.{0,60}\bwithout (?:an? |any )?prescription\b|\bon the dark ?web\b`,
    String
      .raw`\b(?:make|making) (?:myself|him|her) (?:throw up|vomit|sick|ill)\b|\bstarve (?:myself|him|her)\b|\bmake (?:somebody|someone|him|her|my \w+) (?:ill|sick|infertile|miscarry|unconscious|fall asleep)\b`,
    String.raw`\bhow (?:many|much)\b.{0,60}\b(?:would|will|does it take to|to|could|can) (?:kill|be lethal|be fatal)\b`,
  ].join("|"),
  "i",
);
/** Somebody who wants to be safe asks with the same words. */
const KEEPS_SAFE =
  /\b(?:prevent|avoid|protect|accident\w*|safe(?:ty|ly)?|antidote|first aid|swallowed|treat\w*|recover|stop (?:using|taking)|quit|addict\w*|withdrawal|worried|dog|cat|dogs|cats|pet|pets)\b/i;

/**
 * A request to prescribe or to give somebody's dose, or to help to harm: none where a message asks for neither. Emergencies are looked for
 * before, so that somebody who wants to die is not refused but helped.
 */
export function findRefusedRequest(message: string): RefusedRequest | null {
  const read = message.slice(0, LONGEST).replace(/[’‘]/g, "'");
  let prescription: RefusedRequest | null = null;
  for (const { text } of sentencesOf(read)) {
    const sentence = text.slice(0, 600);
    if (HARM.test(sentence) && !KEEPS_SAFE.test(sentence)) return { kind: "harm", sentence };
    if (prescription === null && (PRESCRIPTION.test(sentence) || asksForDose(sentence))) {
      prescription = { kind: "prescription", sentence };
    }
  }
  return prescription;
}

/** Characters of a message that are looked at. */
const LONGEST = 20_000;

/** Of a medicine: "how much water should I drink" is none. */
function asksForDose(sentence: string): boolean {
  if (!DOSE.test(sentence)) return false;
  return medicinesIn(sentence).length > 0 ||
    /\b(?:dose|dosage|mg|milligrams?|tablets?|pills?|capsules?|drops|puffs|insulin|medicine|medication|syrup)\b/i.test(
      sentence,
    );
}

/** What is said instead of help. */
export function refusalAnswer(kind: RefusedKind | "out of scope"): string {
  switch (kind) {
    case "prescription":
      return "I cannot prescribe medicines or set a dose: that takes somebody who knows you and your other medicines. " +
        "Please ask a doctor or pharmacist, and follow the leaflet in the package. " +
        "I can tell you what a medicine is for, what its side effects are, and who should avoid it.";
    case "harm":
      return "I cannot help with this. If you or somebody else is in danger, call your local emergency number. " +
        "If you have thoughts of hurting yourself or others, please talk to somebody you trust, to a doctor or to a crisis line.";
    case "out of scope":
      return "I can only help with questions about health: symptoms, illnesses, medicines, tests and first aid. " +
        "Please ask me something of that kind.";
  }
}
