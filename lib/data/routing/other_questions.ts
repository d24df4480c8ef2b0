import type { Random } from "../../random/mod.ts";
import { cityName, cityNames, firstName, inventedName } from "../tool_requests/names.ts";
import { weatherRequest } from "../tool_requests/weather_requests.ts";
import { drawRequest } from "../tool_requests/request.ts";
import { OTHER_REQUESTS } from "../tool_requests/other_tools.ts";
import { type DrawQuestion, drawWording } from "./question.ts";

/**
 * All the rest. A good part of it looks like the two other routes and is not: numbers that nobody calculates with, hearts and
 * doctors in stories.
 */
export const OTHER_QUESTIONS: readonly DrawQuestion[] = [
  (random) => drawWording(random, "travel", travel(random)),
  (random) => drawWording(random, "kitchen", kitchen(random)),
  (random) => drawWording(random, "history", history(random)),
  (random) => drawWording(random, "music and books", musicAndBooks(random)),
  (random) => drawWording(random, "small talk", smallTalk(random)),
  (random) => drawWording(random, "code", code(random)),
  (random) => drawWording(random, "shopping", shopping(random)),
  (random) => drawWording(random, "sports", sports(random)),
  (random) => drawWording(random, "with numbers", withNumbers(random)),
  (random) => drawWording(random, "sounds medical", soundsMedical(random)),
  (random) => drawWording(random, "sounds medical", soundsMedical(random)),
  (random, split) => {
    // Conversions of money are calculations to some, so they are left out.
    const family = random.pick([weatherRequest, weatherRequest, ...OTHER_REQUESTS.slice(1)]);
    const { question, instance } = drawRequest(random, family, split);
    return { question, instance, split };
  },
];

function travel(random: Random): string[] {
  const [from, to] = cityNames(random, 2);
  const days = random.integer(2, 20);
  return [
    `What can I see in ${to}?`,
    `Which train goes from ${from} to ${to}?`,
    `I stay in ${to} for ${days} days. What should I visit?`,
    `Do I need a visa for ${to}?`,
    `Which hotel in ${to} is quiet?`,
    `What is the best month for a trip to ${to}?`,
    `Is the beach of ${to} nice?`,
    `How do I get from the airport of ${from} to the station?`,
    `What do people in ${to} eat for breakfast?`,
    `Which language do they speak in ${to}?`,
    `Can you plan a weekend in ${to} for ${days} friends?`,
  ];
}

function kitchen(random: Random): string[] {
  const dish = random.pick(["pancakes", "tomato soup", "bread", "noodles", "rice", "apple pie", "fish", "dumplings"]);
  const thing = random.pick(["eggs", "potatoes", "beans", "mushrooms", "onions", "carrots", "lemons"]);
  const people = random.integer(2, 12);
  return [
    `How do I make ${dish}?`,
    `Give me a recipe for ${dish} with ${thing}.`,
    `What can I cook for ${people} people with ${thing}?`,
    `How long do ${thing} have to boil for ${dish}?`,
    `Which wine goes with ${dish}?`,
    `My ${dish} always burns. What am I doing wrong?`,
    `How do I keep ${thing} fresh for ${people} days?`,
    `Can I freeze ${dish} with ${thing}?`,
    `What do I serve after ${dish}?`,
  ];
}

function history(random: Random): string[] {
  const [city, year] = [cityName(random), random.integer(1100, 1990)];
  const king = `${random.pick(["King", "Queen", "Emperor", "General"])} ${inventedName(random)}`;
  return [
    `What happened in ${city} in ${year}?`,
    `Who was ${king}?`,
    `Why did ${king} leave ${city} in ${year}?`,
    `When did the war of ${city} end?`,
    `How many ships did ${king} have in ${year}?`,
    `How many people lived in ${city} in ${year}?`,
    `How old is the bridge of ${city}?`,
    `Who built the tower of ${city}?`,
    `Which century was the best for ${city}?`,
    `How many wives had ${king}?`,
    `What did ${king} do with ${year} soldiers?`,
  ];
}

function musicAndBooks(random: Random): string[] {
  const person = `${firstName(random)} ${inventedName(random)}`;
  const [title, year] = [`The ${random.pick(ADJECTIVES)} ${random.pick(NOUNS)}`, random.integer(1900, 2020)];
  return [
    `Who wrote "${title}"?`,
    `Who sings "${title}"?`,
    `What is the film "${title}" about?`,
    `How many songs has ${person} written?`,
    `Which instrument does ${person} play?`,
    `Is the book "${title}" by ${person} good?`,
    `Which film by ${person} won a prize in ${year}?`,
    `How does the story "${title}" end?`,
    `Write a short poem about "${title}".`,
    `How many pages has "${title}" by ${person}?`,
  ];
}

const ADJECTIVES = [
  "Last",
  "Golden",
  "Silent",
  "Lost",
  "Broken",
  "Blue",
  "Long",
  "Hidden",
  "Sick",
  "Divided",
  "Second",
];
const NOUNS = ["Garden", "Heart", "Doctor", "River", "Number", "Winter", "Letter", "Nurse", "Circle", "Road", "Fever"];

