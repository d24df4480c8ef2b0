import type { Random } from "../../random/mod.ts";
import type { ToolDefinition } from "../../tokenizer/mod.ts";
import type { Split } from "../corpora/corpus.ts";
import type { AnswerKey } from "./grade.ts";
import { HOUSE_REQUESTS } from "./house_requests.ts";
import { cityName, firstName, inventedName } from "./names.ts";
import { OTHER_REQUESTS } from "./other_tools.ts";
import { isInSplit, pickNumbered } from "./request.ts";
import { abilityOf } from "./tools.ts";

/** Something a user says that no tool is needed for, or none is there for. */
export interface NoToolTurn {
  instance: string;
  question: string;
  reply: string;
  /** What the reply has to state, where that is certain. */
  key?: AnswerKey;
  /** Where in a chat it may stand. Default: anywhere. */
  place?: "first" | "later";
}

type DrawTurn = (random: Random, tools: readonly ToolDefinition[]) => NoToolTurn;

/** Draws one that belongs to the split. `tools` are those on offer; a chat's first turn is no thanks, a later one no hello. */
export function drawNoToolTurn(
  random: Random,
  tools: readonly ToolDefinition[],
  split: Split,
  place: "first" | "later",
): NoToolTurn {
  const offered = tools.map(({ function: { name } }) => name).sort().join(",");
  for (;;) {
    const draw = random.pick(NO_TOOL_TURNS);
    // Sentences without parts are few: with some offers none of them belongs to the held-out ones.
    for (let attempt = 0; attempt < 30; attempt++) {
      const turn = draw(random, tools);
      const fits = turn.place === undefined || turn.place === place;
      if (fits && isInSplit(`${turn.instance}:${offered}`, split)) return turn;
    }
  }
}

/** "Thanks!" and the like, to end a chat. */
export function thanks(random: Random): NoToolTurn {
  const [form, question] = pickNumbered(random, [
    "Thanks!",
    "Thank you.",
    "Thank you, that helped.",
    "Great, thanks a lot!",
    "Perfect, that is all.",
    "Thanks for your help.",
    "Very good. Bye!",
  ]);
  return {
    instance: `thanks:${form}`,
    question,
    reply: random.pick(["You are welcome!", "Glad to help!", "With pleasure!"]),
    place: "later",
  };
}

/** "Hello!" and the like, half of them with a name. */
export function greeting(random: Random): NoToolTurn {
  const [form, hello] = pickNumbered(random, ["Hello!", "Hi there!", "Good morning!", "Good evening!", "Hey!"]);
  if (random.chance(0.4)) {
    return {
      instance: `greeting:${form}`,
      question: hello,
      reply: random.pick(["Hello! How can I help you?", "Hello! What can I do for you?"]),
      place: "first",
    };
  }
  const name = firstName(random);
  return {
    instance: `greeting:${form}:${name}`,
    question: `${hello} ${random.pick([`I am ${name}.`, `My name is ${name}.`])}`,
    reply: random.pick([`Hello ${name}! How can I help you?`, `Hello ${name}! What can I do for you?`]),
    key: { needed: [name] },
    place: "first",
  };
}

/** The tools on offer, in their own words. */
function capabilities(random: Random, tools: readonly ToolDefinition[]): NoToolTurn {
  const [form, question] = pickNumbered(random, [
    "What can you do?",
    "How can you help me?",
    "Which tools do you have?",
    "What are you able to do for me?",
    "Tell me what you can do.",
    "What are your tools for?",
    "What may I ask you?",
    "List the things you can do.",
  ]);
  const abilities = tools.map(abilityOf);
  const list = abilities.length === 1
    ? abilities[0]
    : `${abilities.slice(0, -1).join(", ")} and ${abilities[abilities.length - 1]}`;
  return { instance: `capabilities:${form}`, question, reply: `I can ${list}.`, key: { needed: abilities } };
}

function smallTalk(random: Random): NoToolTurn {
  const [city, name, number] = [cityName(random), inventedName(random), random.integer(2, 90)];
  const [form, [question, reply, part]] = pickNumbered<readonly [string, string, string | number]>(random, [
    ["How are you?", "I am fine, thank you. How can I help you?", ""],
    ["Who are you?", "I am Kiln, a small assistant with some tools.", ""],
    ["Are you a person?", "No, I am a small language model.", ""],
    ["I am bored.", "Then let us find something to do. What do you like?", ""],
    ["Do you like music?", "I cannot hear it, but many people love it.", ""],
    ["Wait a moment, please.", "Of course, take your time.", ""],
    [`My cat is called ${name}.`, `${name} is a nice name for a cat.`, name],
    [`I live in ${city}.`, `${city} must be a nice place to live in.`, city],
    [`I just came back from ${city}.`, `I hope you had a good time in ${city}.`, city],
    [`My sister is ${number} years old today.`, `Happy birthday to your sister! ${number} is a fine age.`, number],
    [`Today I read ${number} pages of a book.`, `${number} pages are a lot. I hope it is a good book.`, number],
    [`I ate ${number} cookies.`, `I hope that the ${number} cookies were good.`, number],
    [`My friend ${name} says hello.`, `Please say hello to ${name} from me.`, name],
    [`We planted ${number} trees in ${city}.`, `How nice! ${number} more trees will make ${city} greener.`, number],
  ]);
  const key = part === "" ? {} : { key: { needed: [String(part)] } };
  return { instance: `small talk:${form}:${part}`, question, reply, ...key };
}

