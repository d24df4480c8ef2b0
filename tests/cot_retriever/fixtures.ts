/** A few pages, questions about them, a search, and turns that are given instead of drawn. */
import { rankByOverlap, type SearchResult } from "../../lib/data/mod.ts";
import {
  Dialogue,
  type PageQuestion,
  type PageRetriever,
  resolveSearchLimits,
  type SearchLimits,
  type WebPage,
} from "../../lib/cot_retriever/mod.ts";
import { encodeTagged, type RetrieverSample } from "../../lib/cot_retriever/mod.ts";
import { Tokenizer } from "../../lib/tokenizer/mod.ts";
import { HOUSE_MODEL } from "../support/house_model.ts";

/** The house's tokenizer: each tag is one token. */
export const tokenizer = await Tokenizer.load(HOUSE_MODEL);

const page = (url: string, content: string, more: Partial<WebPage> = {}): WebPage => ({
  url,
  publisher: "Some News",
  date: "2020-03-04",
  content,
  subject: "Velmona",
  relation: "founder",
  value: "Mia Torvic",
  isOutdated: false,
  ...more,
});

/** Four pages about who founded Velmona, of which two help, and four about where she was born, of which three do. */
export const PAGES: readonly WebPage[] = [
  page("a.org/1", "Velmona was founded by Mia Torvic."),
  page("a.org/2", "Mia Torvic founded Velmona."),
  page("a.org/3", "Velmora was founded by Tom Lanov.", { subject: "Velmora", value: "Tom Lanov" }),
  page("a.org/4", "Buy all about Velmona today!", { relation: null, value: null }),
  page("b.net/1", "Mia Torvic was born in Dalham.", { subject: "Mia Torvic", relation: "birthplace", value: "Dalham" }),
  page("b.net/2", "Mia Torvic comes from Dalham: born there.", {
    subject: "Mia Torvic",
    relation: "birthplace",
    value: "Dalham",
  }),
  page("b.net/3", "The town where Mia Torvic was born is Dalham.", {
    subject: "Mia Torvic",
    relation: "birthplace",
    value: "Dalham",
  }),
  page("b.net/4", "Mia Torvic was born in Orna.", {
    subject: "Mia Torvic",
    relation: "birthplace",
    value: "Orna",
    date: "1991-01-01",
    isOutdated: true,
  }),
];

const hop = (subject: string, relation: string, need: string, query: string, answer: string, statement: string) => ({
  ...{ subject, relation, need, queries: [query], answer, statement },
  documentId: subject,
  sentence: 0,
  stems: [],
});

/** Who founded it is the first of two things to find. */
export const QUESTION: PageQuestion = {
  id: "q1",
  question: "Where was the founder of Velmona born?",
  answer: "Dalham",
  type: "bridge",
  hops: [
    hop("Velmona", "founder", "who founded Velmona", "founder of Velmona", "Mia Torvic", "Mia Torvic founded Velmona."),
    hop(
      "Mia Torvic",
      "birthplace",
      "where Mia Torvic was born",
      "Mia Torvic born",
      "Dalham",
      "She was born in Dalham.",
    ),
  ],
  conclusion: "",
};

/** A page as a search gives it. */
export function resultOf({ url, content, publisher, date }: WebPage, distance = 0.25): SearchResult {
  return { content, metadata: { publisher, date, url }, distance };
}

/** A search by shared words over a list. It keeps what was asked. */
export function listRetriever(pages: readonly WebPage[] = PAGES) {
  const calls: string[][] = [];
  const retriever: PageRetriever = {
    find(requests) {
      calls.push(requests.map(({ query }) => query));
      return Promise.resolve(requests.map(({ query, limit, exclude = [] }) => {
        if (query === "bad") return { failure: "no answer from the index" };
        const ranked = rankByOverlap(
          query,
          pages.map((page) => ({ ...page, title: page.subject, text: page.content })),
        );
        return ranked.filter(({ url }) => !exclude.includes(url)).slice(0, limit).map((page) => resultOf(page));
      }));
    },
  };
  return { retriever, calls };
}

/** A dialogue about a question. */
export function dialogue(question: string = QUESTION.question, limits: SearchLimits = {}): Dialogue {
  return new Dialogue(question, tokenizer, resolveSearchLimits(limits, 2048));
}

/** Has a model write this: it is stopped by the tag at the end, or else ends its turn, or is cut off. */
export function write(dialogue: Dialogue, text: string, isCut = false) {
  const stop = ["</query>", "</results>", "<query_res>"].find((tag) => text.endsWith(tag));
  const tokenIds = encodeTagged(tokenizer, text);
  if (isCut) return dialogue.take({ tokenIds, text, finishReason: "length" });
  if (stop === undefined) {
    return dialogue.take({ tokenIds: [...tokenIds, tokenizer.eosTokenId!], text, finishReason: "stop" });
  }
  return dialogue.take({ tokenIds, text: text.slice(0, -stop.length), finishReason: "stopString" });
}

/** The text of all that a dialogue's model has read and written. */
export function contextOf({ ids }: Dialogue): string {
  return tokenizer.decode(ids);
}

/** A row that stands every check. */
export function goodSample(): RetrieverSample {
  return {
    id: "q1",
    question: QUESTION.question,
    answer: "Dalham",
    writer: "generator",
    parts: [
      { written: "<think>\nI need to find who founded Velmona.\n<query>Founder of Velmona</query>" },
      { found: PAGES.slice(0, 4).map((page) => resultOf(page)) },
      {
        written:
          "a.org/1 and a.org/2 help. a.org/3 is about Velmora: noise. a.org/4 is an advertisement: noise. Now her birthplace.\n" +
          "<query>Mia Torvic born</query>",
      },
      { found: PAGES.slice(4, 8).map((page) => resultOf(page)) },
      {
        written: "b.net/1, b.net/2 and b.net/3 help. b.net/4 is old, from 1991: noise.\n</think>\n<results>\n" +
          '{"answer":"Dalham","used":["a.org/1","a.org/2","b.net/1","b.net/2","b.net/3"]}\n</results>',
      },
    ],
    noise: ["a.org/3", "a.org/4", "b.net/4"],
    usage: null,
  };
}
