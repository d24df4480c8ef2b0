/**
 * Finding and quoting: numbered passages, and many short questions about which of them says something and in which words. It
 * teaches what citations rest on, in the form that answers have it. The passages are about generated worlds and about illnesses,
 * real and invented (synthetic, not medical advice).
 */
import type { Random } from "../../random/mod.ts";
import {
  drawMedicalEvidence,
  drawWorldEvidence,
  type Evidence,
  evidenceLine,
  type EvidencePassage,
  evidenceQuote,
  inventedName,
} from "../multi_hop/mod.ts";
import { type Corpus, type CorpusOptions, drawInSplit, type Drawn, type GeneratedExample } from "./corpus.ts";
import { type Exchange, exchangesChat } from "./exchanges.ts";

/** What is answered about something that no passage has. */
export const IN_NO_PASSAGE = "None of them.";

/** Characters of a chat. */
const LONGEST = 1500;

/** Finding and quoting: `quoted`, 1 where the reply is exactly what was asked for. */
export const quotingCorpus: Corpus = {
  name: "quoting",
  exampleAt: (index: number, options: CorpusOptions = {}): GeneratedExample =>
    drawInSplit("quoting", index, options, draw),
};

function draw(random: Random): Drawn<GeneratedExample> {
  const isMedical = random.chance(0.5);
  const evidence = (isMedical ? drawMedicalEvidence : drawWorldEvidence)(random, 3);
  const passages = evidence.passages.map((passage, index) => evidenceLine(index + 1, passage)).join("\n") + "\n";
  const exchanges: Exchange[] = [];
  let length = passages.length;
  for (let attempt = 0; attempt < 40 && exchanges.length < 8; attempt++) {
    const exchange = drawExchange(random, evidence);
    if (exchange === null || exchanges.some(({ question }) => question === exchange.question)) continue;
    length += exchange.question.length + exchange.answer.length;
    if (length > LONGEST && exchanges.length > 0) break;
    exchanges.push(exchange);
  }
  const value = exchangesChat(random, exchanges, {
    kind: isMedical ? "medical" : "world",
    before: passages,
    metric: "quoted",
  });
  return { instance: `${passages}|${exchanges[0].question}`, value };
}

/** One question with its answer, or null where this draw has no clear one. */
function drawExchange(random: Random, { passages, questions }: Evidence): Exchange | null {
  const index = random.integer(0, passages.length - 1);
  const passage = passages[index];
  const sentence = random.integer(0, passage.sentences.length - 1);
  const quote = evidenceQuote(index + 1, passage.sentences[sentence]);
  switch (random.weightedIndex([4, 3, 4, 4, 1, 2, 1])) {
    case 0:
      return { question: `Which passage is about ${passage.title}?`, answer: `[${index + 1}]` };
    case 1: {
      const words = clearWords(passages, index, sentence);
      return words === null ? null : { question: `Which passage says "${words}"?`, answer: `[${index + 1}]` };
    }
    case 2: {
      const words = clearWords(passages, index, sentence);
      return words === null ? null : { question: `Quote the sentence with "${words}".`, answer: quote };
    }
    case 3: {
      const statements = questions.flatMap((question) => question.statements);
      if (statements.length === 0) return null;
      const { passage: at, sentence: number, text } = random.pick(statements);
      return {
        question: `Where does it stand? ${text}`,
        answer: evidenceQuote(at + 1, passages[at].sentences[number]),
      };
    }
    case 4:
      return { question: `Quote the sentence ${sentence + 1} of [${index + 1}].`, answer: quote };
    case 5:
      return { question: `What is [${index + 1}] about?`, answer: passage.title };
    default: {
      const absent = inventedName(random, random.pick(["town", "river", "company", "surname"]));
      if (passages.some(({ title, text }) => `${title} ${text}`.includes(absent))) return null;
      return { question: `Which passage is about ${absent}?`, answer: IN_NO_PASSAGE };
    }
  }
}

/** What a sentence says of its passage's thing, when no other sentence and no title has these words. */
function clearWords(passages: readonly EvidencePassage[], index: number, sentence: number): string | null {
  const { value } = passages[index].facts[sentence];
  const own = passages[index].sentences[sentence];
  if (passages.some(({ title }) => title.includes(value))) return null;
  const having = passages.flatMap(({ sentences }) => sentences).filter((other) => other.includes(value));
  return having.length === 1 && having[0] === own ? value : null;
}
