/**
 * Words that stand for each other in questions: the ones of articles and the ones people have at hand. From general knowledge of
 * English. Those of a line mean nearly the same; what matters is that a search for one should find the other.
 */
import { phraseLines } from "./everyday_wording.ts";

/** Of every subject; medical_words.ts and mathematical_words.ts have those of theirs. */
export const EVERYDAY_WORDS = phraseLines(`
  adult, grown-up
  children, kids, little ones, young ones
  child, kid, son, daughter, toddler, little one
  baby, infant, newborn, little one
  babies, infants, newborns
  people, folks, persons, patients
  women, ladies, females
  men, guys, males
  elderly, old people, seniors, grandparents
  physician, doctor, GP, medical person
  begin, start, set off, kick off
  begins, starts, sets in
  end, finish, stop
  stop, quit, halt, give up, end
  stops, quits, ends, halts
  quickly, fast, rapidly, in no time
  rapid, quick, fast, speedy
  slowly, bit by bit, gradually, little by little
  suddenly, out of the blue, all at once, out of nowhere
  sudden, abrupt, out of nowhere
  immediately, right away, at once, straight away, without delay
  often, frequently, a lot, lots of times
  frequent, again and again, happening a lot
  rare, unusual, uncommon, seldom seen
  rarely, hardly ever, seldom, almost never
  usually, mostly, normally, as a rule
  sometimes, now and then, at times
  never, not ever, at no time
  always, every time, without exception
  common, frequent, usual, widespread
  typical, usual, classic, telltale
  severe, bad, serious, awful, terrible
  serious, grave, bad, dangerous
  dangerous, risky, unsafe, harmful
  harmless, safe, nothing to worry about
  risk, danger, chance
  risky, dangerous
  mild, slight, light, not too bad
  large, big, huge, great
  larger, bigger, greater
  largest, biggest, greatest
  small, little, tiny
  smaller, littler, tinier
  smallest, tiniest, littlest
  increase, rise, go up, grow, get bigger
  increases, rises, goes up, grows
  decrease, fall, go down, drop, shrink
  decreases, falls, goes down, drops, shrinks
  reduce, lower, cut, lessen, bring down
  reduces, lowers, cuts, lessens, brings down
  raise, push up, lift, increase
  raises, pushes up, lifts, increases
  improve, get better, help
  improves, gets better, helps
  worse, more serious, nastier
  worsen, get worse, flare up
  prevent, avoid, keep from getting, ward off, guard against
  prevents, avoids, keeps away, wards off, protects against
  prevention, how to avoid it, how not to get it, staying safe
  cause, bring on, lead to, trigger, make happen
  causes, brings on, leads to, triggers, reasons, where it comes from
  caused by, due to, because of, brought on by
  reason, why, cause
  trigger, set off, bring on
  triggers, sets off, things that set it off
  symptom, sign, complaint, how it feels
  signs, symptoms, how to tell, how you notice
  treat, handle, deal with, take care of, fix
  treated, handled, dealt with, fixed, taken care of
  treatment, what helps, remedy, therapy, cure, what doctors do
  cure, fix for good, make well, heal
  diagnosis, finding out, how doctors know, working out what it is
  diagnosed, found out, detected, recognized
  examine, check, look at, inspect
  examined, checked, looked at
  recovery, getting well, healing, getting over it
  recover, get well, get over it, bounce back, heal
  recommended, advised, suggested, best
  required, needed, necessary, a must
  need, must have, require
  allow, permit, let
  contain, hold, have in it, include
  contains, holds, has in it, includes
  remove, take out, take away, get rid of
  removed, taken out, taken away, gotten rid of
  removes, takes out, takes away, gets rid of
  remain, stay, be left
  remains, stays, is left over
  occur, happen, take place, come up
  occurs, happens, takes place
  develop, get, come down with, grow
  receive, get, be given
  obtain, get, come by
  provide, give, supply
  use, employ, work with, take
  used for, good for, meant for, taken for
  helps, is good for, does some good, eases
  choose, pick, select
  chosen, picked, selected
  buy, purchase, get
  show, reveal, tell, make clear
  shows, reveals, tells, lets you see
  called, named, known as, the name for
  name, word, what you call it
  enough, sufficient, plenty
  too much, excess, more than you should, an overdose of
  lack, shortage, not enough, too little, deficiency
  whole, entire, complete, full
  part, piece, bit, portion, share
  parts, pieces, bits, portions
  equal, the same, identical, just as big
  equals, is the same as, comes to, makes
  different, not the same, other, unlike
  difference, how they differ, what sets them apart, how to tell them apart
  compare, put side by side, set against
  similar, alike, much the same, looking the same
  correct, right, true
  wrong, false, mistaken, incorrect
  error, mistake, slip
  important, key, crucial, main
  main, chief, most important, biggest
  necessary, needed, required
  possible, doable, can happen
  impossible, cannot be done, not doable
  certain, sure, definite
  test, check, exam, way to find out
  check, test, make sure, verify
  method, way, procedure, trick
  example, for instance, such as, case
  rule, law, guideline
  amount, quantity, how much, dose
  number of, how many, count of
  duration, how long, time it takes
  lasts, goes on, takes, hangs around
  last, go on, hang around
  age, how old, years old
  daily, every day, each day, a day
  weekly, every week, once a week
  month, four weeks
  night, bedtime, in bed, after dark
  morning, after waking up, when getting up
  winter, cold season, cold months
  hot, warm, boiling
  cold, chilly, freezing
  home, house, where I live
  school, class, kindergarten, day care
  work, job, office
  car, vehicle
  drive, get behind the wheel, use the car
  walk, go on foot, stroll
  sleep, get some rest, doze
  eat, have a meal, consume, have for dinner
  eating, having a meal, food
  drink, sip, swallow, have a glass of
  drinks, beverages, something to drink
  food, meal, things to eat, what's on the plate
  foods, things to eat, groceries, dishes
  alcohol, beer, wine, booze, drinking
  smoking, cigarettes, tobacco
  exercise, sports, working out, physical activity, training
  weight, pounds, kilos
  money, cash, dollars, savings
  machine, device, gadget
  picture, image, photo
  picture, drawing, diagram
  mathematician, math genius, number expert, scholar
  scientist, scholar, researcher
  discovered, found, came up with, was first to see
  invented, came up with, thought up, created
  proved, showed for sure, settled, demonstrated
  published, put out, printed, brought out
  died, passed away, death
  born, came into the world, birth
  studied, learned, worked on, looked into
  taught, gave lessons, was a teacher
  ancient, very old, thousands of years old, of long ago
  history, who came up with it, where it comes from, the story behind
  century, hundred years
  famous, well known, celebrated
`);
