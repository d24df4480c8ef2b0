import type { Template } from "./problem_builder.ts";
import { CONTAINERS, FOODS, GOODS, HABITS, LOSES, THINGS } from "./vocabulary.ts";

/** Stories that three calculations answer. */
export const THREE_STEPS: readonly Template[] = [
  {
    name: "two kinds of things",
    steps: 3,
    write(p) {
      const [who, [things, others]] = [p.person(), p.several(THINGS, 2)];
      const [count, price, otherCount, otherPrice] = [p.factor(), p.factor(), p.factor(), p.factor()];
      p.ask(
        `${who.name} buys ${count} ${things} for ${price} dollars each and ${otherCount} ${others} for ${otherPrice} dollars each. ` +
          `How many dollars does ${who.he} pay?`,
      );
      const first = p.multiply(`The ${things} cost`, count, price, "dollars");
      const second = p.multiply(`The ${others} cost`, otherCount, otherPrice, "dollars");
      p.add(`${who.name} pays`, first, second, "dollars");
    },
  },
  {
    name: "change from several and one",
    steps: 3,
    write(p) {
      const [who, things, good] = [p.person(), p.pick(THINGS), p.pick(GOODS)];
      const [count, price, other, left] = [p.factor(), p.factor(), p.amount(), p.amount()];
      const has = count * price + other + left;
      p.ask(
        `${who.name} has ${has} dollars. ${who.He} buys ${count} ${things} for ${price} dollars each and a ${good} for ${other} dollars. ` +
          `How many dollars are left?`,
      );
      const several = p.multiply(`The ${things} cost`, count, price, "dollars");
      const cost = p.add("All things cost", several, other, "dollars");
      p.subtract(`${who.name} has`, has, cost, "dollars left");
    },
  },
  {
    name: "chain of friends",
    steps: 3,
    write(p) {
      const [[one, two, three], things, has, more] = [p.people(3), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${one.name} has ${has} ${things}. ${two.name} has twice as many. ${three.name} has ${more} more than ${two.name}. ` +
          `How many ${things} do ${two.name} and ${three.name} have together?`,
      );
      const second = p.multiply(`${two.name} has`, has, 2, things);
      const third = p.add(`${three.name} has`, second, more, things);
      p.add("Together they have", second, third, things);
    },
  },
  {
    name: "two kinds of containers",
    steps: 3,
    write(p) {
      const [[box, bag], things] = [p.several(CONTAINERS, 2), p.pick(THINGS)];
      const [boxes, inBox, bags, inBag] = [p.factor(), p.factor(), p.factor(), p.factor()];
      p.ask(
        `There are ${boxes} ${box.many} of ${inBox} ${things} and ${bags} ${bag.many} of ${inBag} ${things}. ` +
          `How many ${things} are there in all?`,
      );
      const first = p.multiply(`The ${box.many} hold`, boxes, inBox, things);
      const second = p.multiply(`The ${bag.many} hold`, bags, inBag, things);
      p.add("In all there are", first, second, things);
    },
  },
  {
    name: "two bus stops",
    steps: 3,
    write(p) {
      const [off, stay, on, more] = [p.amount(), p.amount(), p.amount(), p.amount()];
      p.ask(
        `A bus has ${off + stay} people. First ${off} people get off and ${on} get on. Then ${more} more get on. ` +
          `How many people are on the bus now?`,
      );
      const left = p.subtract("The bus keeps", off + stay, off, "people");
      const next = p.add("Then the bus has", left, on, "people");
      p.add("Now the bus has", next, more, "people");
    },
  },
  {
    name: "two days of work",
    steps: 3,
    write(p) {
      const [who, wage, monday, tuesday, spent] = [p.person(), p.factor(), p.factor(), p.factor(), p.amount()];
      p.ask(
        `${who.name} earns ${wage} dollars an hour. ${who.He} works ${monday} hours on Monday and ${tuesday} hours on Tuesday, ` +
          `then spends ${spent} dollars. How many dollars are left?`,
      );
      const hours = p.add(`${who.name} works`, monday, tuesday, "hours");
      const earned = p.multiply(`${who.He} earns`, hours, wage, "dollars");
      p.subtract(`${who.He} has`, earned, spent, "dollars left");
    },
  },
  {
    name: "keeps some, packs the rest",
    steps: 3,
    write(p) {
      const [who, foods, box] = [p.person(), p.pick(FOODS), p.pick(CONTAINERS)];
      const [plates, each, inBox] = [p.factor(), p.factor(), p.factor()];
      const kept = (plates * each) % inBox + inBox;
      p.ask(
        `${who.name} has ${plates} plates of ${each} ${foods}. ${who.He} keeps ${kept} and puts the rest into ${box.many} of ${inBox}. ` +
          `How many ${box.many} does ${who.he} fill?`,
      );
      const all = p.multiply(`${who.name} has`, plates, each, foods);
      const rest = p.subtract("The rest is", all, kept, foods);
      p.divide(`${who.He} fills`, rest, inBox, box.many);
    },
  },
  {
    name: "three friends share",
    steps: 3,
    write(p) {
      const [[one, two, three], things, first, second, each] = [
        p.people(3),
        p.pick(THINGS),
        p.amount(),
        p.amount(),
        p.amount(),
      ];
      const third = each * 3 - first - second;
      p.ask(
        `${one.name} has ${first} ${things}, ${two.name} has ${second} and ${three.name} has ${third}. They share them all equally. ` +
          `How many ${things} does each get?`,
      );
      const both = p.add(`${one.name} and ${two.name} have`, first, second, things);
      const all = p.add("Together they have", both, third, things);
      p.divide("Each gets", all, 3, things);
    },
  },
  {
    name: "rest of a book in days",
    steps: 3,
    write(p) {
      const [who, each, days, left, pace] = [p.person(), p.factor(), p.factor(), p.factor(), p.factor()];
      const pages = each * days + left * pace;
      p.ask(
        `A book has ${pages} pages. ${who.name} reads ${each} pages a day for ${days} days. ${who.He} reads the rest in ${left} days. ` +
          `How many pages a day is that?`,
      );
      const read = p.multiply(`First ${who.he} reads`, each, days, "pages");
      const rest = p.subtract("The rest has", pages, read, "pages");
      p.divide(`Then ${who.he} reads`, rest, left, "pages a day");
    },
  },
  {
    name: "legs",
    steps: 3,
    write(p) {
      const [who, cows, hens] = [p.person(), p.factor(), p.factor()];
      p.ask(
        `${who.name} has ${cows} cows with 4 legs each and ${hens} hens with 2 legs each. How many legs do they have in all?`,
      );
      const cowLegs = p.multiply("The cows have", cows, 4, "legs");
      const henLegs = p.multiply("The hens have", hens, 2, "legs");
      p.add("In all they have", cowLegs, henLegs, "legs");
    },
  },
  {
    name: "half away, more, fewer",
    steps: 3,
    write(p) {
      const [[who, friend], things, half, more, fewer] = [
        p.people(2),
        p.pick(THINGS),
        p.amount(),
        p.amount(),
        p.amount(),
      ];
      p.ask(
        `${who.name} has ${half * 2} ${things} and gives half of them to ${friend.name}. ${who.He} gets ${more} more ` +
          `and ${p.pick(LOSES)} ${fewer}. How many ${things} does ${who.he} have now?`,
      );
      const left = p.divide(`${who.name} keeps`, half * 2, 2, things);
      const all = p.add(`Then ${who.he} has`, left, more, things);
      p.subtract(`Now ${who.he} has`, all, fewer, things);
    },
  },
  {
    name: "weeks with a Sunday",
    steps: 3,
    write(p) {
      const [who, habit, each, days, sunday, weeks] = [
        p.person(),
        p.pick(HABITS),
        p.factor(),
        p.few() + 2,
        p.factor(),
        p.few(),
      ];
      p.ask(
        `${who.name} ${habit.does} ${each} ${habit.what} on ${days} days of a week and ${sunday} ${habit.what} on Sunday. ` +
          `How many ${habit.what} is that in ${weeks} weeks?`,
      );
      const weekdays = p.multiply(`On ${days} days ${who.he} ${habit.does}`, days, each, habit.what);
      const week = p.add(`In a week ${who.he} ${habit.does}`, weekdays, sunday, habit.what);
      p.multiply(`In ${weeks} weeks ${who.he} ${habit.does}`, week, weeks, habit.what);
    },
  },
  {
    name: "chairs",
    steps: 3,
    write(p) {
      const [rows, each, more, empty] = [p.factor(), p.factor(), p.amount(), p.amount()];
      p.ask(
        `A room has ${rows} rows of ${each} chairs and ${more} more chairs at the back. People sit on all but ${empty} chairs. ` +
          `How many chairs are used?`,
      );
      const inRows = p.multiply("The rows have", rows, each, "chairs");
      const all = p.add("The room has", inRows, more, "chairs");
      p.subtract("People use", all, empty, "chairs");
    },
  },
  {
    name: "three ages",
    steps: 3,
    write(p) {
      const [[one, two, three], age, younger, years] = [p.people(3), p.amount(), p.amount(), p.amount()];
      p.ask(
        `${one.name} is ${age} years old. ${two.name} is twice as old. ${three.name} is ${younger} years younger than ${two.name}. ` +
          `How old will ${three.name} be in ${years} years?`,
      );
      const second = p.multiply(`${two.name} is`, age, 2, "years old");
      const third = p.subtract(`${three.name} is`, second, younger, "years old");
      p.add(`Then ${three.he} will be`, third, years, "years old");
    },
  },
  {
    name: "still missing",
    steps: 3,
    write(p) {
      const [who, good, wage, hours, has, missing] = [
        p.person(),
        p.pick(GOODS),
        p.factor(),
        p.factor(),
        p.amount(),
        p.amount(),
      ];
      const price = wage * hours + has + missing;
      p.ask(
        `A ${good} costs ${price} dollars. ${who.name} has ${has} dollars and works ${hours} hours for ${wage} dollars an hour. ` +
          `How many more dollars does ${who.he} need?`,
      );
      const earned = p.multiply(`${who.name} earns`, hours, wage, "dollars");
      const all = p.add(`Then ${who.he} has`, earned, has, "dollars");
      p.subtract(`${who.He} needs`, price, all, "more dollars");
    },
  },
  {
    name: "fence",
    steps: 3,
    write(p) {
      const [long, wide, price] = [p.factor(), p.factor(), p.few()];
      p.ask(
        `A garden is ${long} feet long and ${wide} feet wide. A fence around it costs ${price} dollars a foot. ` +
          `How many dollars does the fence cost?`,
      );
      const half = p.add("Half way around is", long, wide, "feet");
      const around = p.multiply("All around is", half, 2, "feet");
      p.multiply("The fence costs", around, price, "dollars");
    },
  },
];
