/** Mathematical words and what people say for them, as in everyday_words.ts. */
import { phraseLines } from "./everyday_wording.ts";

export const MATHEMATICAL_WORDS = phraseLines(`
  add, sum up, put together, plus, total up
  added, summed up, put together
  sum, total, what you get by adding
  addition, adding, plus
  subtract, take away, take off, minus
  subtracted, taken away, taken off
  subtraction, taking away, minus
  multiply, times, take so many times
  multiplied, times, taken so many times
  multiplication, times, taking times
  product, result of multiplying, one times the other
  divide, split, share out, cut up
  divided, split, shared out
  divides, goes into, fits evenly into
  division, splitting, sharing out
  divisor, number that goes into it, factor
  divisors, numbers that go into it, factors
  factor, number that goes into it, piece of a product
  factors, numbers that go into it, pieces of a product
  divisible, can be split evenly, without a rest
  multiple, number in the times table
  quotient, result of dividing
  remainder, rest, what is left over, leftover
  remainders, rests, leftovers
  modulo, counting round like a clock, with leftovers
  integer, whole number, counting number
  integers, whole numbers, counting numbers
  whole number, integer, number without decimals
  natural number, counting number
  positive, above zero, plus
  negative, below zero, minus
  zero, nothing, nil, nought
  even, can be halved
  odd, can't be halved
  digit, figure, single number
  digits, figures
  decimal, with a point, number with a point
  fraction, part of a whole, one number over another
  numerator, top number, number on top
  denominator, bottom number, number below the line
  reciprocal, upside-down fraction, one over it
  ratio, how many times as big, proportion
  percent, out of a hundred, %
  percentage, share out of a hundred
  average, mean, typical value
  arithmetic mean, average, usual average
  median, middle value, the one in the middle
  most common, showing up most, most popular
  mode, most popular value, value that shows up most
  variance, how spread out, spread squared
  standard deviation, spread, how far from the average
  spread, scatter, how far apart
  probability, chance, odds, how likely
  probabilities, chances, odds
  likely, probable, to be expected
  random, by chance, by luck
  event, thing that happens
  independent, not affecting each other, having nothing to do with each other
  dice, cubes you roll
  die, cube you roll
  coin, penny, heads or tails
  heads, heads up
  toss, flip, throw
  cards, deck
  square, times itself, four-sided figure
  squared, times itself, to the power of two
  square root, what times itself gives it, root
  root, where it is zero, solution
  roots, zeros, solutions
  power, times itself again and again, little number up high
  powers, repeated products
  exponent, little number on top, power
  base, bottom number
  logarithm, log, what power you need
  exponential growth, growing faster and faster
  equation, sum with an unknown, problem with x
  solve, work out, find, crack
  solved, worked out, cracked
  solution, answer, what x is
  solutions, answers
  unknown, x, number you look for
  variable, letter, unknown
  formula, recipe, rule to compute
  compute, work out, figure out, calculate
  calculate, work out, figure out, compute
  calculation, working out, sum
  expression, formula
  brackets, parentheses
  parentheses, brackets
  term, piece of a sum, member
  terms, members, pieces
  coefficient, number in front
  coefficients, numbers in front
  polynomial, sum of powers of x
  degree, highest power
  quadratic, with x squared, second-degree
  parabola, U-shaped curve, path of a thrown ball
  graph, curve, picture of a function
  curve, bent line
  function, rule from inputs to outputs, machine of numbers
  slope, steepness, how steep it is
  derivative, rate of change, how fast it changes, steepness
  rate of change, how fast it changes
  integral, area under a curve
  limit, what it comes close to, where it is heading
  approaches, comes closer and closer to, heads for
  infinite, endless, without end, going on forever
  infinitely many, no end of, endlessly many
  infinity, endlessness
  continuous, unbroken, without jumps
  sequence, list of numbers in a row, row of numbers
  series, endless sum
  converges, settles down
  circle, round shape, ring
  radius, distance from center to edge, half across
  diameter, distance across, width of a circle
  circumference, way around a circle, distance around
  perimeter, distance around, length of the edge
  area, how much surface, space inside, size of a floor
  volume, how much fits inside, space inside
  surface, outside, skin
  sphere, ball, globe
  cone, ice cream cone shape, pointed hat
  cylinder, can, tin
  cube, box with equal sides, dice shape
  triangle, three-sided shape, shape with three corners
  rectangle, box shape, oblong
  parallelogram, slanted rectangle, pushed-over rectangle
  ellipse, oval, squashed circle
  polygon, shape with straight sides
  angle, corner, how wide it opens
  right angle, square corner, 90 degree corner
  right triangle, triangle with a square corner
  hypotenuse, longest side, slanted side
  legs, short sides
  side, edge
  vertex, corner, tip
  vertices, corners, points
  edges, lines between points
  edge, line between two points
  diagonal, line from corner to corner
  parallel, side by side, never meeting
  perpendicular, at right angles, straight up from
  height, how tall, how high
  length, how long
  distance, how far
  congruent, same shape and size, identical
  similar, same shape, scaled
  symmetric, mirror-like, same on both sides
  coordinates, position on a grid
  axis, line of the grid
  vector, arrow
  vectors, arrows
  matrix, table of numbers, grid of numbers
  matrices, tables of numbers, grids of numbers
  row, line
  set, collection, bunch
  element, member, thing inside
  elements, members, things inside
  union, all put together, either one
  intersection, what both share, overlap
  proof, why it is true, how we know for sure
  prove, show for sure, show why it is true
  theorem, mathematical fact, big result
  contradiction, nonsense, clash
  assume, suppose, pretend
  definition, what it means, what it is
  statement, what it says
  prime number, number only divisible by itself and one, prime
  primes, prime numbers, numbers nothing else goes into
  prime, number nothing else goes into
  factorial, product of all numbers up to it, exclamation mark
  arrangement, order, lineup
  arrangements, orders, lineups
  choose, pick, select
  selection, choice, pick
  network, dots joined by lines, map of connections
  path, route, way through
  bridges, crossings
  computer, machine
  algorithm, recipe of steps, step-by-step method
  approximation, near value, good guess, rough value
  exact, precise, to the last digit
  interest, money the bank pays
  growth, getting bigger
  unit, measure
  meters, metric length
  feet, foot
  square meters, floor space
  acre, plot of land
  hectare, piece of farmland
  kilo, thousand
`);
