/**
 * `deno task eval-retrieval`: how often each way of searching finds what answers: recall, MRR and nDCG with 95% intervals.
 *
 * Without options on the articles and labelled questions that ship. `--documents FOLDER` with `--questions FILE` (JSON
 * Lines as in data/library; may be given several times): on your own; `--include GLOB` (several times) chooses other files than
 * Markdown, HTML, PDF and text. `--hotpotqa FOLDER`: on a folder of HotpotQA's
 * `corpus.json` and `questions.json`, where each title is a document. `--embedder NAME|FOLDER|OWNER/NAME` (default kiln-embed),
 * `--rerank NAME|FOLDER|OWNER/NAME` (a cross-encoder, for one row more), `--chunk-tokens N`, `--ks 2,5,10`, `--json`.
 */
import { parseArgs } from "node:util";
import { readTitledQuestions, type TitledQuestions } from "../data/mod.ts";
import { tableText } from "../notebook/mod.ts";
import { sentenceRerank } from "../retrieval/answer/mod.ts";
import { loadDocuments } from "../retrieval/documents/mod.ts";
import { openEmbedder } from "../retrieval/embed/mod.ts";
import {
  evaluateRetrieval,
  type MeanInterval,
  readLabelledQuestions,
  type RetrievalEvaluation,
  type RetrievalQuestion,
} from "../retrieval/evaluate/mod.ts";
import { openCrossEncoder } from "../retrieval/rerank/mod.ts";
import { search, type SearchOptions, wordWeights } from "../retrieval/search/mod.ts";
import { ingest, type IngestItem, openTable, type PassageTable } from "../retrieval/store/mod.ts";

/** What is searched, and for what. */
interface Collection {
  name: string;
  documents: AsyncIterable<IngestItem> | Iterable<IngestItem>;
  questions: RetrievalQuestion[];
  /** The name of a passage's document, as questions have it. Default: as `evaluateRetrieval` has it. */
  articleOf?: (chunk: { source: string }) => string;
}

/** Not JSON Lines: questions are often kept beside the documents, and would be the best place to find their words. */
const INCLUDE = ["*.md", "*.html", "*.pdf", "*.txt"];

