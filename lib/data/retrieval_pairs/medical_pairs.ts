/** Questions to short passages about illnesses. Synthetic, not medical advice. */
import type { Random } from "../../random/mod.ts";
import { type CorpusOptions, drawInSplit } from "../corpora/corpus.ts";
import { capitalised, type Condition, CONDITIONS, joinWords, withArticle } from "../medical/mod.ts";
import type { PairSource } from "./pair.ts";

/** What a passage may say of a condition, and how people ask for it. */
interface Aspect {
  name: string;
  says(condition: Condition, random: Random): string;
  asks(condition: Condition, random: Random): string;
}

const symptomText = (condition: Condition, random: Random, count: number, termShare: number) =>
  random.sample(condition.symptoms, count).map(({ lay, term }) => term && random.chance(termShare) ? term : lay);

/** Its usual name or an everyday one. */
const called = ({ name, lay }: Condition, random: Random) => lay && random.chance(0.5) ? lay : name;

const ASPECTS: readonly Aspect[] = [
  {
    name: "symptoms",
    says: (condition, random) => {
      const signs = joinWords(symptomText(condition, random, 3, 0.7));
      return random.pick([
        `Typical signs are ${signs}.`,
        `People with it often have ${signs}.`,
        `It shows itself by ${signs}.`,
      ]);
    },
    asks: (condition, random) => {
      const signs = joinWords(symptomText(condition, random, random.integer(1, 3), 0.1));
      const name = called(condition, random);
      return random.pick([
        `I have had ${signs}. What could it be?`,
        `What causes ${signs}?`,
        `Which illness brings ${signs}?`,
        `${signs}`,
        `symptoms of ${name}`,
        `What are the signs of ${name}?`,
      ]);
    },
  },
  {
    name: "test",
    says: ({ test, finding }, random) =>
      random.pick([
        `${capitalised(withArticle(test))} confirms it and shows ${finding}.`,
        `It is confirmed by a test: the ${test} shows ${finding}.`,
      ]),
    asks: (condition, random) => {
      const name = called(condition, random);
      return random.pick([
        `Which test confirms ${name}?`,
        `How is ${name} diagnosed?`,
        `How do doctors find out about ${name}?`,
        `What does ${condition.finding} mean?`,
        `diagnosis of ${name}`,
      ]);
    },
  },
  {
    name: "treatment",
    says: ({ treatment: { name, because } }, random) =>
      random.pick([
        `The first treatment is ${name}, because ${because}.`,
        `It is treated with ${name}: ${because}.`,
        `Doctors begin with ${name}, since ${because}.`,
      ]),
    asks: (condition, random) => {
      const name = called(condition, random);
      return random.pick([
        `How is ${name} treated?`,
        `What helps against ${name}?`,
        `What is the first medicine for ${name}?`,
        `What is ${condition.treatment.name} used for?`,
        `Which drug is given first in ${name}?`,
        `treatment of ${name}`,
      ]);
    },
  },
  {
    name: "avoid",
    says: ({ avoid: { name, because, who } }, random) => {
      const whom = who === undefined ? "" : ` to somebody who ${who}`;
      return random.pick([
        `${capitalised(name)} must not be given${whom}, because ${because}.`,
        `Do not give ${name}${whom}: ${because}.`,
      ]);
    },
    asks: (condition, random) => {
      const name = called(condition, random);
      return random.pick([
        `What must not be given in ${name}?`,
        `Which medicine should be avoided with ${name}?`,
        `Is ${condition.avoid.name} safe with ${name}?`,
        `May I take ${condition.avoid.name} if I have ${name}?`,
        `${name} contraindications`,
      ]);
    },
  },
  {
    name: "warning",
    says: ({ warning }, random) =>
      random.pick([
        `${capitalised(warning)} is a warning sign that needs care at once.`,
        `Call for help at once when there is ${warning}.`,
      ]),
    asks: (condition, random) => {
      const name = called(condition, random);
      return random.pick([
        `When is ${name} an emergency?`,
        `Which warning sign of ${name} needs help at once?`,
        `I have ${name} and now ${condition.warning}. What should I do?`,
        `danger signs ${name}`,
      ]);
    },
  },
  {
    name: "self care",
    says: ({ selfCare }, random) =>
      random.pick([`What helps at home: ${selfCare}.`, `You can do this yourself: ${selfCare}.`]),
    asks: (condition, random) => {
      const name = called(condition, random);
      return random.pick([
        `What can I do myself against ${name}?`,
        `What helps at home with ${name}?`,
        `How should I live with ${name}?`,
        `self care ${name}`,
      ]);
    },
  },
];

/** Questions in everyday words to passages in standard ones. */
export const medicalQuestions: PairSource = {
  kind: "medical questions",
  weight: 2,
  pairAt: (index, options: CorpusOptions = {}) =>
    drawInSplit("retrieval medical", index, options, (random) => {
      const condition = random.pick(CONDITIONS);
      const [aspect, ...others] = random.shuffle(ASPECTS);
      const query = aspect.asks(condition, random);
      const along = others.slice(0, random.integer(0, 2));
      const passage = passageOf(condition, random.shuffle([aspect, ...along]), random);
      const wrong = passageOf(condition, others.slice(along.length, along.length + 2), random);
      return {
        instance: `${condition.name}:${query}`,
        value: { query, passage, topic: condition.name, negatives: random.chance(0.4) ? [wrong] : [] },
      };
    }),
};

/** A passage about some aspects. It names the illness, and its everyday name now and then. */
function passageOf(condition: Condition, aspects: readonly Aspect[], random: Random): string {
  const { name, lay, system, ages } = condition;
  const also = lay && random.chance(0.6) ? `, also called ${lay},` : "";
  const opening = random.pick([
    `${capitalised(name)}${also} is an illness of the ${system}.`,
    `${capitalised(name)}${also} mostly comes between ${ages[0]} and ${ages[1]} years of age.`,
    `This is about ${name}${also.replace(/,$/, "")}.`,
  ]);
  const title = random.chance(0.4) ? `${capitalised(name)}. ` : "";
  return `${title}${[opening, ...aspects.map((aspect) => aspect.says(condition, random))].join(" ")}`;
}
