/** A message cut into pieces that each say one thing of one person. */

/** A part of a message. */
export interface Span {
  /** Offset of its first character. */
  start: number;
  /** Offset after its last. */
  end: number;
}

/** A piece of a message that says one thing. */
export interface Clause extends Span {
  text: string;
  /** The sentence that it is in. */
  sentence: Span;
  /** Whether it asks, or only supposes: "Can I take aspirin?", "if I take aspirin". */
  isAsked: boolean;
  /** Whether it speaks of somebody else: "my mother has asthma". */
  isOfOthers: boolean;
  /** Whether its sentence takes back what was said: "Sorry, I am 43". */
  corrects: boolean;
}

const SENTENCE_END = /(?<!\b(?:Dr|Mr|Mrs|Ms|St|vs|approx|e\.g|i\.e))[.!?…]+["'”’)\]]*(?=\s|$)|\n+/giu;

const RELATIVE =
  "mother|father|mum|mummy|mom|mommy|dad|daddy|parents?|sister|brother|siblings?|twin|wife|husband|partner|" +
  "spouse|son|daughter|child|children|kids?|baby|toddler|grand\\w+|uncle|aunt|auntie|cousins?|niece|nephew|" +
  "neighbou?rs?|friends?|boyfriend|girlfriend|fianc\\w+|colleagues?|boss|flatmate|roommate|family|" +
  "mother-in-law|father-in-law|in-laws|stepson|stepdaughter|stepmother|stepfather|dog|cat";
const KIN =
  "best|close|good|older|elder|younger|youngest|oldest|eldest|little|big|late|own|dear|twin|first|second|two|three|" +
  "four|new|old|ex|whole|entire|poor|next-door|teenage|adult|newborn|\\d+[\\w-]*";
const OF_OTHERS = new RegExp(
  `^(?:(?:and|but|also|because|since|while|though|although|so|yes|well)[\\s,]+)*` +
    `(?:(?:my|our|his|her|their|the|a) (?:(?:${KIN}) )*(?:${RELATIVE})(?:['’]s?)?\\b|(?:he|she|they|his|her|their)\\b)`,
  "iu",
);
const SELF = /\b(?:I|I['’]m|I['’]ve|me|mine|myself)\b/iu;

const CONJUNCTION = "and|but|because|since|while|although|though|whereas|when|if|so|yet";
const SUBJECT = "I|I['’]m|I['’]ve|im|ive|my|our|he|she|they|his|her|we|it|there|the|a friend";
const ASKING = "can|could|should|may|might|would|will|is|are|do|does|did|what|how|why|which|where|who|shall";
/** Where a sentence goes on with something else; a comma before it goes with it. */
const CUT = new RegExp(
  [
    `[\\s,]+(?=(?:${CONJUNCTION})\\s+(?:${SUBJECT})\\b)`,
    `[\\s,]+(?=but\\b)`,
    `,\\s*(?=(?:${SUBJECT}|${ASKING})\\b)`,
    `[;:]\\s+|\\s+[–—]\\s+`,
  ].join("|"),
  "giu",
);

const QUESTION = new RegExp(
  `^(?:(?:and|but|so|or|also|then|well)[\\s,]+)*(?:` +
    `(?:can|could|should|may|would|will|do|does|did|is|are|shall) [\\w'’-]+|(?:what|how|why|which|where|who)\\b)`,
  "iu",
);
const STATEMENT = new RegExp(`^(?:(?:${CONJUNCTION}|also|as)[\\s,]+)*(?:I|I['’]m|I['’]ve|im|my)\\b`, "iu");
const SUPPOSING = /^(?:(?:and|but|or|even|what)\s+)*(?:if|in case|suppose|unless|whether)\b/iu;

const CORRECTING = /^(?:oh|oops|wait|ah|well|and|but)?[\s,]*(?:sorry|oops|correction|my mistake|no,|wait,|apologies)/iu;
const CORRECTION =
  /\b(?:(?:made|was) an? (?:mistake|error|typo)|got (?:that|it|this) wrong|(?:was|were) wrong|I meant|I mean to say|misspoke|mistyped|not what I meant|let me correct|correct (?:myself|that)|that was wrong)\b/iu;
/** A correction that stands alone, for the sentence after it: "I made a mistake." */
const MAX_ANNOUNCEMENT = 40;

/** Cuts a message into clauses. Their texts are exactly as they stand in it. */
export function clausesOf(message: string): Clause[] {
  const clauses: Clause[] = [];
  let announced = false;
  for (const sentence of sentencesOf(message)) {
    const text = message.slice(sentence.start, sentence.end);
    const parts = cutAt(message, sentence);
    const asks = /\?["'”’)\]]*$/u.test(text);
    const corrects: boolean = announced || CORRECTING.test(text) || CORRECTION.test(text);
    const hasAsking = parts.some(({ start, end }) => QUESTION.test(message.slice(start, end)));
    for (const { start, end } of parts) {
      const own = message.slice(start, end);
      const isQuestion = QUESTION.test(own) || (asks && !(hasAsking && STATEMENT.test(own)));
      clauses.push({
        start,
        end,
        text: own,
        sentence,
        isAsked: isQuestion || SUPPOSING.test(own),
        isOfOthers: OF_OTHERS.test(own) && !SELF.test(own),
        corrects,
      });
    }
    announced = corrects && text.length <= MAX_ANNOUNCEMENT && !/\d/.test(text) && CORRECTION.test(text);
  }
  return clauses;
}

/** The sentences of a message, without the white space around them; a line's end ends one too. */
export function sentencesOf(message: string): Span[] {
  const sentences: Span[] = [];
  let start = 0;
  for (const { index, 0: mark } of message.matchAll(SENTENCE_END)) {
    push(sentences, message, start, index + mark.length);
    start = index + mark.length;
  }
  push(sentences, message, start, message.length);
  return sentences;
}

/** Joins a clause to the one before and says nothing of its own. */
const JOINING = /^(?:(?:and|but|so)\b[\s,]*)+/iu;
const CLOSING = /[\s.,;:!…]+$/u;

function cutAt(message: string, { start, end }: Span): Span[] {
  const parts: Span[] = [];
  let from = start;
  const cuts = [...message.slice(start, end).matchAll(CUT)].map(({ index, 0: between }) => ({ index, between }));
  for (const { index, between } of [...cuts, { index: end - start, between: "" }]) {
    const to = start + index;
    const text = message.slice(from, to);
    const joining = JOINING.exec(text)?.[0].length ?? 0;
    push(parts, message, from + joining, from + text.replace(CLOSING, "").length);
    from = to + between.length;
  }
  return parts;
}

function push(spans: Span[], message: string, start: number, end: number): void {
  const text = message.slice(start, end);
  const from = start + text.length - text.trimStart().length;
  const to = start + text.trimEnd().length;
  if (from < to && /[\p{L}\p{N}]/u.test(text)) spans.push({ start: from, end: to });
}
