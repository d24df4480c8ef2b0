/**
 * Pairs of questions in everyday words and passages of given articles: a retriever that has read what it is to search, without
 * anybody's questions about it. A query is a sentence of the passage in other words and with words left out (the inverse cloze task
 * of Lee et al. 2019, arXiv:1906.00300), or what people say who mean its subject.
 */
import type { Random } from "../../random/mod.ts";
import { type CorpusOptions, drawInSplit } from "../corpora/corpus.ts";
import { ASKED_ABOUT_MATHEMATICS } from "./asked_about_mathematics.ts";
import { ASKED_ABOUT_MEDICINE } from "./asked_about_medicine.ts";
import { fewerWords, type Wording, wordingOf } from "./everyday_wording.ts";
import { EVERYDAY_WORDS } from "./everyday_words.ts";
import type { LibraryArticle, LibrarySection } from "./library_articles.ts";
import { MATHEMATICAL_WORDS } from "./mathematical_words.ts";
import { MEDICAL_WORDS } from "./medical_words.ts";
import type { PairSource, RetrievalPair } from "./pair.ts";
import { ROUTE_DESCRIPTIONS } from "./topic_pairs.ts";

/** What queries about a topic are made with. */
interface TopicWords {
  groups: readonly (readonly string[])[];
  wording: Wording;
  askedAbout: ReadonlyMap<string, readonly string[]>;
  /** All that people say of its subjects. */
  phrases: readonly string[];
  /** Around a query, in place of `$`. */
  frames: readonly string[];
  /** What a section is asked for with, where its heading has the word; `$` is the subject. */
  intents: readonly (readonly [RegExp, readonly string[]])[];
}

const TOPICS: Record<LibraryArticle["topic"], TopicWords> = {
  medicine: {
    groups: [...EVERYDAY_WORDS, ...MEDICAL_WORDS],
    wording: wordingOf(EVERYDAY_WORDS, MEDICAL_WORDS),
    askedAbout: ASKED_ABOUT_MEDICINE,
    phrases: [...ASKED_ABOUT_MEDICINE.values()].flat(),
    frames: [
      "$",
      "$?",
      "my dad has $, what now?",
      "My mother asks: $",
      "why do I have $?",
      "is it true that $?",
      "Can you tell me about $?",
      "$, what does that mean?",
      "my kid has $. What should I do?",
      "What if somebody has $?",
      "the doctor said $",
      "I heard $. Why?",
      "how come $?",
      "should I worry about $?",
      "somebody at work has $",
      "how long, how often, how much: $?",
      "when should I do something about $?",
      "can I still work with $?",
      "what is the best thing to do: $?",
      "do I need a doctor if $?",
      "Which one is it: $?",
      "A friend of mine has $. Does it go away?",
    ],
    intents: [
      [/sign|what happens|active/i, [
        "how do I notice $?",
        "how does $ feel?",
        "could it be $?",
        "what are signs of $?",
      ]],
      [/cause|risk|kinds|two/i, [
        "why do people get $?",
        "where does $ come from?",
        "who gets $?",
        "what brings on $?",
      ]],
      [/test|diagnos|exam|reading|result/i, [
        "how do they find out about $?",
        "which test for $?",
        "how can a doctor be sure: $?",
      ]],
      [/treat|care|help|aid|do\b/i, [
        "what helps against $?",
        "what do I do about $?",
        "how do they treat $?",
        "how to get rid of: $",
      ]],
      [/prevent|spread|protect/i, ["how can I avoid $?", "can others catch it: $?", "how do I keep from getting $?"]],
      [/side|caution|safe|limits|careful|overdose/i, [
        "is it safe: $?",
        "who should not take it: $?",
        "bad effects of $?",
      ]],
      [/use|work|does/i, ["what is it for: $?", "how does it work: $?", "who needs it: $?"]],
      [/recovery|afterward|outlook|complication|danger/i, [
        "how long until it is over: $?",
        "can it go wrong: $?",
        "what comes after $?",
      ]],
      [/diet|sources|food/i, ["what should I eat: $?", "which food for $?"]],
      [/place|structure/i, ["where in the body: $?", "what does it look like: $?"]],
    ],
  },
  mathematics: {
    groups: [...EVERYDAY_WORDS, ...MATHEMATICAL_WORDS],
    wording: wordingOf(EVERYDAY_WORDS, MATHEMATICAL_WORDS),
    askedAbout: ASKED_ABOUT_MATHEMATICS,
    phrases: [...ASKED_ABOUT_MATHEMATICS.values()].flat(),
    frames: [
      "$",
      "$?",
      "How do I work out $?",
      "why is it that $?",
      "is it true that $?",
      "My teacher said: $",
      "What do you call it: $?",
      "for homework: $",
      "can you explain $?",
      "how many, how much: $?",
      "what happens when $?",
      "I forgot how it goes: $",
      "who found out that $?",
      "how can I tell whether $?",
      "what do I get if $?",
      "which number is it: $?",
      "We have to find $. What now?",
      "Where does it come from: $?",
      "what is the word for $?",
      "who was the first with $?",
    ],
    intents: [
      [/definition|statement|rule|question/i, [
        "what is it called: $?",
        "what does it mean: $?",
        "what is the rule: $?",
      ]],
      [/example|method|solution|conversion|calculation/i, [
        "how do I work it out: $?",
        "show me one: $",
        "an example of $",
      ]],
      [/formula|area|sum|equation/i, ["how do I compute $?", "which formula: $?", "how big: $?"]],
      [/history|life/i, ["who came up with $?", "when did people find $?", "who was it: $?", "when did they live: $?"]],
      [/use|work/i, ["what is it good for: $?", "where do people need $?"]],
      [/propert|fact|remark|pattern|why|caution|compar/i, [
        "what is special about $?",
        "what else is true: $?",
        "why: $?",
      ]],
    ],
  },
};

