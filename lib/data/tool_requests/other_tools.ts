/**
 * Tools that agents do not come with, whose names and arguments differ from chat to chat: so that a model learns to read
 * the signatures that it is offered, not seven of them by heart.
 */
import type { Random } from "../../random/mod.ts";
import { cityNames, firstName, inventedName } from "./names.ts";
import { type DrawRequest, pickNumbered, type ToolRequest } from "./request.ts";
import { type ArgumentType, tool } from "./tools.ts";

/** Draws a signature and a request for it. */
type Draft = Omit<ToolRequest, "tool" | "call" | "instance" | "result"> & {
  names: readonly string[];
  description: string;
  /** Alternative names of each argument, its type and its value. */
  given: readonly (readonly [names: readonly string[], type: ArgumentType, value: string | number])[];
  result: Record<string, string | number | boolean>;
  /** Template and parts. */
  instance: string;
};

function finished(random: Random, draft: Draft): ToolRequest {
  const { names, description, given, result, instance, ...rest } = draft;
  const name = random.pick(names);
  const types: Record<string, ArgumentType> = {};
  const values: Record<string, string | number> = {};
  for (const [alternatives, type, value] of given) {
    const argument = random.pick(alternatives);
    types[argument] = type;
    values[argument] = value;
  }
  return {
    ...rest,
    tool: tool(name, description, types),
    instance,
    call: { name, arguments: values },
    result: JSON.stringify(result),
  };
}

const CURRENCIES = [
  ["euros", "EUR"],
  ["dollars", "USD"],
  ["pounds", "GBP"],
  ["yen", "JPY"],
  ["francs", "CHF"],
  ["yuan", "CNY"],
] as const;

function currencyRequest(random: Random): ToolRequest {
  const [[from, source], [to, target]] = random.sample(CURRENCIES, 2);
  const amount = random.integer(2, random.pick([20, 100, 2000]));
  const converted = Math.round(amount * random.uniform(0.2, 4) * 100) / 100;
  const [form, question] = pickNumbered(random, [
    `Convert ${amount} ${from} to ${to}.`,
    `How many ${to} are ${amount} ${from}?`,
    `I have ${amount} ${from}. What is that in ${to}?`,
    `What are ${amount} ${source} in ${target}?`,
  ]);
  return finished(random, {
    names: ["convert_currency", "exchange", "currency_converter", "money_change"],
    description: "Convert money to another currency.",
    given: [
      [["amount", "value"], "number", amount],
      [["from", "source", "from_code"], "string", source],
      [["to", "target", "to_code"], "string", target],
    ],
    instance: `currency:${form}:${amount},${source},${target}`,
    question,
    result: { converted, currency: target },
    answer: random.pick([`${amount} ${from} are ${converted} ${to}.`, `That is ${converted} ${to}.`]),
    key: { needed: [String(converted)] },
    purpose: "convert money",
  });
}

function timerRequest(random: Random): ToolRequest {
  const minutes = random.integer(2, 90);
  const ends = clock(random);
  const [form, question] = pickNumbered(random, [
    `Set a timer for ${minutes} minutes.`,
    `Start a timer of ${minutes} minutes, please.`,
    `The eggs need ${minutes} minutes. Set a timer.`,
    `Tell me when ${minutes} minutes are over.`,
  ]);
  return finished(random, {
    names: ["set_timer", "start_timer", "timer", "countdown"],
    description: "Set a timer.",
    given: [[["minutes", "duration", "length_minutes"], "integer", minutes]],
    instance: `timer:${form}:${minutes}`,
    question,
    result: { ends },
    answer: `The timer for ${minutes} minutes is set. It ends at ${ends}.`,
    key: { needed: [ends] },
    purpose: "set a timer",
  });
}

