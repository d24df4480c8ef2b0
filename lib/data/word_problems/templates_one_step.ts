import type { Template } from "./problem_builder.ts";
import { CONTAINERS, FIELDS, GETS, GOODS, HABITS, PLANTS, THINGS } from "./vocabulary.ts";

/** Stories that one calculation answers. */
export const ONE_STEP: readonly Template[] = [
  {
    name: "gets more",
    steps: 1,
    write(p) {
      const [who, things, has, more] = [p.person(), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${who.name} has ${has} ${things}. ${who.He} ${
          p.pick(GETS)
        } ${more} more. How many ${things} does ${who.name} have now?`,
      );
      p.add(`Now ${who.name} has`, has, more, things);
    },
  },
  {
    name: "gives away",
    steps: 1,
    write(p) {
      const [[who, friend], things, gives, left] = [p.people(2), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${who.name} has ${
          gives + left
        } ${things} and gives ${gives} of them to ${friend.name}. How many ${things} are left?`,
      );
      p.subtract(`${who.name} has`, gives + left, gives, `${things} left`);
    },
  },
  {
    name: "together",
    steps: 1,
    write(p) {
      const [[one, other], things, a, b] = [p.people(2), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${one.name} has ${a} ${things} and ${other.name} has ${b} ${things}. How many ${things} do they have together?`,
      );
      p.add("Together they have", a, b, things);
    },
  },
  {
    name: "how many more",
    steps: 1,
    write(p) {
      const [[one, other], things, fewer, difference] = [p.people(2), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${one.name} has ${fewer + difference} ${things}. ${other.name} has ${fewer} ${things}. ` +
          `How many more ${things} does ${one.name} have than ${other.name}?`,
      );
      p.subtract(`${one.name} has`, fewer + difference, fewer, `more ${things}`);
    },
  },
  {
    name: "still needs",
    steps: 1,
    write(p) {
      const [who, things, has, needs] = [p.person(), p.pick(THINGS), p.amount(), p.amount()];
      p.ask(
        `${who.name} wants ${has + needs} ${things} but has only ${has}. How many more ${things} does ${who.he} need?`,
      );
      p.subtract(`${who.name} needs`, has + needs, has, `more ${things}`);
    },
  },
  {
    name: "full containers",
    steps: 1,
    write(p) {
      const [box, things, boxes, each] = [p.pick(CONTAINERS), p.pick(THINGS), p.factor(), p.factor()];
      p.ask(
        `There are ${boxes} ${box.many} with ${each} ${things} in each ${box.one}. How many ${things} are there in all?`,
      );
      p.multiply("In all there are", boxes, each, things);
    },
  },
  {
    name: "packs up",
    steps: 1,
    write(p) {
      const [who, box, things, boxes, each] = [p.person(), p.pick(CONTAINERS), p.pick(THINGS), p.factor(), p.factor()];
      p.ask(
        `${who.name} puts ${
          boxes * each
        } ${things} into ${box.many} of ${each}. How many ${box.many} does ${who.he} fill?`,
      );
      p.divide(`${who.name} fills`, boxes * each, each, box.many);
    },
  },
  {
    name: "shares",
    steps: 1,
    write(p) {
      const [who, things, friends, each] = [p.person(), p.pick(THINGS), p.factor(), p.factor()];
      p.ask(
        `${who.name} shares ${
          friends * each
        } ${things} equally among ${friends} friends. How many ${things} does each friend get?`,
      );
      p.divide("Each friend gets", friends * each, friends, things);
    },
  },
  {
    name: "price of several",
    steps: 1,
    write(p) {
      const [who, things, count, price] = [p.person(), p.pick(THINGS), p.factor(), p.factor()];
      p.ask(`${who.name} buys ${count} ${things} for ${price} dollars each. How many dollars does ${who.he} pay?`);
      p.multiply(`${who.name} pays`, count, price, "dollars");
    },
  },
  {
    name: "price of one",
    steps: 1,
    write(p) {
      const [who, things, count, price] = [p.person(), p.pick(THINGS), p.factor(), p.factor()];
      p.ask(`${who.name} pays ${count * price} dollars for ${count} ${things}. How many dollars is that for each?`);
      p.divide("Each costs", count * price, count, "dollars");
    },
  },
  {
    name: "change",
    steps: 1,
    write(p) {
      const [who, good, price, left] = [p.person(), p.pick(GOODS), p.amount(), p.amount()];
      p.ask(
        `${who.name} has ${price + left} dollars and buys a ${good} for ${price} dollars. How many dollars are left?`,
      );
      p.subtract(`${who.name} has`, price + left, price, "dollars left");
    },
  },
  {
    name: "wages",
    steps: 1,
    write(p) {
      const [who, wage, hours] = [p.person(), p.factor(), p.factor()];
      p.ask(`${who.name} earns ${wage} dollars an hour. How many dollars does ${who.he} earn in ${hours} hours?`);
      p.multiply(`${who.name} earns`, hours, wage, "dollars");
    },
  },
  {
    name: "every day",
    steps: 1,
    write(p) {
      const [who, habit, each, days] = [p.person(), p.pick(HABITS), p.factor(), p.factor()];
      p.ask(
        `${who.name} ${habit.does} ${each} ${habit.what} every day. How many ${habit.what} does ${who.he} ${habit.to} in ${days} days?`,
      );
      p.multiply(`${who.name} ${habit.does}`, days, each, habit.what);
    },
  },
  {
    name: "days for a book",
    steps: 1,
    write(p) {
      const [who, each, days] = [p.person(), p.factor(), p.factor()];
      p.ask(
        `A book has ${each * days} pages. ${who.name} reads ${each} pages a day. How many days does the book take?`,
      );
      p.divide("The book takes", each * days, each, "days");
    },
  },
  {
    name: "rows",
    steps: 1,
    write(p) {
      const [field, plants, rows, each] = [p.pick(FIELDS), p.pick(PLANTS), p.factor(), p.factor()];
      p.ask(`A ${field} has ${rows} rows of ${each} ${plants}. How many ${plants} does it have?`);
      p.multiply(`The ${field} has`, rows, each, plants);
    },
  },
  {
    name: "age to come",
    steps: 1,
    write(p) {
      const [who, age, years] = [p.person(), p.amount(), p.amount()];
      p.ask(`${who.name} is ${age} years old. How old will ${who.he} be in ${years} years?`);
      p.add(`${who.name} will be`, age, years, "years old");
    },
  },
];
