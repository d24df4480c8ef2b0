/**
 * `deno task pretrain-embed`: trains the house encoder from nothing, on generated pairs and on the articles of data/library, and
 * writes its folder whole: tokenizer, bf16 weights, files of sentence-transformers, model card and curve. Options: `--scale X` (all
 * steps times X, for a quick try), `--seed N`, `--output FOLDER`, `--hotpotqa FOLDER` (corpus.json and questions.json of HotpotQA,
 * to be measured on, never trained on). Metrics of the run go to outputs/pretrain-embed-NNN.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readTitledQuestions, type TitledQuestions } from "../data/mod.ts";
import { libraryPairSources, PAIR_SOURCES, type PairSource, readLibraryArticles } from "../data/retrieval_pairs/mod.ts";
import { createEngine } from "../engine/mod.ts";
import { writeFolderAtomic } from "../files/mod.ts";
import { saveEncoder, type SentenceEncoder } from "../models/encoder/mod.ts";
import { formatSeconds, withProgress } from "../notebook/mod.ts";
import { lossCurve } from "../plot/mod.ts";
import { Tokenizer } from "../tokenizer/mod.ts";
import {
  createRun,
  denseRanker,
  ENCODER_RECIPE,
  type EncoderRecipe,
  heldOutRecallByKind,
  type Metrics,
  type MetricsRow,
  readMetrics,
  titleRecall,
  trainEncoderTokenizer,
  trainHouseEncoder,
  wordRanker,
} from "../train/mod.ts";
import { markdownTable } from "./markdown_table.ts";
import { stoppable } from "./stoppable.ts";

/** The articles that ship: an encoder for them may read them. */
const LIBRARY = fileURLToPath(new URL("../../data/library", import.meta.url));

/** Held-out passages of each sort among which the card states recall. */
const POOL = 1000;

/** Steps between two looks at held-out recall. */
const EVAL_STEPS = 500;

/** What the table calls HotpotQA. */
const HOTPOT = "HotpotQA, titles of its questions";

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      scale: { type: "string", default: "1" },
      seed: { type: "string", default: String(ENCODER_RECIPE.seed) },
      output: { type: "string", default: "data/models/kiln-embed" },
      hotpotqa: { type: "string" },
    },
  });
  const recipe: EncoderRecipe = {
    ...ENCODER_RECIPE,
    steps: Math.max(1, Math.round(ENCODER_RECIPE.steps * Number(values.scale))),
    seed: Number(values.seed),
  };
  const hotpot = values.hotpotqa === undefined ? undefined : await readTitledQuestions(values.hotpotqa);
  await stoppable("nothing was written", async (signal) => {
    const engine = await createEngine();
    console.log(engine.description);
    const sources = PAIR_SOURCES.concat(libraryPairSources(await readLibraryArticles(LIBRARY)));
    const tokenizer = new Tokenizer(values.output, await trainEncoderTokenizer(recipe, sources));
    const { encoder, run } = await trainHouseEncoder(recipe, {
      engine,
      tokenizer,
      sources,
      evalSteps: EVAL_STEPS,
      signal,
    });
    console.log(
      `${encoder.parameterCount.toLocaleString("en")} weights, ${tokenizer.vocabSize} tokens in the vocabulary`,
    );
    const folder = await createRun("pretrain-embed", { ...recipe });
    for await (const step of withProgress(run, { label: "contrastive" })) await folder.log(step);
    await folder.close();
    // Measuring takes a while, and what was trained should outlive a mistake in it.
    await saveEncoder(encoder, `${folder.path}/encoder`);
    const rows = await readMetrics(folder.path);
    await writeHouseEncoder({ encoder, recipe, sources, rows, hotpot }, values.output);
    await encoder.dispose();
    await engine.dispose();
  });
}

/** Measures an encoder and writes its folder. */
export async function writeHouseEncoder(
  { encoder, recipe, sources, rows, hotpot }: {
    encoder: SentenceEncoder;
    recipe: EncoderRecipe;
    /** What it was trained on. */
    sources: readonly PairSource[];
    rows: MetricsRow[];
    hotpot?: TitledQuestions;
  },
  output: string,
): Promise<void> {
  const measure = async (rank: typeof wordRanker) => ({
    ...await heldOutRecallByKind(rank, { pool: POOL, sources }),
    ...(hotpot ? { [HOTPOT]: await titleRecall(rank, hotpot) } : {}),
  });
  const results = { encoder: await measure(denseRanker(encoder)), words: await measure(wordRanker) };
  await writeFolderAtomic(output, async (folder) => {
    await saveEncoder(encoder, folder, { dtype: "BF16" });
    await Deno.writeTextFile(`${folder}/README.md`, card(encoder, recipe, rows, results));
    await Deno.writeTextFile(`${folder}/loss.svg`, lossCurve(rows, { title: "Contrastive training of kiln-embed" }));
  });
  console.log(`wrote ${output}`);
  console.log(resultTable(results));
}