const KNOWLEDGE: readonly (readonly [question: string, reply: string, needed: string])[] = [
  ["What is the capital of France?", "The capital of France is Paris.", "Paris"],
  ["What is the capital of Italy?", "The capital of Italy is Rome.", "Rome"],
  ["What is the capital of Norway?", "The capital of Norway is Oslo.", "Oslo"],
  ["How many days has a week?", "A week has seven days.", "seven"],
  ["How many months has a year?", "A year has twelve months.", "twelve"],
  ["How many legs has a spider?", "A spider has eight legs.", "eight"],
  ["What colour is grass?", "Grass is green.", "green"],
  ["What is the opposite of hot?", "The opposite of hot is cold.", "cold"],
  ["What do bees make?", "Bees make honey.", "honey"],
  ["Which is the largest ocean?", "The largest ocean is the Pacific.", "Pacific"],
  ["Where do fish live?", "Fish live in water.", "water"],
  ["What is ice made of?", "Ice is made of frozen water.", "water"],
  ["Which planet do we live on?", "We live on the Earth.", "Earth"],
  ["What is a baby dog called?", "A baby dog is called a puppy.", "puppy"],
  ["In which season does snow fall?", "Snow falls in winter.", "winter"],
  ["Which animal says meow?", "A cat says meow.", "cat"],
];

function knowledge(random: Random): NoToolTurn {
  const [fact, [question, reply, needed]] = pickNumbered(random, KNOWLEDGE);
  const [form, asked] = pickNumbered(random, [
    question,
    `Tell me: ${question}`,
    `My child asks: ${question}`,
    `${question} You know that, don't you?`,
  ]);
  return { instance: `knowledge:${fact}:${form}`, question: asked, reply, key: { needed: [needed] } };
}

/** A request of a family whose tool is not on offer. */
function otherRequest(random: Random, tools: readonly ToolDefinition[]): NoToolTurn {
  for (;;) {
    const families = random.chance(0.6) ? Object.values(HOUSE_REQUESTS) : OTHER_REQUESTS;
    const { tool, purpose, question, instance } = random.pick(families)(random);
    // Tools of the other families go by several names and are known by what they do.
    const isOffered = tools.some((other) => other.function.name === tool.function.name || isAlike(other, tool));
    if (isOffered) continue;
    return { instance: `no tool:${instance}`, question, ...noToolFor(random, purpose) };
  }
}

/** Whether two tools do the same under different names. */
export function isAlike(one: ToolDefinition, other: ToolDefinition): boolean {
  return one.function.description === other.function.description;
}

/** Something that none of the tools can do at all. */
function impossibleAction(random: Random): NoToolTurn {
  const name = firstName(random);
  const things = ["the light", "the radio", "the heating", "the door", "the window", "the oven", "the fan"];
  const thing = random.pick(things);
  const food = random.pick(["pizza", "soup", "noodles", "salad", "coffee", "cake"]);
  const [form, action] = pickNumbered(random, [
    `order ${food} for ${name}`,
    `turn on ${thing} in the room of ${name}`,
    `print the letter for ${name}`,
    `paint a picture of ${name}`,
    `drive ${name} home`,
    `delete the files of ${name}`,
    `buy shoes for ${name}`,
    `wash the car of ${name}`,
    `sing a song for ${name}`,
    `open ${thing} for ${name}`,
  ]);
  const [style, question] = pickNumbered(random, [
    `Please ${action}.`,
    `Can you ${action}?`,
    `I want you to ${action}.`,
    `Could you ${action} now?`,
  ]);
  return { instance: `impossible:${form}:${style}:${name},${thing},${food}`, question, ...noToolFor(random, action) };
}

function noToolFor(random: Random, purpose: string): Pick<NoToolTurn, "reply" | "key"> {
  return {
    reply: random.pick([
      `Sorry, I have no tool to ${purpose}.`,
      `I cannot do that: I have no tool to ${purpose}.`,
    ]),
    key: { needed: [`no tool to ${purpose}`] },
  };
}

const NO_TOOL_TURNS: readonly DrawTurn[] = [
  greeting,
  thanks,
  capabilities,
  capabilities,
  smallTalk,
  smallTalk,
  knowledge,
  otherRequest,
  otherRequest,
  impossibleAction,
];
