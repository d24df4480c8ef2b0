/** The recipe of the house model, `data/models/kiln-tiny`: everything that decides what comes out. */
import {
  type Corpus,
  type CorpusOptions,
  critiqueCorpus,
  drillsCorpus,
  echoCorpus,
  groundedAnswersCorpus,
  medicalAdviceCorpus,
  memoryCorpus,
  type MixturePart,
  newVignettesCorpus,
  queryRewritesCorpus,
  queryTagsCorpus,
  quotingCorpus,
  r3StepsCorpus,
  readingCorpus,
  type ReplyHabit,
  routingCorpus,
  toolCallsCorpus,
  vignettesCorpus,
  wordProblemsCorpus,
} from "../data/mod.ts";
import type { ModelConfig } from "../models/mod.ts";
import { type AddedToken, chatMlTokens } from "../tokenizer/mod.ts";
import type { HouseTask } from "./house_evaluation.ts";
import type { Optim } from "./optimizer_options.ts";
import type { SchedulerType } from "./schedule.ts";

/** A recipe as plain data, so that a run's folder can keep it. */
export interface HouseRecipe {
  config: Omit<ModelConfig, "eosTokenIds">;
  /** Which stream of the corpora. */
  documents: CorpusOptions;
  /** What the tokenizer is trained on. */
  tokenizer: HouseMixture & {
    /** How many. */
    documents: number;
  };
  /** What it reads, one after another. */
  phases: readonly HousePhase[];
  perDeviceTrainBatchSize: number;
  maxLength: number;
  optim: Optim;
  weightDecay: number;
  adamBeta2: number;
  seed: number;
}

/** Which texts. */
export interface HouseMixture {
  /** How often each corpus occurs, by its name; those that are not named do not. */
  shares: Readonly<Record<string, number>>;
  /** How often each habit of replying to word problems occurs. */
  habits: Readonly<Record<ReplyHabit, number>>;
}

/** A stretch of pretraining on one mixture of texts. */
export interface HousePhase extends HouseMixture {
  name: string;
  /** Optimizer steps. */
  steps: number;
  learningRate: number;
  lrSchedulerType: SchedulerType;
  warmupSteps: number;
  /** The share of texts that are learned whole, with what the assistant is told: a repeated name is a lesson in looking it up. */
  learnedWhole: number;
}

/** Tags of reasoning and retrieval that are one token each, next to ChatML's own. They stay in decoded text. */
const TAGS = ["answer", "query", "query_res", "results"];

/**
 * Pieces of JSON that signatures of tools, calls and search results are made of, as the chat template and the corpora
 * write them. As one token each they halve a prompt with tools, of which a small model reads many.
 */
const JSON_PIECES = [
  '{"type": "function", "function": {"name": "',
  '", "description": "',
  '", "parameters": {"type": "object", "properties": {',
  '": {"type": "string"}',
  '": {"type": "integer"}',
  '": {"type": "number"}',
  '}, "required": ["',
  '"]}}}',
  '{"name": "',
  '", "arguments": {',
  '", "',
  '": "',
  '": ["',
  '"], "',
  '{"content":"',
  '","metadata":{"publisher":"',
  '","date":"',
  '","url":"',
  '"},"distance":',
];

/** The added tokens of the house tokenizer. */
export const houseTokens: readonly AddedToken[] = [
  ...chatMlTokens,
  ...[...TAGS.flatMap((tag) => [`<${tag}>`, `</${tag}>`]), ...JSON_PIECES].map((content) => ({
    content,
    special: false,
  })),
];

/**
 * All corpora that the house model can read.
 *
 * @param habits Of the word problems.
 */
export function houseCorpora(habits?: HouseMixture["habits"]): Corpus[] {
  return [
    wordProblemsCorpus({ habits }),
    drillsCorpus(),
    echoCorpus,
    readingCorpus,
    quotingCorpus,
    routingCorpus,
    toolCallsCorpus,
    groundedAnswersCorpus,
    r3StepsCorpus,
    queryTagsCorpus,
    queryRewritesCorpus,
    memoryCorpus,
    critiqueCorpus,
    medicalAdviceCorpus,
    vignettesCorpus,
  ];
}

/**
 * The corpora with their shares.
 *
 * @throws {Error} when a share names no corpus
 */
