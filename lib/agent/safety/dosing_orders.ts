/**
 * Orders of doses in answers: an amount or a rhythm in which the reader is told to take a medicine. Nothing here may tell one.
 */
import { isMedicineWord, medicinesIn } from "./medicine_names.ts";
import { type Sentence, sentencesOf } from "./sentences.ts";

/** A sentence that orders a dose. */
export interface DosingOrder extends Sentence {
  /** The medicine, where the sentence names one. */
  medicine?: string;
}

/** How orders are looked for. */
export interface DosingOptions {
  /** Names that are medicines whatever they look like, such as those of the evidence. */
  medicines?: readonly string[];
}

const NUMBER = String.raw`(?:\d+(?:[.,/]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|half|several)`;
const RANGE = String.raw`${NUMBER}(?:\s?(?:-|–|to|or)\s?${NUMBER})?`;
const UNIT = String.raw`(?:mg|milligrams?|g|grams?|mcg|µg|μg|micrograms?|ml|millilit(?:er|re)s?|cc|iu|units?|drops?|` +
  String
    .raw`puffs?|tablets?|tabs?|pills?|capsules?|caplets?|lozenges?|sachets?|teaspoons?|tsp|tablespoons?|tbsp|doses?|` +
  String.raw`patch(?:es)?|suppositor(?:y|ies)|sprays?|ampoules?|mg/kg)`;
/** `400 mg`, `1-2 tablets`, `two more puffs`, `500mg`. */
const AMOUNT = new RegExp(
  String
    .raw`(?<![\p{L}\p{N}.,])${RANGE}\s?-?(?:\s?(?:a|an|more|extra|small|full|whole|further|other)\s)?${UNIT}(?![\p{L}\p{N}])(?!\s?/\s?(?:d?l|ml|mmol)\b)`,
  "giu",
);
/** `3 times a day`, `every 6 hours`, `twice daily`. */
const RHYTHM = new RegExp(
  String
    .raw`\b(?:once|twice|thrice|(?:${RANGE})\s+times)\s+(?:(?:a|per|each|every)\s+)?(?:day|daily|night|week|hour|morning)\b|` +
    String.raw`\bevery\s+(?:${RANGE}\s+)?(?:hours?|days?|nights?|mornings?|evenings?|weeks?)\b|` +
    String.raw`\b(?:daily|nightly|hourly)\b|\b(?:in|within|per|each)\s+(?:(?:a|one)\s+)?(?:day|24\s+hours)\b`,
  "iu",
);

const VERB =
  String.raw`(?:take|use|swallow|inject|apply|give|inhale|start|begin|increase|double|triple|halve|repeat|chew|` +
  String
    .raw`dissolve|have|administer|continue|go|try|get|add|keep|switch|raise|reduce|lower|spray|insert|put|drink|pop|make|stay|skip)`;
const LEAD = String.raw`(?:please|then|just|also|first|simply|always|now|next|instead|afterwards|for\s+\S+)`;
/** An order at the beginning of a clause, or to "you". */
const ORDER = new RegExp(
  [
    String.raw`^(?:[-*•]\s+|\d+[.)]\s+)?(?:${LEAD},?\s+)*${VERB}\b`,
    String
      .raw`(?:[,;:–—]|\b(?:so|then|please|instead|better|just))\s+(?:(?:so|and|then|please|just|also|simply)\s+){0,2}${VERB}\b`,
    // "before you should take" and "whether you can take" are no orders.
    String
      .raw`(?<!\b(?:whether|if|before|until|unless|how|what|that)\s)\byou\s+(?:should|can|may|must|could|might|need\s+to|` +
    String
      .raw`have\s+to|ought\s+to|are\s+to|will\s+need|want\s+to|would)\s+(?:(?:safely|also|then|just|always|now|simply|easily|even)\s+)?` +
    String.raw`(?:${VERB}|need)\b`,
    String
      .raw`\byou\s+(?:need|require)\b|\b(?:i|we)(?:\s+would|'d|\s+strongly)?\s+(?:recommend|suggest|advise|prescribe|try|take)\b`,
    String
      .raw`\b(?:try|recommended|advised|told|want\s+you|ask\s+you|best|good|safe|fine|okay|ok)\s+(?:to\s+take|to\s+use|taking)\b`,
    String
      .raw`\b(?:your|the\s+(?:right|correct|best|proper|ideal)|a\s+(?:good|safe))\s+(?:\w+\s+)?(?:dose|dosage|amount)\b`,
    String.raw`^(?:[-*•]\s+)?(?:dose|dosage)\s*:`,
  ].join("|"),
  "iu",
);
/** A sentence that begins with an order goes on ordering after "and". */
const ORDERS_FIRST =
  /^(?:please\s+)?(?:rest|drink|stay|keep|call|see|go|avoid|try|apply|put|lie|eat|wash|use|take|stop|start|wait|ask|check|cool|sit)\b/i;
const AND_ORDER = new RegExp(String.raw`\band\s+(?:then\s+|also\s+)?${VERB}\b`, "iu");
/** `double your dose`, `increase the insulin`, `take twice as much`. */
const CHANGE =
  /\b(?:double|triple|halve|increase|raise|reduce|lower|skip|adjust|up)\s+(?:your|the|that|this)\s+(?:\w+\s+){0,2}(?:dose|doses|dosage|amount|insulin|medicine|medication|pills?|tablets?)\b|\btwice\s+as\s+much\b/i;