function tableRequest(random: Random): ToolRequest {
  const [people, time] = [random.integer(2, 12), clock(random)];
  const place = `${inventedName(random)}${random.pick(["", " Inn", " Garden", " House"])}`;
  const code = codeWord(random);
  const booked = random.chance(0.75);
  const [form, question] = pickNumbered(random, [
    `Book a table for ${people} at ${place} at ${time}.`,
    `I want to eat at ${place} at ${time} with ${people} people. Book a table.`,
    `Reserve a table at ${place} for ${people} people at ${time}.`,
  ]);
  return finished(random, {
    names: ["book_table", "reserve_table", "table_booking", "restaurant_booking"],
    description: "Book a table in a restaurant.",
    given: [
      [["restaurant", "place"], "string", place],
      [["people", "guests", "seats"], "integer", people],
      [["time", "at"], "string", time],
    ],
    instance: `table:${form}:${people},${place},${time}`,
    question,
    result: booked ? { booked, code } : { booked, reason: "full" },
    answer: booked
      ? `Your table for ${people} at ${place} is booked for ${time}. The code is ${code}.`
      : `Sorry, ${place} is full at ${time}.`,
    key: booked ? { needed: [code, place] } : { needed: ["full"], forbidden: ["is booked"] },
    purpose: "book a table",
  });
}

const WORDS = ["house", "water", "tree", "bread", "river", "friend", "night", "apple", "school", "sun", "road", "bird"];

function translationRequest(random: Random): ToolRequest {
  const word = random.pick(WORDS);
  // Languages that do not exist: nobody knows the word without asking.
  const language = inventedName(random, ["ish", "ian", "ese"]);
  const translation = inventedName(random).toLowerCase();
  const [form, question] = pickNumbered(random, [
    `What is "${word}" in ${language}?`,
    `Translate "${word}" into ${language}.`,
    `How do you say "${word}" in ${language}?`,
    `I need the ${language} word for "${word}".`,
  ]);
  return finished(random, {
    names: ["translate", "translate_word", "dictionary", "word_lookup"],
    description: "Translate a word.",
    given: [[["word", "text"], "string", word], [["language", "to_language", "into"], "string", language]],
    instance: `translation:${form}:${word},${language}`,
    question,
    result: { translation },
    answer: random.pick([
      `"${word}" is "${translation}" in ${language}.`,
      `The ${language} word for "${word}" is "${translation}".`,
    ]),
    key: { needed: [translation] },
    purpose: "translate words",
  });
}

function songRequest(random: Random): ToolRequest {
  const title = `${random.pick(["Blue", "Silent", "Golden", "Last", "Little", "Red"])} ${
    random.pick(["River", "Train", "Morning", "Star", "Garden", inventedName(random)])
  }`;
  const singer = `${firstName(random)} ${inventedName(random)}`;
  const [form, question] = pickNumbered(random, [
    `Play ${title} by ${singer}.`,
    `I want to hear ${title} by ${singer}.`,
    `Put on the song ${title} by ${singer}, please.`,
  ]);
  return finished(random, {
    names: ["play_song", "play_music", "music_player", "start_song"],
    description: "Play a song.",
    given: [[["title", "song"], "string", title], [["artist", "singer"], "string", singer]],
    instance: `song:${form}:${title},${singer}`,
    question,
    result: { playing: title },
    answer: random.pick([`Now playing ${title} by ${singer}.`, `${title} by ${singer} is playing.`]),
    key: { needed: [title, "playing"] },
    purpose: "play music",
  });
}

const NEWS = [
  "I am late",
  "dinner is ready",
  "the meeting is over",
  "the train has left",
  "I found the keys",
  "the shop is closed",
  "we meet at the station",
  "the book has arrived",
];

function messageRequest(random: Random): ToolRequest {
  const [name, text] = [firstName(random), random.pick(NEWS)];
  const [form, question] = pickNumbered(random, [
    `Tell ${name} that ${text}.`,
    `Send ${name} a message: ${text}.`,
    `Write to ${name} that ${text}.`,
    `Let ${name} know that ${text}.`,
  ]);
  return finished(random, {
    names: ["send_message", "message", "text_someone", "write_message"],
    description: "Send a message to somebody.",
    given: [[["to", "name", "receiver"], "string", name], [["text", "message"], "string", text]],
    instance: `message:${form}:${name},${text}`,
    question,
    result: { sent: true },
    answer: random.pick([`I sent ${name} the message: ${text}.`, `The message to ${name} is sent: ${text}.`]),
    key: { needed: [name, "sent"] },
    purpose: "send messages",
  });
}

