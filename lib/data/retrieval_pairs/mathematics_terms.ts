/** What mathematical words mean, said twice in different words. */
export interface MathematicsTerm {
  term: string;
  /** A sentence that defines it and names it. */
  definition: string;
  /** The same without its name, as somebody describes it who has forgotten it. */
  described: string;
  /** A sentence about how it is used or computed. */
  use: string;
}

const term = (term: string, definition: string, described: string, use: string): MathematicsTerm => ({
  term,
  definition,
  described,
  use,
});

export const MATHEMATICS_TERMS: readonly MathematicsTerm[] = [
  term(
    "prime number",
    "A prime number has exactly two divisors, one and itself.",
    "a whole number that only one and itself divide",
    "The first ones are 2, 3, 5, 7 and 11.",
  ),
  term(
    "greatest common divisor",
    "The greatest common divisor of two numbers is the largest number that divides both.",
    "the biggest number that goes into two others without a rest",
    "Euclid found it by dividing again and again with remainder.",
  ),
  term(
    "least common multiple",
    "The least common multiple of two numbers is the smallest number that both divide.",
    "the smallest number in the tables of two others",
    "It is their product over their greatest common divisor.",
  ),
  term(
    "congruence",
    "A congruence says that two numbers leave the same remainder when divided by a modulus.",
    "two numbers with equal rests after division",
    "One solves it with an inverse of the coefficient modulo m.",
  ),
  term(
    "modular inverse",
    "The modular inverse of a number is one whose product with it leaves remainder one.",
    "what you multiply by to get a rest of one",
    "It exists when number and modulus have no common factor.",
  ),
  term(
    "Bezout coefficients",
    "Bezout coefficients are the two factors that make the greatest common divisor a sum of multiples of two numbers.",
    "how to write the common divisor as a sum of multiples of two numbers",
    "The extended Euclidean algorithm finds them.",
  ),
  term(
    "fraction",
    "A fraction is a part of a whole, written as numerator over denominator.",
    "a number written as one above another with a line between",
    "To add two of them, bring them to one denominator.",
  ),
  term(
    "percentage",
    "A percentage is a part of one hundred.",
    "how many out of each hundred",
    "Multiply by it and divide by one hundred.",
  ),
  term(
    "ratio",
    "A ratio compares two quantities by division.",
    "how many times one amount fits the other",
    "A mixture of 2 to 3 has five parts in all.",
  ),
  term(
    "average",
    "The average, or mean, of some numbers is their sum over how many they are.",
    "add all up and divide by the count",
    "One very large value can pull it up.",
  ),
  term(
    "median",
    "The median is the value in the middle when all are sorted.",
    "half of the values lie below it and half above",
    "Extreme values do not move it.",
  ),
  term(
    "variance",
    "The variance is the mean of the squared distances from the mean.",
    "how far numbers spread around their center, squared",
    "Its square root is the standard deviation.",
  ),
  term(
    "standard deviation",
    "The standard deviation is the square root of the variance.",
    "the typical distance of values from their mean",
    "In a bell curve two thirds of the values lie within one of it.",
  ),
  term(
    "probability",
    "A probability says how likely an event is, from zero to one.",
    "the chance that something happens",
    "Divide the good cases by all cases when all are alike.",
  ),
  term(
    "expected value",
    "The expected value is the sum of all outcomes, each times its chance.",
    "what a game pays in the long run",
    "A fair die has one of three and a half.",
  ),
  term(
    "permutation",
    "A permutation is an order in which things can stand.",
    "a way to line things up",
    "There are n factorial of them for n things.",
  ),
  term(
    "combination",
    "A combination is a choice of some things in which order does not count.",
    "a way to pick a few out of many",
    "Binomial coefficients count them.",
  ),
  term(
    "factorial",
    "The factorial of n is the product of all whole numbers up to n.",
    "one times two times three and so on",
    "It is written with an exclamation mark.",
  ),
  term(
    "square root",
    "The square root of a number is what gives the number when multiplied by itself.",
    "which number times itself makes this one",
    "That of 49 is 7.",
  ),
  term(
    "exponent",
    "An exponent says how many times a base is multiplied by itself.",
    "the small raised number of a power",
    "Powers of one base are multiplied by adding theirs.",
  ),
  term(
    "logarithm",
    "The logarithm of a number is the exponent to which the base must be raised to give it.",
    "the opposite of raising to a power",
    "It turns products into sums.",
  ),
  term(
    "linear equation",
    "A linear equation has its unknown in the first power only.",
    "an unknown with no squares, whose graph is a straight line",
    "Bring the unknown to one side and divide.",
  ),
  term(
    "quadratic equation",
    "A quadratic equation has its unknown squared.",
    "an equation with x squared that may have two solutions",
    "The discriminant says how many real solutions there are.",
  ),
  term(
    "discriminant",
    "The discriminant of a quadratic is b squared minus four a c.",
    "the part under the root that tells how many solutions there are",
    "Below zero there is no real solution.",
  ),
  term(
    "polynomial",
    "A polynomial is a sum of powers of a variable with coefficients.",
    "an expression of x, x squared, x cubed with numbers before them",
    "Its degree is the highest power.",
  ),
  term(
    "function",
    "A function gives exactly one output for each input.",
    "a rule from each x to one y",
    "Its graph shows all pairs of input and output.",
  ),
  term(
    "derivative",
    "The derivative of a function is its rate of change at a point.",
    "the slope of the curve, how fast it rises",
    "That of x squared is two x.",
  ),
  term(
    "integral",
    "The integral of a function is the area under its curve.",
    "the sum of infinitely many thin strips below a graph",
    "It undoes the derivative.",
  ),
  term(
    "limit",
    "A limit is the value that a sequence or function comes as near to as we like.",
    "what numbers approach without perhaps reaching it",
    "One over n has zero for it.",
  ),
  term(
    "vector",
    "A vector has a length and a direction.",
    "an arrow, or a list of numbers added one by one",
    "Two of them are added component by component.",
  ),
  term(
    "matrix",
    "A matrix is a table of numbers with rows and columns.",
    "a rectangle of numbers that maps vectors to vectors",
    "Two are multiplied row by column.",
  ),
  term(
    "determinant",
    "The determinant of a square matrix says how it scales areas or volumes.",
    "a number of a square table that is zero when it cannot be inverted",
    "For two rows it is a d minus b c.",
  ),
  term(
    "eigenvalue",
    "An eigenvalue of a matrix is the factor by which it stretches a vector that keeps its direction.",
    "the stretch of a direction that a linear map leaves alone",
    "They are the roots of the characteristic polynomial.",
  ),
  term(
    "triangle",
    "A triangle is a figure with three sides and three angles.",
    "three corners joined by lines",
    "Its angles add up to 180 degrees.",
  ),
  term("right angle", "A right angle has 90 degrees.", "a quarter of a full turn", "A square has four of them."),
  term(
    "Pythagorean theorem",
    "The Pythagorean theorem says that in a right triangle the squares of the two legs add up to the square of the hypotenuse.",
    "a squared plus b squared equals c squared",
    "It finds the diagonal of a rectangle.",
  ),
  term(
    "circle",
    "A circle is the set of all points at one distance from a center.",
    "the round line with the same radius everywhere",
    "Its area is pi times the radius squared.",
  ),
  term(
    "circumference",
    "The circumference of a circle is the length of its edge.",
    "how long the way around a round thing is",
    "It is two pi times the radius.",
  ),
  term(
    "perimeter",
    "The perimeter of a figure is the length of its boundary.",
    "the way around a field along its fence",
    "For a rectangle add both sides and double.",
  ),
  term(
    "area",
    "The area of a figure is how much surface it covers.",
    "how many square units fit inside",
    "For a rectangle multiply length and width.",
  ),
  term(
    "volume",
    "The volume of a body is how much space it fills.",
    "how many unit cubes fit into a box",
    "For a box multiply length, width and height.",
  ),
  term(
    "sine",
    "The sine of an angle in a right triangle is the opposite side over the hypotenuse.",
    "opposite over longest side",
    "It runs between minus one and one.",
  ),
  term(
    "arithmetic sequence",
    "An arithmetic sequence grows by the same number at each step.",
    "a list of numbers with equal differences",
    "Its sum is the number of terms times the mean of first and last.",
  ),
  term(
    "geometric sequence",
    "A geometric sequence is multiplied by the same number at each step.",
    "a list of numbers with equal ratios",
    "Doubling money gives one with ratio two.",
  ),
  term(
    "set",
    "A set is a collection of different things in which order does not count.",
    "a bag of elements without repeats",
    "Two of them have a union and an intersection.",
  ),
  term(
    "proof by induction",
    "A proof by induction shows a first case and that each case gives the next.",
    "like dominoes: one falls and each pushes the next",
    "It proves formulas for all whole numbers.",
  ),
  term(
    "proof by contradiction",
    "A proof by contradiction assumes the opposite and finds something impossible.",
    "to suppose it is wrong until nonsense follows",
    "So one shows that the root of two is no fraction.",
  ),
  term(
    "inequality",
    "An inequality says that one side is smaller or larger than the other.",
    "two sides with a less than sign between",
    "Multiplying by a negative number turns its sign.",
  ),
  term(
    "absolute value",
    "The absolute value of a number is its distance from zero.",
    "a number without its minus sign",
    "That of minus five is five.",
  ),
  term(
    "remainder",
    "The remainder is what is left when one number is divided by another.",
    "the rest after sharing equally",
    "17 divided by 5 leaves 2.",
  ),
  term(
    "even number",
    "An even number can be divided by two without remainder.",
    "a number that can be shared by two",
    "The sum of two of them is one again.",
  ),
  term(
    "divisor",
    "A divisor of a number divides it without remainder.",
    "a number that goes into another exactly",
    "12 has six of them.",
  ),
  term(
    "speed",
    "Speed is distance over time.",
    "how far something goes in each hour",
    "Multiply by the hours to get the distance.",
  ),
  term(
    "interest",
    "Interest is what is paid for borrowed money, as a share of it each year.",
    "the money a bank adds each year",
    "Compound interest is paid on earlier interest too.",
  ),
  term(
    "discount",
    "A discount is taken off a price.",
    "how much cheaper something is in a sale",
    "Twenty percent off leaves eighty percent.",
  ),
  term(
    "body mass index",
    "The body mass index is weight in kilograms over height in meters squared.",
    "a number from weight and height that says whether somebody is heavy",
    "From 18.5 to 25 it counts as normal.",
  ),
];
