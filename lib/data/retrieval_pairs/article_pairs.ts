/**
 * Queries for articles: questions, titles, words and stretches of the text itself (the inverse cloze task of Lee et al. 2019,
 * arXiv:1906.00300).
 */
import { Random } from "../../random/mod.ts";
import type { CorpusOptions } from "../corpora/corpus.ts";
import { type Article, drawArticle } from "./article.ts";
import type { PairSource, RetrievalPair } from "./pair.ts";

/** Questions about a fact of an article, with an article of a similar name as a hard negative. */
export const articleQuestions: PairSource = {
  kind: "article questions",
  weight: 3,
  pairAt: (index, options) =>
    drawn("article questions", index, options, (random, article) => {
      const questions = article.questions.flat();
      const query = asked(random, random.pick(questions));
      return {
        query,
        passage: articleText(random, article),
        negatives: [articleText(random, drawArticle(random, article))],
      };
    }),
};

/** Stretches of an article, of 3 to 12 words, for the article with or without them. */
export const clozeSpans: PairSource = {
  kind: "spans of a passage",
  weight: 2,
  pairAt: (index, options) =>
    drawn("spans of a passage", index, options, (random, article) => {
      const position = random.integer(0, article.sentences.length - 1);
      const words = article.sentences[position].split(" ");
      const count = Math.min(words.length, random.integer(3, 12));
      const start = random.integer(0, words.length - count);
      const query = asked(random, words.slice(start, start + count).join(" ").replace(/[.,]$/, ""));
      // Without the sentence itself the query must be met by what else the article says of the thing.
      const names = query.split(" ").some((word) => article.title.split(" ").includes(word));
      const sentences = names && article.sentences.length > 1 && random.chance(0.3)
        ? article.sentences.filter((_, other) => other !== position)
        : article.sentences;
      return { query, passage: articleText(random, { ...article, sentences }) };
    }),
};

/** A few words of an article, as people type them into a search. */
export const keywords: PairSource = {
  kind: "keywords",
  weight: 1.5,
  pairAt: (index, options) =>
    drawn("keywords", index, options, (random, article) => {
      const text = articleText(random, article);
      const words = [...new Set(text.replace(/[.,()]/g, "").split(" "))].filter((word) =>
        word.length > 3 || /\d/.test(word)
      );
      return {
        query: asked(random, random.sample(words, Math.min(words.length, random.integer(2, 5))).join(" ")),
        passage: text,
      };
    }),
};

/** An article's name, for its text. */
export const titles: PairSource = {
  kind: "titles",
  weight: 0.5,
  pairAt: (index, options) =>
    drawn("titles", index, options, (random, article) => ({
      query: asked(random, article.title),
      passage: articleText(random, article),
      negatives: [articleText(random, drawArticle(random, article))],
    })),
};

/** Articles are drawn from streams of their own for each split: with names that long none comes twice. */
function drawn(
  kind: string,
  index: number,
  { seed = 0, split = "train" }: CorpusOptions = {},
  draw: (random: Random, article: Article) => RetrievalPair,
): RetrievalPair {
  const random = new Random(seed).fork(kind).fork(split).fork(index);
  for (;;) {
    const article = drawArticle(random);
    if (article.questions.flat().length > 0) return draw(random, article);
  }
}

/** A passage as an index has it: mostly with its title before the text. */
function articleText(random: Random, { title, sentences }: Article): string {
  const text = sentences.join(" ");
  return random.chance(0.6) ? `${title}. ${text}` : text;
}

/** People leave out capitals and question marks. */
function asked(random: Random, question: string): string {
  const lower = random.chance(0.3) ? question.toLowerCase() : question;
  return random.chance(0.2) ? lower.replace(/\?$/, "") : lower;
}