function smallTalk(random: Random): string[] {
  const [name, city] = [firstName(random), cityName(random)];
  const thing = random.pick([
    "my new garden",
    "the long winter",
    "an old friend",
    "my cat",
    "our holiday",
    "the party",
  ]);
  return [
    `Hello, I am ${name}. How are you?`,
    `Good morning! ${name} from ${city} here.`,
    `Do you like ${city}?`,
    `Tell me a joke about ${city}.`,
    `What shall I give ${name} as a present?`,
    `I want to tell you about ${thing}, ${name} loved it.`,
    `What do you think of ${thing}, my dear ${name}?`,
    `Thank you, that was nice of you. Greetings from ${name}.`,
    `Can you write a letter to ${name} about ${thing}?`,
    `What is a good name for the dog of ${name}?`,
    `My name is ${name}. Do you remember me?`,
    `What would you say to ${name}, who lives in ${city}?`,
  ];
}

function code(random: Random): string[] {
  const language = random.pick(["Python", "Rust", "TypeScript", "Java", "Go", "SQL", "C"]);
  const name = inventedName(random).toLowerCase();
  const count = random.integer(2, 99);
  return [
    `How do I read a file in ${language} with ${name}?`,
    `Write a ${language} program that sorts ${count} names.`,
    `My ${language} program ${name} stops with error ${count}. Why?`,
    `What is the difference between a list and a map in ${language}?`,
    `How do I install ${name} for ${language}?`,
    `Explain line ${count} of my ${language} code.`,
    `How do I test the function ${name} in ${language}?`,
    `The computer has a virus called ${name}. How do I remove it?`,
    `Which version of ${language} does ${name} need?`,
  ];
}

function shopping(random: Random): string[] {
  const [shop, price] = [inventedName(random), random.integer(10, 900)];
  const goods = random.pick(["shoes", "a lamp", "a bicycle", "a phone", "a coat", "a sofa", "headphones", "a tent"]);
  return [
    `Where can I buy ${goods} for less than ${price} euros?`,
    `When does the shop ${shop} close?`,
    `I want to return ${goods} to ${shop}. How does that work?`,
    `Is ${shop} a good brand for ${goods}?`,
    `Which size of ${goods} do I need from ${shop}?`,
    `Has my order ${price}${random.integer(10, 99)} from ${shop} been sent?`,
    `Can I pay with a card at ${shop}?`,
    `Find me ${goods} in blue, please, at ${shop}.`,
  ];
}

function sports(random: Random): string[] {
  const [team, other] = cityNames(random, 2);
  const [player, year] = [inventedName(random), random.integer(1930, 2024)];
  return [
    `Who won the match of ${team} against ${other}?`,
    `When does ${team} play next?`,
    `How many goals did ${player} score for ${team} in ${year}?`,
    `Who won the world cup in ${year}?`,
    `What are the rules of ${random.pick(["chess", "tennis", "golf", "handball", "cricket"])}?`,
    `How many players of ${team} were there in ${year}?`,
    `Why did ${player} leave ${team}?`,
    `How fast did ${player} run in ${year}?`,
  ];
}

function withNumbers(random: Random): string[] {
  const [number, year, city] = [random.integer(2, 99), random.integer(1800, 2024), cityName(random)];
  const name = firstName(random);
  return [
    `What time does bus ${number} leave for ${city}?`,
    `On which channel is episode ${number} of ${name}?`,
    `What is chapter ${number} of the book by ${name} about?`,
    `Who lives at number ${number} in the main street of ${city}?`,
    `${name} turns ${number} tomorrow. What shall we do?`,
    `How many bridges are there in ${city}?`,
    `How high is the tower of ${city}, and who built it in ${year}?`,
    `Remind me at ${number % 12 + 1} o'clock to call ${name}.`,
    `Which song was number ${number} in ${year}?`,
    `How many letters has the alphabet of ${city}?`,
    `What does the sign ${number} on the road to ${city} mean?`,
    `Book room ${number} for ${name} in ${city}.`,
    `Write a story about ${number} dragons in ${city}.`,
  ];
}

function soundsMedical(random: Random): string[] {
  const [name, city, number] = [inventedName(random), cityName(random), random.integer(2, 60)];
  return [
    `In the novel, Doctor ${name} travels to ${city}. Who wrote it?`,
    `Which street leads to the heart of ${city}?`,
    `My heart beats for the team of ${city}. When do they play?`,
    `Who plays the nurse in the film "${name}"?`,
    `How many seasons has the hospital series "${name}"?`,
    `Which bus goes to the hospital of ${city}?`,
    `How do I become a doctor in ${city}?`,
    `What does a nurse earn in ${city}?`,
    `Doctor ${name} was mayor of ${city} for ${number} years. Tell me about him.`,
    `The song "${name}" breaks my heart. Who wrote it?`,
    `My car from ${city} sounds sick. Which garage is good?`,
    `The head of ${name} wants ${number} reports. How do I write one?`,
    `I am sick of the rain in ${city}. Where is the sun?`,
    `The teacher ${name} has a cold voice. How do I describe it in a story?`,
    `Which painter cut off his ear in ${city}?`,
    `Write a tale about a doctor who finds ${number} coins in ${city}.`,
    `What is the bone structure of the bridge of ${city}?`,
    `My phone died in ${city}. Can it be saved?`,
    `A pain in the neck: our neighbour ${name}. How do we get on with him?`,
    `Where is the eye of the storm over ${city}?`,
  ];
}