/** What is taken by the spoon or gram without being a medicine. */
const FOOD =
  /^\s*(?:\w+\s+)?(?:of\s+)?(?:\w+\s+)?(?:water|honey|salt|sugar|fib(?:er|re)|fluids?|juice|tea|milk|broth|soup|fruit|vegetables|protein|oats|glucose|carbohydrates?|food|alcohol|coffee|vinegar)\b/i;
const FOOD_VERB = /^(?:\W*)(?:drink|eat)\b/i;
const LEAVES_TO_OTHERS =
  /\b(?:ask|talk|speak|check|discuss)\b.{0,40}\b(?:doctor|pharmacist|physician|nurse|midwife)\b/i;

/**
 * Sentences that order a dose. Statements of doses ("adults usually get 500 mg"), warnings ("never take more than 4 g"), questions, and
 * amounts of food and water are none. Takes time in proportion to the text.
 */
export function findDosingOrders(text: string, options: DosingOptions = {}): DosingOrder[] {
  return sentencesOf(text).flatMap((sentence) => {
    if (!isDosingOrder(sentence.text, options)) return [];
    const [medicine] = orderedMedicines(sentence.text, options);
    return [{ ...sentence, ...(medicine === undefined ? {} : { medicine }) }];
  });
}

/** Characters of a sentence that are looked at; orders are far shorter, and patterns are kept from long texts. */
const LONGEST = 1000;

function isDosingOrder(whole: string, { medicines = [] }: DosingOptions): boolean {
  const sentence = whole.slice(0, LONGEST);
  if (/\?["'”’)]*$/.test(sentence)) return false;
  const order = ORDER.exec(sentence) ?? (ORDERS_FIRST.test(sentence) ? AND_ORDER.exec(sentence) : null);
  if (order === null) return false;
  if (CHANGE.test(sentence) && !LEAVES_TO_OTHERS.test(sentence)) return true;
  const rest = sentence.slice(order.index);
  for (const amount of rest.matchAll(AMOUNT)) {
    const after = rest.slice(amount.index + amount[0].length);
    const before = rest.slice(0, amount.index);
    if (FOOD.test(after) || FOOD_VERB.test(rest) || /\b(?:more|less)\s+than\s*$/i.test(before)) continue;
    // "a drop", "a dose": too little to be an order where no medicine is named.
    if (/^an?\s/i.test(amount[0]) && medicinesIn(rest, medicines).length === 0) continue;
    if (ofOther(amount[0], after)) continue;
    return true;
  }
  const named = medicinesIn(rest, medicines);
  if (named.length === 0) return false;
  if (RHYTHM.test(rest)) return !/\b(?:ask|read|follow)\b/i.test(rest);
  // "take two paracetamol"
  return named.some((name) => {
    const at = rest.indexOf(name);
    return /(?:^|\s)(?:\d+|two|three|four|five|six|one|half an?)(?:\s+\w+)?\s+$/i.test(
      rest.slice(Math.max(0, at - 30), at),
    ) &&
      !/\b(?:one|two)\s+of\b/i.test(rest.slice(Math.max(0, at - 12), at));
  });
}

/** Grams and spoons of something that is said to be no medicine: "use 10 drops of oil" is one, "take 30 g of cheese" none. */
function ofOther(amount: string, after: string): boolean {
  if (!/(?:g|grams?|spoons?|tsp|tbsp)$/i.test(amount) || /mg$|µg$|μg$|mcg$|milligrams?$|micrograms?$/i.test(amount)) {
    return false;
  }
  const thing = /^\s+of\s+([\p{L}-]+)/iu.exec(after)?.[1];
  return thing !== undefined && !isMedicineWord(thing) && !/syrup|medicine|solution|suspension|powder/i.test(thing);
}

function orderedMedicines(sentence: string, { medicines = [] }: DosingOptions): string[] {
  const named = medicinesIn(sentence.slice(0, LONGEST), medicines);
  // The longest name is the most exact: "St John's wort" and not a word of it.
  if (named.length > 0) return named.sort((a, b) => b.length - a.length);
  const thing = /\b(?:mg|ml|tablets?|pills?|capsules?|drops?|puffs?|units?|dose)\s+of\s+([\p{L}-]{4,})/iu.exec(sentence)
    ?.[1];
  return thing === undefined ? [] : [thing];
}

/** Amounts and rhythms of doses in a text, each as small letters without white space: what two texts are compared by. */
export function dosesIn(text: string): Set<string> {
  const found = new Set<string>();
  for (const { text: whole } of sentencesOf(text)) {
    const sentence = whole.slice(0, LONGEST);
    for (const amount of sentence.matchAll(AMOUNT)) {
      const after = sentence.slice(amount.index + amount[0].length);
      if (!/^an?\s/i.test(amount[0]) && !FOOD.test(after) && !ofOther(amount[0], after)) found.add(packed(amount[0]));
    }
    const rhythm = RHYTHM.exec(sentence);
    if (rhythm !== null) found.add(packed(rhythm[0]));
  }
  return found;
}

function packed(text: string): string {
  return text.toLowerCase().replace(/\s+/g, "");
}

/** What stands in an answer instead of an order of a dose. */
export function doseAdvice(medicine?: string): string {
  return `Ask a doctor or pharmacist about the dose${medicine === undefined ? "" : ` of ${medicine}`}.`;
}