function trainRequest(random: Random): ToolRequest {
  const [from, to] = cityNames(random, 2);
  const [departs, platform] = [clock(random), random.integer(1, 24)];
  const [form, question] = pickNumbered(random, [
    `When does the next train from ${from} to ${to} leave?`,
    `I have to go from ${from} to ${to} by train. When is the next one?`,
    `Next train from ${from} to ${to}?`,
  ]);
  return finished(random, {
    names: ["next_train", "train_times", "train_search", "railway"],
    description: "Find the next train.",
    given: [[["from", "start", "origin"], "string", from], [["to", "goal", "destination"], "string", to]],
    instance: `train:${form}:${from},${to}`,
    question,
    result: { departs, platform },
    answer: random.pick([
      `The next train to ${to} leaves at ${departs} from platform ${platform}.`,
      `It leaves ${from} at ${departs} from platform ${platform}.`,
    ]),
    key: { needed: [departs, String(platform)] },
    purpose: "find trains",
  });
}

function stockRequest(random: Random): ToolRequest {
  const [code, count] = [codeWord(random), random.integer(0, 400)];
  const [form, question] = pickNumbered(random, [
    `How many pieces of ${code} do we have?`,
    `How much of item ${code} is in stock?`,
    `Check the stock of ${code}.`,
  ]);
  return finished(random, {
    names: ["check_stock", "stock_level", "inventory", "warehouse"],
    description: "Tell how much of an item is in stock.",
    given: [[["code", "item", "item_code"], "string", code]],
    instance: `stock:${form}:${code}`,
    question,
    result: { in_stock: count },
    answer: random.pick([`There are ${count} pieces of ${code} in stock.`, `We have ${count} of ${code} in stock.`]),
    key: { needed: [String(count), code] },
    purpose: "check the stock",
  });
}

function phoneRequest(random: Random): ToolRequest {
  const person = `${firstName(random)} ${inventedName(random)}`;
  const number = String(random.integer(100000, 999999));
  const [form, question] = pickNumbered(random, [
    `What is the phone number of ${person}?`,
    `I need the number of ${person}.`,
    `How can I call ${person}?`,
  ]);
  return finished(random, {
    names: ["phone_number", "phone_book", "find_contact", "contacts"],
    description: "Find a phone number.",
    given: [[["name", "person"], "string", person]],
    instance: `phone:${form}:${person}`,
    question,
    result: { phone: number },
    answer: random.pick([`The number of ${person} is ${number}.`, `You can call ${person} at ${number}.`]),
    key: { needed: [number] },
    purpose: "find phone numbers",
  });
}

function reminderRequest(random: Random): ToolRequest {
  const time = clock(random);
  const task = `${random.pick(["call", "visit", "write to", "pay", "meet"])} ${firstName(random)}`;
  const [form, question] = pickNumbered(random, [
    `Remind me at ${time} to ${task}.`,
    `Add a reminder for ${time}: ${task}.`,
    `I must not forget to ${task} at ${time}. Remind me.`,
  ]);
  return finished(random, {
    names: ["add_reminder", "remind", "new_reminder", "reminder"],
    description: "Add a reminder.",
    given: [[["task", "text", "what"], "string", task], [["time", "when"], "string", time]],
    instance: `reminder:${form}:${time},${task}`,
    question,
    result: { saved: true },
    answer: random.pick([`I will remind you at ${time} to ${task}.`, `The reminder is saved: ${task} at ${time}.`]),
    key: { needed: [time, task] },
    purpose: "set reminders",
  });
}

/** Such as "18:05". */
function clock(random: Random): string {
  return `${random.integer(10, 22)}:${String(random.integer(0, 11) * 5).padStart(2, "0")}`;
}

/** Such as "KT482". */
function codeWord(random: Random): string {
  const letters = "ABCDEFGHKLMNPRSTVXZ";
  return random.pick(letters) + random.pick(letters) + random.integer(100, 999);
}

/** All of these families. */
export const OTHER_REQUESTS: readonly DrawRequest[] = [
  currencyRequest,
  timerRequest,
  tableRequest,
  translationRequest,
  songRequest,
  messageRequest,
  trainRequest,
  stockRequest,
  phoneRequest,
  reminderRequest,
];