/** Recall by the encoder and by words, a sort of pairs a line. */
function resultTable(results: { encoder: Record<string, Metrics>; words: Record<string, Metrics> }): string {
  const columns = (name: string, metrics: Metrics) =>
    Object.entries(metrics).map(([metric, share]) => [`${name} ${metric}`, `${(100 * share).toFixed(1)}%`]);
  const row = (kind: string) => ({
    queries: kind,
    ...Object.fromEntries([
      ...columns("kiln-embed", results.encoder[kind]),
      ...columns("BM25", results.words[kind]),
    ]),
  });
  const kinds = Object.keys(results.encoder);
  const generated = markdownTable(kinds.filter((kind) => kind !== HOTPOT).map(row));
  // Of other cuts, and so a table of its own.
  return kinds.includes(HOTPOT) ? `${generated}\n\n${markdownTable([row(HOTPOT)])}` : generated;
}

function card(
  encoder: SentenceEncoder,
  recipe: EncoderRecipe,
  rows: readonly MetricsRow[],
  results: { encoder: Record<string, Metrics>; words: Record<string, Metrics> },
): string {
  const { config, settings } = encoder;
  const last = rows.slice(-50);
  const mean = (name: "loss" | "accuracy") => last.reduce((sum, row) => sum + (row[name] as number), 0) / last.length;
  const seconds = rows.reduce((sum, { step_time }) => sum + step_time, 0);
  return `---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
license: apache-2.0
tags: [kiln, sentence-transformers, feature-extraction]
---

# kiln-embed

A text encoder of ${
    encoder.parameterCount.toLocaleString("en")
  } weights, trained from nothing by Kiln's own contrastive trainer, so that
retrieval and routing by similarity work without a network. It was trained on generated texts and on the articles that ship in
data/library, and knows everyday words for what these are about: for other texts of the open world take a published encoder,
which is one parameter away.

BERT's architecture (${config.layers} ${
    config.layers === 1 ? "layer" : "layers"
  }, hidden size ${config.hiddenSize}, ${config.heads} heads), a byte-level BPE vocabulary of
${config.vocabSize} tokens without capitals and accents, mean pooling, embeddings of length 1 that are compared by cosine. It reads
${settings.maxTokens} tokens of a text, and needs no prefix. transformers and sentence-transformers load this folder as it is; BertModel's
pooler, which embeddings do not use, holds zeros.

## Data

Pairs of a query and its passage from \`lib/data/retrieval_pairs\` (seed ${recipe.seed}): questions, titles, keywords and stretches of text for
short articles about invented things; questions and paraphrases about generated worlds; questions in lay words to synthetic
medical passages, and to search queries in standard terms; mathematical terms and word problems; questions to descriptions
of their topic and to other questions about it. The medical texts are synthetic and not medical advice. Names are coined anew
for each pair, so that matching unknown names is learned as a skill.

And pairs from the articles of data/library, medicine and mathematics: an article's sentence with words left out and others said
in everyday words, for the passage it stands in; what people say who mean its subject and do not use its name, for its passages;
queries for others of their topic; and words for words of the same meaning. The library's labelled questions are held out: a test
makes sure that no query of these has six words in a row of one of them, unless an article has them too.

## Training

| | |
| --- | --- |
| loss | InfoNCE with in-batch negatives${
    recipe.symmetric ? ", symmetric" : ""
  }, and hard negatives of a similar name; temperature ${recipe.temperature} |
| batch | ${recipe.batchSize} pairs, most batches of one sort of pairs |
| steps | ${rows.length} |
| tokens seen | ${(rows.at(-1)!.num_tokens / 1e6).toFixed(1)} million |
| optimizer | AdamW, learning rate ${recipe.learningRate}, cosine schedule with warm-up, weight decay ${recipe.weightDecay} |
| loss and in-batch accuracy, mean of the last 50 steps | ${mean("loss").toFixed(3)}, ${
    (100 * mean("accuracy")).toFixed(1)
  }% |
| time | ${formatSeconds(seconds)} on ${navigator.hardwareConcurrency} CPU cores |

![loss](loss.svg)

## Results

Recall on held-out pairs, each sort in a pool of ${
    POOL.toLocaleString("en")
  } passages of its own, next to BM25 on the same texts.
Where pairs have a topic (an illness, a term, a route), any passage of the topic is right.
The last seven sorts are of the library's articles, which training has seen: there only the queries are held out. \`deno task
eval-retrieval\` measures the library's labelled questions.

${resultTable(results)}
`;
}
