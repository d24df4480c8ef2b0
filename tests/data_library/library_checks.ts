/** What holds for the articles that ship with the project and for the questions about them, whatever the topic. */
import assert from "node:assert/strict";
import { lexer, type Token } from "marked";
import { z } from "zod";
import { readJsonl } from "../../lib/files/mod.ts";

/** An article, read. */
export interface LibraryArticle {
  /** The file's name without `.md`, by which questions name it. */
  slug: string;
  title: string;
  topic: string;
  /** Its paragraphs and list items as plain text, with spaces for line breaks. */
  paragraphs: string[];
  /** How many `##` headings it has. */
  headings: number;
  /** The whole file. */
  source: string;
}

const slug = z.string().regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
const id = z.string().regex(/^[a-z]+-\d{2,3}$/);
const words = z.string().regex(/^\S(.*\S)?$/);
const question = words.regex(/^[A-Z0-9].*[?.]$/);

/** A row of the labelled questions. */
export const libraryQuestion = z.discriminatedUnion("kind", [
  z.strictObject({
    id,
    question,
    answer: words,
    articles: z.tuple([slug]),
    quote: words,
    kind: z.enum(["keyword", "paraphrase"]),
  }),
  z.strictObject({
    id,
    question,
    answer: words,
    articles: z.tuple([slug, slug]),
    quote: words,
    quote2: words,
    kind: z.literal("two-articles"),
  }),
  z.strictObject({ id, question, answer: z.literal(""), articles: z.tuple([]), kind: z.literal("unanswerable") }),
]);

/** A labelled question. */
export type LibraryQuestion = z.infer<typeof libraryQuestion>;

/** What a topic's articles and questions should be. */
export interface LibraryExpectations {
  topic: string;
  /** How many articles its folder holds. */
  articles: number;
  /** The paragraph that every article ends with, if they do: not counted, and not part of what questions ask about. */
  closing?: string;
  /** How many questions there are of each kind. */
  questions: Record<LibraryQuestion["kind"], number>;
}

/** The folder of all topics. */
const LIBRARY = `${import.meta.dirname}/../../data/library/`;

/** Reads a topic's articles, in the order of their names. */
export async function readLibraryArticles(topic: string): Promise<LibraryArticle[]> {
  const names = await Array.fromAsync(Deno.readDir(`${LIBRARY}${topic}`), (entry) => entry.name);
  return await Promise.all(
    names.sort().map(async (name) => {
      assert.match(
        name,
        /^[a-z][a-z0-9]*(_[a-z0-9]+)*\.md$/,
        `${topic}/${name}: expected a name such as prime_number.md`,
      );
      return readArticle(name, await Deno.readTextFile(`${LIBRARY}${topic}/${name}`));
    }),
  );
}

/** Reads a topic's labelled questions. */
export async function readLibraryQuestions(topic: string): Promise<LibraryQuestion[]> {
  const { rows, torn } = await readJsonl(`${LIBRARY}${topic}_questions.jsonl`, libraryQuestion);
  assert.equal(torn, undefined, "the last line of the questions is whole");
  return rows;
}

