/**
 * Answers that rest on numbered evidence, with citations and exact quotes, or a fixed sentence where the evidence does not
 * answer. The evidence is about generated worlds and about illnesses, real and invented (synthetic, not medical advice).
 */
import type { Random } from "../../random/mod.ts";
import type { ChatMessage } from "../../tokenizer/mod.ts";
import {
  drawMedicalEvidence,
  drawWorldEvidence,
  type Evidence,
  type EvidencePassage,
  type EvidenceQuestion,
  groundedPrompt,
  groundedQuestion,
  normalizeAnswer,
  NOT_IN_DOCUMENTS,
  parseGroundedAnswer,
  sentenceCase,
  writeGroundedAnswer,
} from "../multi_hop/mod.ts";
import {
  type Corpus,
  type CorpusOptions,
  drawInSplit,
  type Drawn,
  type GeneratedExample,
  type GradedCase,
} from "./corpus.ts";

export { GROUNDED_PROMPT, groundedPrompt, NOT_IN_DOCUMENTS, parseGroundedAnswer } from "../multi_hop/mod.ts";

const LONGEST = 1500;

/** Grounded answers: `right_answer`, `right_citation` and `quote_found`, or `refusal` where nothing answers. */
export const groundedAnswersCorpus: Corpus = {
  name: "grounded_answers",
  exampleAt: (index: number, options: CorpusOptions = {}): GeneratedExample =>
    drawInSplit("grounded_answers", index, options, draw),
};

/** Instances are evidence with its first question. */
function draw(random: Random): Drawn<GeneratedExample> {
  for (;;) {
    const isMedical = random.chance(0.4);
    const evidence = (isMedical ? drawMedicalEvidence : drawWorldEvidence)(random, random.integer(2, 4));
    const questions = fitting(evidence);
    if (questions.length === 0) continue;
    const instance = [...evidence.passages.map(({ title }) => title), questions[0].question].join("|");
    return { instance, value: exampleOf(evidence.passages, questions, isMedical ? "medical" : "world") };
  }
}

/** As many of the questions as a short chat takes. */
function fitting({ passages, questions }: Evidence): EvidenceQuestion[] {
  let length = groundedPrompt("", passages).reduce((sum, { content }) => sum + String(content).length, 0);
  return questions.filter((question) => {
    length += groundedQuestion(question.question).length + answerText(passages, question).length;
    return length <= LONGEST;
  });
}

function exampleOf(
  passages: readonly EvidencePassage[],
  questions: readonly EvidenceQuestion[],
  about: string,
): GeneratedExample {
  const messages: ChatMessage[] = [];
  const cases: GradedCase[] = [];
  for (const question of questions) {
    if (messages.length === 0) messages.push(...groundedPrompt(question.question, passages));
    else messages.push({ role: "user", content: groundedQuestion(question.question) });
    const reference = answerText(passages, question);
    cases.push({
      messages: groundedPrompt(question.question, passages),
      reference,
      grade: (reply) => gradeAnswer(reply, passages, question),
    });
    messages.push({ role: "assistant", content: reference });
  }
  return {
    kind: `${about}, ${questions.length} ${questions.length === 1 ? "question" : "questions"}`,
    messages,
    cases,
  };
}

/** A right answer. */
function answerText(passages: readonly EvidencePassage[], { statements, verdict }: EvidenceQuestion): string {
  if (statements.length === 0) return NOT_IN_DOCUMENTS;
  const cited = statements.map(({ passage, text }) => text.replace(/\.$/, ` [${passage + 1}].`));
  const quotes = statements.map(({ passage, sentence }) => ({
    passage: passage + 1,
    words: passages[passage].sentences[sentence],
  }));
  return writeGroundedAnswer(sentenceCase([...cited, verdict].join(" ").trim()), quotes);
}

function gradeAnswer(
  reply: string,
  passages: readonly EvidencePassage[],
  { statements, answers, decoys }: EvidenceQuestion,
): Record<string, number> {
  if (statements.length === 0) return { refusal: reply === NOT_IN_DOCUMENTS ? 1 : 0 };
  const parsed = parseGroundedAnswer(reply);
  if ("problem" in parsed) return { right_answer: 0, right_citation: 0, quote_found: 0 };
  const { text, citations, quotes } = parsed.answer;
  const words = ` ${normalizeAnswer(text.replace(/\[\d+\]/g, ""))} `;
  const names = (value: string) => words.includes(` ${normalizeAnswer(value)} `);
  const supporting = statements.map(({ passage }) => passage + 1).sort();
  const isSupporting = (numbers: readonly number[]) =>
    String(numbers.toSorted((one, other) => one - other)) === String(supporting);
  const isFound = quotes.length > 0 &&
    quotes.every(({ passage, words }) =>
      words.trim().split(/\s+/).length >= 3 &&
      statements.some((statement) =>
        statement.passage === passage - 1 && passages[statement.passage].sentences[statement.sentence].includes(words)
      )
    );
  return {
    right_answer: answers.every(names) && !decoys.some(names) ? 1 : 0,
    right_citation: isSupporting(citations) && isSupporting(quotes.map(({ passage }) => passage)) ? 1 : 0,
    quote_found: isFound ? 1 : 0,
  };
}