/** A section with its article. */
interface Place {
  article: LibraryArticle;
  section: LibrarySection;
}

/**
 * The sorts of pairs that articles give: for each topic one of sentences, one of subjects and one of words alone, and one that tells the
 * topics apart, as routers do.
 */
export function libraryPairSources(articles: readonly LibraryArticle[]): PairSource[] {
  const each = (["medicine", "mathematics"] as const).flatMap((topic) => {
    const places = articles.filter((article) => article.topic === topic).flatMap((article) =>
      article.sections.map((section): Place => ({ article, section }))
    );
    return [
      source(`sentences of ${topic}`, 3, (random) => sentencePair(random, random.pick(places), TOPICS[topic])),
      source(`subjects of ${topic}`, 2, (random) => subjectPair(random, random.pick(places), TOPICS[topic])),
      source(`words of ${topic}`, 1, (random) => wordPair(random, TOPICS[topic])),
    ];
  });
  return [...each, source("topics of the library", 0.5, (random) => topicPair(random, articles))];
}

function source(
  kind: string,
  weight: number,
  draw: (random: Random) => { instance: string; value: RetrievalPair },
): PairSource {
  return { kind, weight, pairAt: (index, options: CorpusOptions = {}) => drawInSplit(kind, index, options, draw) };
}

/** A sentence in other words, or a part of it, for the passage with or without it. Sentences are either learned or held out. */
function sentencePair(random: Random, { article, section }: Place, words: TopicWords) {
  const sentence = random.pick(section.sentences);
  const subject = words.askedAbout.get(article.title);
  const said = words.wording(fewerWords(sentence, random), random, random.pick([0, 0.5, 0.9]));
  // What it is about stands elsewhere in the article, and people say it too, by its name or in their own words.
  const about = random.weightedIndex([0.4, 0.35, subject ? 0.25 : 0]);
  const named = about === 0 ? said : joined(random, about === 1 ? article.title : random.pick(subject!), said);
  const without = section.sentences.length > 1 && random.chance(0.2);
  const sentences = without ? section.sentences.filter((other) => other !== sentence) : section.sentences;
  return {
    instance: sentence,
    value: {
      query: asked(random, framed(random, words.frames, named)),
      passage: passageOf(article, section, sentences),
    },
  };
}

/** What people say of a subject, for a passage about it. Which of them comes with which heading is either learned or held out. */
function subjectPair(random: Random, { article, section }: Place, words: TopicWords) {
  const phrases = words.askedAbout.get(article.title) ?? [article.title];
  const phrase = random.chance(0.15) ? article.title : random.pick(phrases);
  const intent = words.intents.find(([pattern]) => pattern.test(section.heading));
  const plain = random.chance(0.5) ? phrase : words.wording(phrase, random, 0.5);
  // Some questions are about two things; each of the two is half an answer.
  const second = random.chance(0.1) ? random.pick(words.phrases) : undefined;
  const said = second === undefined ? plain : random.shuffle([plain, second]).join(" and ");
  const asksForSection = intent !== undefined && random.chance(0.6);
  const query = framed(random, asksForSection ? intent[1] : words.frames, said);
  return {
    instance: `${article.title}:${section.heading}:${said}`.toLowerCase(),
    value: {
      query: asked(random, query),
      passage: passageOf(article, section, section.sentences),
      topic: asksForSection ? `${article.title}:${section.heading}` : article.title,
    },
  };
}

/** A query as for a passage, for a description of the whole topic or for another of its queries. */
function topicPair(random: Random, articles: readonly LibraryArticle[]) {
  const article = random.pick(articles);
  const drawn = (from: LibraryArticle) =>
    (random.chance(0.5) ? sentencePair : subjectPair)(
      random,
      { article: from, section: random.pick(from.sections) },
      TOPICS[from.topic],
    );
  const { instance, value: { query } } = drawn(article);
  const route = article.topic === "medicine" ? "medical" : "math";
  const other = random.pick(articles.filter((other) => other.topic === article.topic && other !== article));
  const passage = random.chance(0.5) ? random.pick(ROUTE_DESCRIPTIONS[route]) : drawn(other).value.query;
  return { instance, value: { query, passage, topic: route } };
}

/** A few words and the same words in others. */
function wordPair(random: Random, { groups }: TopicWords) {
  const chosen = random.sample(groups, random.pick([1, 1, 2, 3])).map((group) => random.sample(group, 2));
  const [query, passage] = [0, 1].map((side) => chosen.map((two) => two[side]).join(" "));
  return { instance: `${query}:${passage}`, value: { query, passage } };
}

/** A passage as an index embeds it: title, heading, text. */
function passageOf({ title }: LibraryArticle, { heading }: LibrarySection, sentences: readonly string[]): string {
  return `${title}\n${heading}\n\n${sentences.join(" ")}`;
}

function joined(random: Random, subject: string, said: string): string {
  return random.chance(0.5) ? `${subject}: ${said}` : `${said} ${random.pick(["with", "in", "and", "for"])} ${subject}`;
}

function framed(random: Random, frames: readonly string[], said: string): string {
  // A function, since a replacement text gives $ a meaning of its own.
  return random.chance(0.4) ? said : random.pick(frames).replace("$", () => said);
}

/** People leave out capitals and question marks. */
function asked(random: Random, query: string): string {
  const lower = random.chance(0.5) ? query.toLowerCase() : query;
  return random.chance(0.3) ? lower.replace(/[?.]$/, "") : lower;
}
