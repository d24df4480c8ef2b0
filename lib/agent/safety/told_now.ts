/** Sentences in which somebody tells of what is the case now, as against questions, what is past, and what is only imagined. */
import { type Sentence, sentencesOf } from "./sentences.ts";

/** A sentence in small letters and with straight apostrophes. */
export interface ToldSentence {
  text: string;
  /** Whether it tells of a person's present state. */
  isNow: boolean;
}

/** Longer sentences are cut, and longer messages too: nobody in need writes more, and checks stay quick. */
const [LONGEST_SENTENCE, LONGEST_MESSAGE] = [600, 20_000];

/** The sentences of a message. */
export function toldSentences(message: string): ToldSentence[] {
  // Of a long message its beginning and its end.
  const read = message.length <= LONGEST_MESSAGE
    ? message
    : `${message.slice(0, LONGEST_MESSAGE / 2)}\n${message.slice(-LONGEST_MESSAGE / 2)}`;
  const plain = read.toLowerCase().replace(/[’‘`´]/g, "'").replace(/\s*\n\s*/g, "\n");
  return sentencesOf(plain).map(({ text }: Sentence) => {
    const sentence = text.slice(0, LONGEST_SENTENCE);
    return { text: sentence, isNow: isNow(sentence) };
  });
}

const PERSON =
  /\b(?:i|i'm|im|i've|i'd|my|me|myself|he|he's|she|she's|his|her|him|we|we're|our|us|they|they're|their|them|this|it|it's|someone|somebody|(?:an?|the) (?:man|woman|boy|girl|child|kid|baby|person|neighbou?r|colleague|friend|stranger))\b/;
const NOW =
  /\b(?:right now|just now|now|at the moment|currently|today|tonight|minutes? ago|hours? ago|started|since this morning|suddenly|all of a sudden|just (?:swallowed|took|drank|ate|had|fell|collapsed|started))\b/;
/** Questions about a thing and not about a person. */
const GENERAL =
  /\b(?:signs?|symptoms?|risk factors?|causes?|treatment|meaning|definition|difference|chances?|statistics|history) (?:of|for|that|between|when)\b|\bwhat (?:is|are|does|causes?|kind|types?)\b|\bhow (?:do|can|would|could|does|should|to)\b.{0,40}\b(?:know|tell|recogni[sz]e|spot|prevent|avoid|treat|treated|feel like|help|work|diagnose)|\b(?:does|do|can|could|will|would|may|might)\b.{0,80}\b(?:cause|lead to|increase|trigger|mean|prevent|happen)\b|\bis (?:it )?(?:true|possible|common|normal)\b|\bwhy (?:do|does|is|are)\b/;
const IF =
  /\b(?:what if|in case|if (?:i|you|he|she|we|they|it|someone|somebody|anyone|anybody|a|an|the|my|his|her|one|people)|when (?:someone|somebody|a person|people|you|one)|suppose|imagine|in an emergency|should (?:i|one|anyone) ever|how would)\b/;
const STORY =
  /\b(?:movie|film|novel|book|tv show|series|episode|character|story|article|documentary|podcast|exam|quiz|homework|essay|lecture|first aid course|training course|video game|dreamt?|dreamed|nightmare|read about|heard about|learn(?:ing|ed|t)? about|afraid of|scared of|fear of|worried about (?:having|getting)|prevent|vaccin\w+|drill|(?:my|a|the|our) (?:dog|cat|hamster|horse|rabbit|puppy|kitten))\b/;
const PAST =
  /\b(?:(?:years?|months?|weeks?|decades?) ago|(?<!\b(?:since|for the|over the|in the|of the|this) )last (?:year|month|week|summer|winter|spring|autumn|fall|time)|in (?:19|20)\d\d|in the past|as a (?:child|kid|teenager|baby|young)|when (?:i|he|she|we) (?:was|were)\b|used to|history of|previous(?:ly)?|recovered|survived|died|passed away|back then|once had|had once|years? before|long ago|in (?:january|february|march|april|may|june|july|august|september|october|november|december)|committed suicide|has since|is (?:fine|better|well|okay|ok) (?:now|again)|am (?:fine|better|well|okay|ok) (?:now|again)|went away|(?:it|pain|bleeding|fever|headache) (?:has |have )?(?:gone|stopped|went))\b/;
const AND_NOW = /\b(?:but|and) (?:now|today|it is back|again)\b|\bright now\b|\bagain (?:now|today)\b/;

function isNow(sentence: string): boolean {
  if (STORY.test(sentence)) return false;
  if (PAST.test(sentence) && !AND_NOW.test(sentence)) return false;
  if (IF.test(sentence) && !NOW.test(sentence)) return false;
  const isQuestion = /\?\W*$/.test(sentence) ||
    /^(?:what|how|why|which|when|where|who|is|are|does|do|can|could|should|would|will|may|might|tell me|explain|describe)\b/
      .test(sentence);
  if (!isQuestion) return true;
  if (GENERAL.test(sentence) && !TELLS.test(sentence)) return false;
  return PERSON.test(sentence);
}

/** A question may have a report in it: "My face droops, is this a sign of a stroke?" */
const TELLS =
  /(?:^|[,;:.–-]\s*|\b(?:and|but|because|since|,) )(?:i|i'm|im|i've|my (?!blood pressure|pills?|medicine|medication|doctor)|he|he's|she|she's|his|her|we|our) ?(?:\w+ )?\w+\b.{3,}[,;:.–-]|\bright now\b/;

const NO =
  /\b(?:no|not|never|without|nor|neither|denies|deny|hardly any|free of|isn't|aren't|wasn't|don't|doesn't|didn't|haven't|hasn't|won't|dont|doesnt|isnt|nothing like|rather than|instead of|no longer)\s+(?:(?!but\b|and\b|only\b)[\w'-]+\s+){0,4}$/;

/** Whether what stands at this place is denied, by a word before it in the same part of the sentence. */
export function isDenied(sentence: string, at: number): boolean {
  const before = sentence.slice(Math.max(0, at - 60), at);
  const part = before.slice(Math.max(...[",", ";", ":", " but "].map((end) => before.lastIndexOf(end))) + 1);
  return NO.test(part) && !/\bnot (?:only|just|sure|know)\b|\bno (?:doubt|idea)\b/.test(part);
}
