/** The articles of a folder such as data/library, section by section. */
import { z } from "zod";

/** An article as pairs are drawn from it. */
export interface LibraryArticle {
  title: string;
  topic: "medicine" | "mathematics";
  sections: LibrarySection[];
}

/** What stands under one heading. */
export interface LibrarySection {
  heading: string;
  /** Without the heading. */
  sentences: string[];
}

const frontMatter = z.object({ title: z.string().min(1), topic: z.enum(["medicine", "mathematics"]) });

/**
 * Reads the Markdown articles of a folder's two topics, in the order of topic and file name. A reader of its own: retrieval's reads any
 * document, and what trains an encoder must not hang on what uses it.
 *
 * @throws {Error} When a file is no article, or a folder has none; the message names it.
 */
export async function readLibraryArticles(folder: string): Promise<LibraryArticle[]> {
  const articles: LibraryArticle[] = [];
  for (const topic of ["medicine", "mathematics"]) {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(`${folder}/${topic}`)) if (name.endsWith(".md")) names.push(name);
    if (names.length === 0) throw new Error(`${folder}/${topic}: no articles. Expected files that end in .md.`);
    for (const name of names.sort()) {
      const path = `${folder}/${topic}/${name}`;
      articles.push(libraryArticle(await Deno.readTextFile(path), path));
    }
  }
  return articles;
}

/**
 * An article from its Markdown: lines of `title` and `topic` between two of `---`, then sections of paragraphs.
 *
 * @throws {Error} When it has none of these; the message names `path`.
 */
export function libraryArticle(markdown: string, path: string): LibraryArticle {
  const [, head, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(markdown) ?? [];
  const fields = Object.fromEntries(
    [...(head ?? "").matchAll(/^(\w+): *(.*)$/gm)].map(([, name, text]) => [name, text]),
  );
  const parsed = frontMatter.safeParse(fields);
  if (!parsed.success) {
    throw new Error(`${path}: expected lines of title and topic (medicine or mathematics) between two lines of ---`);
  }
  const sections = body.split(/^## /m).slice(1).map((section) => {
    const [heading, ...lines] = section.split("\n");
    return { heading: heading.trim(), sentences: sentencesOf(lines.join("\n")) };
  });
  if (sections.length === 0 || sections.some(({ sentences }) => sentences.length === 0)) {
    throw new Error(`${path}: expected sections that begin with ## and have a sentence or more`);
  }
  return { ...parsed.data, sections };
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** The sentences of paragraphs, without lines in italics, which say who wrote it. */
function sentencesOf(text: string): string[] {
  return text.split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph !== "" && !/^_.*_$/.test(paragraph))
    .flatMap((paragraph) => [...segmenter.segment(paragraph)].map(({ segment }) => segment.trim()));
}