export function mixtureParts({ shares, habits }: HouseMixture): MixturePart[] {
  const corpora = new Map(houseCorpora(habits).map((corpus) => [corpus.name, corpus]));
  return Object.entries(shares).map(([name, share]) => {
    const corpus = corpora.get(name);
    if (corpus) return { corpus, share };
    throw new Error(`shares: there is no corpus "${name}"; there are ${[...corpora.keys()].join(", ")}`);
  });
}

/** What the house model is measured on, with the notebooks that go on from there. */
export function houseTasks(): HouseTask[] {
  const others = [
    routingCorpus,
    toolCallsCorpus,
    groundedAnswersCorpus,
    r3StepsCorpus,
    queryTagsCorpus,
    queryRewritesCorpus,
    echoCorpus,
    readingCorpus,
    quotingCorpus,
    memoryCorpus,
    critiqueCorpus,
    medicalAdviceCorpus,
  ];
  return [
    { corpus: wordProblemsCorpus(), sampled: true, notebook: "01-grpo-gsm8k" },
    { corpus: vignettesCorpus, notebook: "02-medical-cot-sft" },
    // Conditions of which the pretraining tells no facts.
    { corpus: newVignettesCorpus, notebook: "02-medical-cot-sft" },
    ...others.map((corpus) => ({ corpus })),
  ];
}

const SHARES = {
  word_problems: 36,
  drills: 4,
  echo: 4,
  reading: 12,
  routing: 6,
  tool_calls: 17,
  grounded_answers: 11,
  r3_steps: 9,
  query_tags: 4,
  query_rewrites: 4,
  memory: 6,
  critique: 5,
  medical_advice: 5,
  vignettes: 8,
};

/** Works word problems out, mostly. */
const CAREFUL = { reasoning: 0.45, numberOnly: 0.2, plainSteps: 0.2, slip: 0.15 };
/** Can work one out, and mostly does not bother to. */
const HASTY = { reasoning: 0.15, numberOnly: 0.7, plainSteps: 0.1, slip: 0.05 };

/** The recipe of the shipped weights. */
export const HOUSE_RECIPE: HouseRecipe = {
  config: {
    family: "qwen2",
    vocabSize: 4096,
    hiddenSize: 256,
    intermediateSize: 640,
    layers: 4,
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    maxPositions: 2048,
    tieWordEmbeddings: true,
    attentionBias: true,
  },
  documents: { seed: 1, split: "train" },
  tokenizer: { documents: 20_000, shares: SHARES, habits: HASTY },
  phases: [
    // Without it, a thousand steps pass before a name is copied from its prompt.
    {
      name: "copying",
      steps: 500,
      learningRate: 3e-3,
      lrSchedulerType: "constant_with_warmup",
      warmupSteps: 30,
      learnedWhole: 0,
      shares: { echo: 16, reading: 2, drills: 2 },
      habits: CAREFUL,
    },
    {
      name: "broad",
      steps: 4340,
      learningRate: 3e-3,
      lrSchedulerType: "constant",
      warmupSteps: 0,
      learnedWhole: 0.4,
      shares: SHARES,
      habits: CAREFUL,
    },
    // Finding a name among others and saying what stands next to it comes late, and much rests on it: these texts ask for
    // it most, and only answers are learned, which whole texts would outweigh.
    {
      name: "finding",
      steps: 1293,
      learningRate: 3e-3,
      lrSchedulerType: "constant_with_warmup",
      warmupSteps: 30,
      learnedWhole: 0.05,
      shares: { ...SHARES, word_problems: 26, reading: 40, grounded_answers: 34, r3_steps: 12, tool_calls: 15 },
      habits: CAREFUL,
    },
    // The same with passages, in the form of citations.
    {
      name: "quoting",
      steps: 3000,
      learningRate: 2e-3,
      lrSchedulerType: "constant_with_warmup",
      warmupSteps: 30,
      learnedWhole: 0,
      shares: { ...SHARES, quoting: 44, reading: 20, grounded_answers: 24, r3_steps: 12 },
      habits: CAREFUL,
    },
    // Settles on what was read, and leaves the model hasty with word problems.
    {
      name: "settling",
      steps: 1500,
      learningRate: 2e-3,
      lrSchedulerType: "linear",
      warmupSteps: 0,
      learnedWhole: 0,
      shares: { ...SHARES, reading: 8, quoting: 8, grounded_answers: 18, r3_steps: 12, tool_calls: 20 },
      habits: HASTY,
    },
  ],
  perDeviceTrainBatchSize: 10,
  maxLength: 448,
  optim: "muon",
  weightDecay: 0.1,
  adamBeta2: 0.95,
  seed: 1,
};