/** The ways that are compared. */
const WAYS: Readonly<Record<string, SearchOptions>> = {
  "dense": { mode: "dense" },
  "full text": { mode: "fullText" },
  "hybrid, rrf": { mode: "hybrid" },
  "hybrid, min-max 0.3": { mode: "hybrid", fusion: { kind: "minMax", denseWeight: 0.3 } },
  "hybrid, min-max 0.5": { mode: "hybrid", fusion: { kind: "minMax", denseWeight: 0.5 } },
};

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      documents: { type: "string" },
      include: { type: "string", multiple: true, default: INCLUDE },
      questions: { type: "string", multiple: true },
      hotpotqa: { type: "string" },
      embedder: { type: "string", default: "kiln-embed" },
      rerank: { type: "string" },
      "chunk-tokens": { type: "string", default: "256" },
      ks: { type: "string", default: "2,5,10" },
      json: { type: "boolean", default: false },
    },
  });
  const ks = values.ks.split(",").map((k) => wholeNumber("--ks", k));
  const chunkTokens = wholeNumber("--chunk-tokens", values["chunk-tokens"]);
  if (values.documents !== undefined && values.questions === undefined) {
    throw new Error("--documents: give the questions too, by --questions FILE; those that ship are about data/library");
  }
  const documents = values.documents ?? "data/library";
  const collection = values.hotpotqa === undefined
    ? await labelledCollection({ documents, include: values.include, files: values.questions })
    : titledCollection(values.hotpotqa, await readTitledQuestions(values.hotpotqa));

  const embedder = await openEmbedder(values.embedder);
  const reranker = values.rerank === undefined ? undefined : await openCrossEncoder(values.rerank);
  const limit = Math.min(chunkTokens, embedder.description.maxTokens);
  const table = await openTable({ uri: "memory://", name: "questions", embedder, chunking: { chunkTokens: limit } });
  const report = await ingest(table, collection.documents);
  for (const { source, message } of report.failures) console.error(`${source}: ${message}`);
  const fused = WAYS["hybrid, min-max 0.5"];
  const ways: Record<string, SearchOptions> = {
    ...WAYS,
    "the same, by sentences": { ...fused, rerank: sentenceRerank({ embedder, weights: await wordWeights(table) }) },
    ...(reranker ? { "the same, by a cross-encoder": { ...fused, rerank: reranker } } : {}),
  };
  const results: Record<string, RetrievalEvaluation> = {};
  for (const [way, options] of Object.entries(ways)) {
    console.error(`... ${way}`);
    results[way] = await evaluateWay(table, collection, { ...options, k: Math.max(10, ...ks) }, ks);
  }
  const means = Object.fromEntries(Object.entries(results).map(([way, { means, byKind }]) => [way, { means, byKind }]));
  if (values.json) console.log(JSON.stringify({ embedder: embedder.description, passages: report.passages, means }));
  else {
    const answerable = collection.questions.filter(({ articles }) => articles.length > 0).length;
    const caption =
      `${collection.name}: ${report.added} documents in ${report.passages} passages of at most ${limit} tokens, ` +
      `${answerable} of ${collection.questions.length} questions are answered in them; ${embedder.description.name}`;
    console.log(tableText(Object.entries(results).map(([way, result]) => wayRow(way, result, ks)), { caption }));
  }
  table.close();
  await reranker?.dispose();
  await embedder.dispose();
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${option} ${text}: expected a whole number above 0`);
}

async function labelledCollection(
  { documents, include, files }: { documents: string; include: readonly string[]; files?: readonly string[] },
): Promise<Collection> {
  const shipped = ["medicine", "mathematics"].map((topic) => `data/library/${topic}_questions.jsonl`);
  const questions: RetrievalQuestion[] = [];
  for (const file of files ?? shipped) questions.push(...await readLabelledQuestions(file));
  return { name: documents, documents: loadDocuments(documents, { include }), questions };
}

/** A title's sentences as one document. */
function titledCollection(name: string, { corpus, questions }: TitledQuestions): Collection {
  const documents = Object.entries(corpus).map(([title, sentences]): IngestItem => {
    const text = sentences.join("").trim();
    return {
      document: {
        source: title,
        title,
        mediaType: "text/plain",
        text,
        blocks: [{ kind: "paragraph", start: 0, end: text.length, headings: [] }],
        metadata: {},
        untrusted: false,
      },
    };
  });
  return {
    name,
    documents,
    questions: questions.map(({ question, titles }, at) => ({ id: String(at), question, articles: titles })),
    articleOf: ({ source }) => source,
  };
}

async function evaluateWay(
  table: PassageTable,
  { questions, articleOf }: Collection,
  options: SearchOptions,
  ks: readonly number[],
): Promise<RetrievalEvaluation> {
  return await evaluateRetrieval({ questions, ks, articleOf, search: (query) => search(table, query, options) });
}

function wayRow(way: string, { means, byKind }: RetrievalEvaluation, ks: readonly number[]): Record<string, string> {
  const percent = ({ mean, low, high }: MeanInterval) =>
    `${(100 * mean).toFixed(1)} (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)})`;
  const kinds = Object.entries(byKind).filter(([kind, metrics]) =>
    kind !== "all" && metrics[`recall@${ks[1] ?? ks[0]}`]
  );
  return {
    "search": way,
    ...Object.fromEntries(ks.map((k) => [`recall@${k}`, percent(means[`recall@${k}`])])),
    "MRR": means["mrr"].mean.toFixed(3),
    "nDCG@10": means["ndcg@10"].mean.toFixed(3),
    ...Object.fromEntries(
      kinds.map(([kind, metrics]) => [kind, `${(100 * metrics[`recall@${ks[1] ?? ks[0]}`].mean).toFixed(0)}`]),
    ),
  };
}