/** Registers the tests of a topic. */
export function testLibrary(expected: LibraryExpectations): void {
  const { topic } = expected;
  const read = async () => {
    const [articles, questions] = await Promise.all([readLibraryArticles(topic), readLibraryQuestions(topic)]);
    return [articles.map((article) => withoutClosing(article, expected.closing)), questions] as const;
  };

  Deno.test(`the ${topic} articles are as many as promised, each about its topic and none titled like another`, async () => {
    const [articles] = await read();
    assert.equal(articles.length, expected.articles);
    for (const article of articles) assert.equal(article.topic, topic, article.slug);
    assert.deepEqual(repeated(articles.map(({ title }) => title.toLowerCase())), []);
  });

  Deno.test(`the ${topic} articles have 100 to 220 words under one to three headings`, async () => {
    const [articles] = await read();
    const wrong = articles.map(({ slug, headings, paragraphs }) => ({ slug, headings, words: wordCount(paragraphs) }))
      .filter(({ headings, words }) => words < 100 || words > 220 || headings < 1 || headings > 3);
    assert.deepEqual(wrong, []);
  });

  Deno.test(`the ${topic} articles and questions are ASCII, without square brackets in the articles`, async () => {
    const [articles, questions] = await read();
    for (const { slug, source } of articles) {
      assert.doesNotMatch(source, /[^\n\x20-\x7e]/, slug);
      // evidence and citations are numbered so in prompts
      assert.doesNotMatch(source, /[[\]]/, slug);
    }
    for (const row of questions) assert.doesNotMatch(JSON.stringify(row), /[^\x20-\x7e]/, row.id);
  });

  Deno.test(`the ${topic} articles say nothing twice`, async () => {
    const [articles] = await read();
    assert.deepEqual(repeated(articles.flatMap(sentencesOf)), []);
  });

  Deno.test(`the ${topic} questions are as many of each kind as promised, and none is there twice`, async () => {
    const [, questions] = await read();
    const kinds: Record<LibraryQuestion["kind"], number> = {
      keyword: 0,
      paraphrase: 0,
      "two-articles": 0,
      unanswerable: 0,
    };
    for (const { kind } of questions) kinds[kind]++;
    assert.deepEqual(kinds, expected.questions);
    assert.deepEqual(repeated(questions.map(({ id }) => id)), []);
    assert.deepEqual(repeated(questions.map(({ question }) => question.toLowerCase())), []);
  });

  Deno.test(`the ${topic} questions quote the articles that they name, word for word`, async () => {
    const [articles, questions] = await read();
    const textOf = new Map(articles.map(({ slug, paragraphs }) => [slug, paragraphs]));
    for (const row of questions) {
      const quotes = row.kind === "unanswerable"
        ? []
        : row.kind === "two-articles"
        ? [row.quote, row.quote2]
        : [row.quote];
      assert.equal(new Set(row.articles).size, quotes.length, `${row.id}: one quote for each article`);
      row.articles.forEach((name, index) => {
        const paragraphs = textOf.get(name);
        assert.ok(paragraphs, `${row.id}: no article is named ${name}`);
        assert.ok(
          paragraphs.some((text) => text.includes(quotes[index])),
          `${row.id}: ${name} lacks '${quotes[index]}'`,
        );
      });
    }
  });

  Deno.test(`the ${topic} questions of kind paraphrase do not name the article that answers`, async () => {
    const [articles, questions] = await read();
    const titleOf = new Map(articles.map(({ slug, title }) => [slug, title.toLowerCase()]));
    for (const { id, kind, question, articles: [name] } of questions) {
      if (kind !== "paraphrase") continue;
      assert.ok(!question.toLowerCase().includes(titleOf.get(name ?? "") ?? ""), `${id}: '${question}'`);
    }
  });
}

/** The sentences of an article's paragraphs. */
export function sentencesOf({ paragraphs }: LibraryArticle): string[] {
  return paragraphs.flatMap((paragraph) => paragraph.split(/(?<=[.?!]) (?=[A-Z])/));
}

function readArticle(name: string, source: string): LibraryArticle {
  const match = /^---\ntitle: (\S.*)\ntopic: ([a-z]+)\n---\n\n([^]+)$/.exec(source);
  assert.ok(match, `${name}: expected front matter with title and topic, an empty line, and the text`);
  const [, title, topic, body] = match;
  assert.doesNotMatch(title, /^[^A-Za-z0-9]|: | #|[:\s]$/, `${name}: a title that YAML reads as it stands`);
  const paragraphs: string[] = [];
  let headings = 0;
  for (const token of lexer(body)) {
    if (token.type === "heading") {
      assert.equal(token.depth, 2, `${name}: headings start with ##`);
      plainText(name, token.tokens ?? []);
      headings++;
    } else if (token.type === "paragraph") {
      paragraphs.push(plainText(name, token.tokens ?? []));
    } else if (token.type === "list") {
      for (const item of token.items) paragraphs.push(plainText(name, item.tokens));
    } else {
      assert.equal(token.type, "space", `${name}: expected headings, paragraphs and lists: '${token.raw}'`);
    }
  }
  return { slug: name.slice(0, -".md".length), title, topic, paragraphs, headings, source };
}

function withoutClosing(article: LibraryArticle, closing: string | undefined): LibraryArticle {
  if (closing === undefined) return article;
  assert.equal(article.paragraphs.at(-1), closing, `the last paragraph of ${article.slug}`);
  return { ...article, paragraphs: article.paragraphs.slice(0, -1) };
}

/** Text as a reader sees it. Marked's own `text` is left alone by its lexer, so `raw` is what was written. */
function plainText(name: string, tokens: Token[]): string {
  return tokens.map((token) => {
    if ((token.type === "strong" || token.type === "em" || token.type === "text") && token.tokens) {
      return plainText(name, token.tokens);
    }
    assert.equal(token.type, "text", `${name}: no links, pictures, HTML or code: '${token.raw}'`);
    return token.raw.replaceAll("\n", " ");
  }).join("");
}

function wordCount(paragraphs: string[]): number {
  return paragraphs.reduce((sum, paragraph) => sum + paragraph.split(/\s+/).length, 0);
}

/** The values that come more than once. */
function repeated(values: string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
