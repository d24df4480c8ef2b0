/** What a question is about, what it asks for, and what it says besides. */
import { stemsOf } from "../../retrieval/search/mod.ts";
import { type ArticleNames, type NamedArticle, namedArticles } from "./article_names.ts";
import { type Aspect, aspectsAsked } from "./asked_aspect.ts";
import { medicinesIn } from "../safety/mod.ts";
import { groupsIn } from "./special_groups.ts";

/** One of two things that a question asks about together. */
export interface Side {
  /** Stems of its words. */
  stems: ReadonlySet<string>;
  /** Groups of patients that it speaks of, and alcohol. */
  groups: readonly string[];
  /** Articles about it. */
  sources: readonly string[];
  /** All that those are called, each in stems. */
  names: readonly ReadonlySet<string>[];
}

/** A question, read. */
export interface QuestionReading {
  /** Articles whose names it has. Members of a group only where it names no article besides. */
  named: NamedArticle[];
  /** Medicines that it names, and no article is called. */
  medicines: string[];
  aspects: Aspect[];
  /** Groups of patients that it speaks of, and alcohol. */
  concerns: readonly string[];
  /** "Can I take this with that?": whether two things go together. */
  pair: readonly [Side, Side] | null;
  /** Stems that are neither a name nor a way of asking. */
  rest: ReadonlySet<string>;
  /** Whether it names an article and asks for aspects of it, and nothing besides. */
  isPlain: boolean;
}

/** Words of questions that narrow nothing down. */
const FILLERS = stemsOf(
  "people person someone somebody anyone patient usually normally commonly typically best good better way ways help helps doctor doctors get gets " +
    "getting take takes go goes happen happens thing things common main typical first early body disease illness condition attack attacks " +
    "case cases tell know please infection really exactly long need make medical patients often drug drugs medicine medicines tablet tablets " +
    "differ between together mean find look become start immediately quickly",
);

/** Words for many medicines name none. */
const FAMILY =
  /^(?:nsaids?|antibiotics?|pain ?killers?|opioids?|steroids?|antihistamines?|decongestants?|laxatives?|antacids?|statins?)$/i;

/** How two things are asked about together; what comes after a name of them is cut off. */
const PAIRS: readonly RegExp[] = [
  /\b(?:take|use|drink|eat|have|get|combine|mix|give|taking|using|drinking|eating|combining|mixing|having)\s+(?!care|part)(.+?)\s+(?:together with|along with|with|while (?:i am |i'm |you are )?(?:on|taking|using)|when (?:i am |i'm )?(?:on|taking|using)|if i (?:take|use|am on)|while|during|in|and|when|if)\s+(.+?)(?:\s+(?:together|at the same time|at once))?\s*[?.!]*$/i,
  /\b(?:do|does)\s+(.+?)\s+(?:interact|go together|mix) with\s+(.+?)\s*[?.!]*$/i,
  /\bis\s+(.+?)\s+safe\s+(?:with|during|in|while|when|if)\s+(.+?)\s*[?.!]*$/i,
];
/** Whether something may be done at all. */
const MAY = /\b(?:can|may|could|should|is it (?:safe|ok|okay|fine|dangerous|all right)|allowed|does|do|is)\b/i;

/** Reads a question. Of several sentences, the last that asks tells what is asked; all tell what it is about. */
export function readQuestion(question: string, articles: readonly ArticleNames[]): QuestionReading {
  const sentences = question.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.trim() !== "");
  const asking = sentences.findLast((sentence) => sentence.includes("?")) ?? question;
  const all = namedArticles(question, articles);
  const whole = all.named.filter(({ isMember }) => !isMember);
  const named = whole.length > 0 ? whole : all.named;
  const { aspects, rest: unasked } = aspectsAsked(asking);
  const narrower = namedArticles(unasked, articles).rest;
  const medicines = medicinesIn(all.rest.join(" ")).filter((name) => !FAMILY.test(name));
  const rest = stemsOf(narrower.join(" ")).difference(FILLERS).difference(stemsOf(medicines.join(" ")));
  const isPlain = (named.length > 0 || medicines.length > 0) && aspects.length > 0 && rest.size === 0;
  return { named, medicines, aspects, concerns: concernsIn(asking), pair: pairIn(asking, articles), rest, isPlain };
}

/** How things are told apart: a sentence that does names both. */
const APART: readonly RegExp[] = [
  /\bdifferences? between\s+(.+?)\s+and\s+(.+?)\s*[?.!]*$/i,
  /\b(?:does|do|is|are)\s+(.+?)\s+(?:differ|different)\s+from\s+(.+?)\s*[?.!]*$/i,
];

function pairIn(question: string, articles: readonly ArticleNames[]): readonly [Side, Side] | null {
  for (const pattern of APART) {
    const [, one, other] = pattern.exec(question) ?? [];
    if (one !== undefined) return [sideOf(one, articles), sideOf(other, articles)];
  }
  if (!MAY.test(question) || /^\s*(?:what|which|who|where|how|why)\b/i.test(question)) return null;
  for (const pattern of PAIRS) {
    const [, one, other] = pattern.exec(question) ?? [];
    if (one === undefined) continue;
    const sides = [sideOf(one, articles), sideOf(other, articles)] as const;
    // "Can I take it with food?" after another question: the first side is nothing.
    if (sides.every(({ stems }) => stems.size > 0)) return sides;
  }
  return null;
}

function sideOf(text: string, articles: readonly ArticleNames[]): Side {
  const sources = namedArticles(text, articles).named.map(({ source }) => source);
  const names = articles.filter(({ source }) => sources.includes(source)).flatMap(({ names }) => names.map(stemsOf));
  return { stems: stemsOf(text).difference(FILLERS), groups: concernsIn(text), sources, names };
}

/** Groups of patients that a text speaks of; and alcohol, which goes by many names. */
export function concernsIn(text: string): string[] {
  return [...groupsIn(text), ...(ALCOHOL.test(text) ? ["alcohol"] : [])];
}

const ALCOHOL = /\b(?:alcohol\w*|drinkers?|beer|wine|liquor|spirits)\b/i;
