import type { Template } from "./problem_builder.ts";
import { CONTAINERS, FIELDS, FOODS, GETS, GOODS, HABITS, LOSES, PLANTS, THINGS } from "./vocabulary.ts";

/** Stories that two calculations answer. */
export const TWO_STEPS: readonly Template[] = [
  {
    name: "gets and loses",
    steps: 2,
    write(p) {
      const [who, things, has, more, loses] = [p.person(), p.pick(THINGS), p.amount(), p.amount(), p.amount()];
      p.ask(
        `${who.name} has ${has} ${things}. ${who.He} ${p.pick(GETS)} ${more} more and then ${
          p.pick(LOSES)
        } ${loses}. ` +
          `How many ${things} does ${who.name} have now?`,
      );
      const all = p.add(`First ${who.name} has`, has, more, things);
      p.subtract(`Then ${who.he} has`, all, loses, things);
    },
  },
  {
    name: "gives to two friends",
    steps: 2,
    write(p) {
      const [[who, one, other], things] = [p.people(3), p.pick(THINGS)];
      const [first, second, left] = [p.amount(), p.amount(), p.amount()];
      const has = first + second + left;
      p.ask(
        `${who.name} has ${has} ${things}. ${who.He} gives ${first} to ${one.name} and ${second} to ${other.name}. ` +
          `How many ${things} are left?`,
      );
      const rest = p.subtract(`After ${one.name} there are`, has, first, things);
      p.subtract(`After ${other.name} there are`, rest, second, things);
    },
  },
  {
    name: "change from several",
    steps: 2,
    write(p) {
      const [who, things, count, price, left] = [p.person(), p.pick(THINGS), p.factor(), p.factor(), p.amount()];
      p.ask(
        `${who.name} has ${
          count * price + left
        } dollars. ${who.He} buys ${count} ${things} for ${price} dollars each. ` +
          `How many dollars are left?`,
      );
      const cost = p.multiply(`The ${things} cost`, count, price, "dollars");
      p.subtract(`${who.name} has`, count * price + left, cost, "dollars left");
    },
  },
  {
    name: "several and one",
    steps: 2,
    write(p) {
      const [who, things, good] = [p.person(), p.pick(THINGS), p.pick(GOODS)];
      const [count, price, other] = [p.factor(), p.factor(), p.amount()];
      p.ask(
        `${who.name} buys ${count} ${things} for ${price} dollars each and a ${good} for ${other} dollars. ` +
          `How many dollars does ${who.he} pay?`,
      );
      const cost = p.multiply(`The ${things} cost`, count, price, "dollars");
      p.add(`${who.name} pays`, cost, other, "dollars");
    },
  },
  {
    name: "twice as many",
    steps: 2,
    write(p) {
      const [[one, other], things, has] = [p.people(2), p.pick(THINGS), p.amount()];
      p.ask(
        `${one.name} has ${has} ${things}. ${other.name} has twice as many ${things}. How many ${things} do they have together?`,
      );
      const twice = p.multiply(`${other.name} has`, has, 2, things);
      p.add("Together they have", has, twice, things);
    },
  },
  {
    name: "half away, then more",
    steps: 2,
    write(p) {
      const [who, things, half, more] = [p.person(), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${who.name} has ${half * 2} ${things} and gives half of them away. Then ${who.he} ${
          p.pick(GETS)
        } ${more} more. ` +
          `How many ${things} does ${who.he} have now?`,
      );
      const left = p.divide(`${who.name} keeps`, half * 2, 2, things);
      p.add(`Now ${who.he} has`, left, more, things);
    },
  },
  {
    name: "more than the other",
    steps: 2,
    write(p) {
      const [[one, other], things, has, more] = [p.people(2), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${one.name} has ${has} ${things}. ${other.name} has ${more} more than ${one.name}. How many ${things} do they have together?`,
      );
      const others = p.add(`${other.name} has`, has, more, things);
      p.add("Together they have", has, others, things);
    },
  },
  {
    name: "fewer than the other",
    steps: 2,
    write(p) {
      const [[one, other], things, fewer, has] = [p.people(2), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${one.name} has ${fewer + has} ${things}. ${other.name} has ${fewer} fewer than ${one.name}. ` +
          `How many ${things} do they have together?`,
      );
      const others = p.subtract(`${other.name} has`, fewer + has, fewer, things);
      p.add("Together they have", fewer + has, others, things);
    },
  },
  {
    name: "containers and loose ones",
    steps: 2,
    write(p) {
      const [box, things, boxes, each, loose] = [
        p.pick(CONTAINERS),
        p.pick(THINGS),
        p.factor(),
        p.factor(),
        p.amount(),
      ];
      p.ask(
        `There are ${boxes} ${box.many} with ${each} ${things} in each ${box.one}, and ${loose} ${things} on the table. ` +
          `How many ${things} are there in all?`,
      );
      const packed = p.multiply(`The ${box.many} hold`, boxes, each, things);
      p.add("In all there are", packed, loose, things);
    },
  },
  {
    name: "eaten",
    steps: 2,
    write(p) {
      const [who, foods, trays, each, eaten] = [p.person(), p.pick(FOODS), p.factor(), p.factor(), p.amount()];
      p.ask(
        `${who.name} fills ${trays} plates with ${each} ${foods} each. Friends eat ${eaten} of the ${foods}. How many ${foods} are left?`,
      );
      const all = p.multiply("The plates hold", trays, each, foods);
      p.subtract("After eating there are", all, eaten, foods);
    },
  },
  {
    name: "puts together and packs",
    steps: 2,
    write(p) {
      const [[one, other], box, things] = [p.people(2), p.pick(CONTAINERS), p.pick(THINGS)];
      const [boxes, each, first] = [p.factor(), p.factor(), p.amount()];
      p.ask(
        `${one.name} has ${first} ${things} and ${other.name} has ${boxes * each - first}. ` +
          `They put them all into ${boxes} ${box.many} equally. How many ${things} are in each ${box.one}?`,
      );
      const all = p.add("They have", first, boxes * each - first, things);
      p.divide(`Each ${box.one} has`, all, boxes, things);
    },
  },
  {
    name: "earns and spends",
    steps: 2,
    write(p) {
      const [who, good, wage, hours, spent] = [p.person(), p.pick(GOODS), p.factor(), p.factor(), p.amount()];
      p.ask(
        `${who.name} works ${hours} hours for ${wage} dollars an hour and spends ${spent} dollars on a ${good}. ` +
          `How many dollars are left?`,
      );
      const earned = p.multiply(`${who.name} earns`, hours, wage, "dollars");
      p.subtract(`${who.He} has`, earned, spent, "dollars left");
    },
  },
  {
    name: "morning and night",
    steps: 2,
    write(p) {
      const [who, habit, morning, night, days] = [p.person(), p.pick(HABITS), p.factor(), p.factor(), p.factor()];
      p.ask(
        `Every day ${who.name} ${habit.does} ${morning} ${habit.what} in the morning and ${night} at night. ` +
          `How many ${habit.what} is that in ${days} days?`,
      );
      const each = p.add(`In a day ${who.name} ${habit.does}`, morning, night, habit.what);
      p.multiply(`In ${days} days ${who.he} ${habit.does}`, each, days, habit.what);
    },
  },
  {
    name: "bus stop",
    steps: 2,
    write(p) {
      const [off, stay, on] = [p.amount(), p.amount(), p.amount()];
      p.ask(
        `A bus has ${
          off + stay
        } people. At a stop ${off} people get off and ${on} people get on. How many people are on the bus now?`,
      );
      const left = p.subtract("The bus keeps", off + stay, off, "people");
      p.add("Now the bus has", left, on, "people");
    },
  },
  {
    name: "rest of a book",
    steps: 2,
    write(p) {
      const [who, done, each, days] = [p.person(), p.amount(), p.factor(), p.factor()];
      const pages = done + each * days;
      p.ask(
        `${who.name} has a book of ${pages} pages and has read ${done}. Now ${who.he} reads ${each} pages a day. ` +
          `How many days does the rest take?`,
      );
      const rest = p.subtract("The rest has", pages, done, "pages");
      p.divide("It takes", rest, each, "days");
    },
  },
  {
    name: "saves up",
    steps: 2,
    write(p) {
      const [who, good, has, each, weeks] = [p.person(), p.pick(GOODS), p.amount(), p.factor(), p.factor()];
      const price = has + each * weeks;
      p.ask(
        `A ${good} costs ${price} dollars. ${who.name} has ${has} dollars and saves ${each} dollars a week. ` +
          `In how many weeks can ${who.he} buy it?`,
      );
      const missing = p.subtract(`${who.name} needs`, price, has, "dollars");
      p.divide("It takes", missing, each, "weeks");
    },
  },
  {
    name: "teams",
    steps: 2,
    write(p) {
      const [teams, each, boys] = [p.factor(), p.factor(), p.amount()];
      p.ask(
        `A class has ${boys} boys and ${
          teams * each - boys
        } girls. They make teams of ${each}. How many teams are there?`,
      );
      const children = p.add("The class has", boys, teams * each - boys, "children");
      p.divide("They make", children, each, "teams");
    },
  },
  {
    name: "two games",
    steps: 2,
    write(p) {
      const [who, first, more] = [p.person(), p.amount(), p.amount()];
      p.ask(
        `${who.name} scores ${first} points in the first game and ${more} more than that in the second. ` +
          `How many points does ${who.he} score in both games?`,
      );
      const second = p.add(`In the second ${who.he} scores`, first, more, "points");
      p.add(`In both ${who.he} scores`, first, second, "points");
    },
  },
  {
    name: "older friend to come",
    steps: 2,
    write(p) {
      const [[one, other], age, older, years] = [p.people(2), p.amount(), p.amount(), p.amount()];
      p.ask(
        `${one.name} is ${age} years old. ${other.name} is ${older} years older. How old will ${other.name} be in ${years} years?`,
      );
      const now = p.add(`${other.name} is`, age, older, "years old");
      p.add(`Then ${other.he} will be`, now, years, "years old");
    },
  },
  {
    name: "rope",
    steps: 2,
    write(p) {
      const [who, off, pieces, each] = [p.person(), p.amount(), p.factor(), p.factor()];
      const long = off + pieces * each;
      p.ask(
        `A rope is ${long} feet long. ${who.name} cuts off ${off} feet and cuts the rest into ${pieces} equal pieces. ` +
          `How many feet long is each piece?`,
      );
      const rest = p.subtract("The rest is", long, off, "feet long");
      p.divide("Each piece is", rest, pieces, "feet long");
    },
  },
  {
    name: "sells milk",
    steps: 2,
    write(p) {
      const [who, cows, each, price] = [p.person(), p.factor(), p.few(), p.factor()];
      p.ask(
        `${who.name} has ${cows} cows. Each cow gives ${each} cans of milk a day. ${who.He} sells a can for ${price} dollars. ` +
          `How many dollars is that a day?`,
      );
      const cans = p.multiply("The cows give", cows, each, "cans");
      p.multiply(`${who.name} gets`, cans, price, "dollars");
    },
  },
  {
    name: "collects and shares",
    steps: 2,
    write(p) {
      const [who, things, days, each, friends] = [p.person(), p.pick(THINGS), p.factor(), p.factor(), p.factor()];
      p.ask(
        `${who.name} finds ${each} ${things} a day for ${days} days and shares them equally among ${friends} friends. ` +
          `How many ${things} does each friend get?`,
      );
      const all = p.multiply(`${who.name} finds`, days, each, things);
      p.divide("Each friend gets", all, friends, things);
    },
  },
  {
    name: "new plants",
    steps: 2,
    write(p) {
      const [field, plants, rows, each, dead] = [p.pick(FIELDS), p.pick(PLANTS), p.factor(), p.factor(), p.amount()];
      p.ask(
        `A ${field} had ${rows} rows of ${each} ${plants}, but ${dead} ${plants} died. How many ${plants} are left?`,
      );
      const all = p.multiply(`The ${field} had`, rows, each, plants);
      p.subtract("Now it has", all, dead, plants);
    },
  },
];
