/**
 * What people say who mean the subject of a mathematical article and do not use its name. From general knowledge, about the subject as
 * such and not about what an article says of it.
 */
import { askedAbout } from "./asked_about.ts";

export const ASKED_ABOUT_MATHEMATICS = askedAbout(`
  Arithmetic mean: average; add them all up and divide by how many; average grade; usual average; average salary; mean of numbers; some values count more
  Arithmetic sequence: going up by the same step; list with equal steps; counting by threes; same amount added each time; adding all numbers from 1 to 100; rows of seats that grow by two
  Bayes' theorem: chance I am sick if the test is positive; updating chances with evidence; turning a chance around; false alarms of a rare disease; how likely given what I saw
  Bezout's identity: writing the common divisor as a sum of multiples; two jugs to measure water; combination of two numbers that gives their gcd; whole solutions of ax plus by
  Binary system: zeros and ones; how computers count; base two; bits and bytes; numbers made of 0 and 1; on and off; hexadecimal
  Binomial distribution: number of heads in ten flips; yes or no trials repeated; chance of exactly three sixes; counting successes; chance to pass a multiple choice test by guessing
  Birthday problem: two people born on the same day; shared birthday in a class; how many guests until two share a birthday; birthday paradox
  Carl Friedrich Gauss: prince of mathematicians; boy who added 1 to 100 in his head; German genius of numbers; built the 17-sided polygon; found the lost asteroid; bell curve man
  Chain rule: slope of a function inside a function; nested functions; differentiate outer times inner; derivative of something inside brackets to a power
  Chinese remainder theorem: number with given leftovers; counting soldiers in rows; leaves rest 2 by three and rest 3 by five; unknown number from several remainders; puzzle of Sun Tzu
  Circle: round shape; wheel; ring; pizza; how far around; distance round a wheel; all points as far from the middle; slice of a pie; angle in a half circle
  Combination: choosing without order; lottery tickets; picking a team; number of handshakes; ways to pick pizza toppings; hands of cards; n choose k
  Complex number: square root of minus one; imaginary; i; numbers with a real and an imaginary part; number plane; root of a negative number
  Conditional probability: chance if something else is known; given that it rained; chance of one thing when another happened; second card after the first was an ace; probability given
  Cone: ice cream cone; pointed hat; party hat shape; funnel; pile of sand; how much ice cream fits; slicing it gives curves
  Congruence of numbers: same rest after dividing; clock arithmetic; modular arithmetic; mod; what day of the week in 100 days; last digit tricks; casting out nines
  Congruence of triangles: same shape and same size; side angle side; SSS; when two triangles are identical; laying one triangle over the other; which parts fix a triangle
  Correlation: two things that go together; ice cream sales and drowning; does one cause the other; taller people weigh more; number between minus one and one; scatter plot
  Countable set: some infinities are bigger; infinitely many but can be listed; as many fractions as whole numbers; infinite hotel; size of infinity; can decimals be listed
  Cross product: vector at right angles to two others; right hand rule; torque; arrow that stands up on two arrows; area spanned by two arrows
  Definite integral: area under a curve; adding up thin strips; from a to b; total distance from speed; slices under the graph; signed area
  Derivative: how steep a curve is; speed at one moment; rate of change; slope at a point; differentiate; how fast it grows right now; x squared becomes 2x
  Determinant: number of a square grid of numbers; ad minus bc; can a matrix be undone; how much a map blows up area; when it is zero there is no inverse
  Discriminant: what stands under the root; b squared minus 4ac; how many solutions has a quadratic; two answers or one or none; does the parabola cross the axis
  Dot product: multiply arrows to a number; are two arrows at right angles; multiply matching entries and add; angle between vectors; scalar product; work of a force
  Eigenvalue: direction that does not turn; vector only stretched; stretching factor of a matrix; characteristic polynomial; lambda; axis of a map
  Ellipse: oval; squashed circle; orbit of a planet; string round two pins; egg shape; two foci; whispering gallery; stretched ring
  Emmy Noether: woman who changed algebra; most important woman of mathematics; symmetry and conservation laws; woman not allowed to teach; rings named after her; fled from the Nazis to America
  Euclidean algorithm: dividing again and again to find the common divisor; oldest recipe of mathematics; quick way to the gcd; keep taking remainders; biggest tile for a floor
  Euler's number: 2.718; e; money growing every instant; base of natural growth; number behind compound interest; its own slope; bank pays interest all the time
  Euler path: drawing a figure without lifting the pen; seven bridges; every street once; mail carrier route; use every edge exactly once; house of Santa Claus puzzle
  Factorial: exclamation mark; 5 times 4 times 3 times 2; ways to line up friends; number of orders; zero with an exclamation mark; product of all numbers down to one
  Fermat's last theorem: no cubes adding up to a cube; note in the margin; riddle solved after 350 years; Wiles; a to the n plus b to the n; margin too small
  Fermat's little theorem: power of a number leaves rest one; test whether a number is prime by powers; a to the p minus one; rest of a huge power; remainder of 2 to the 100
  Fibonacci numbers: 1 1 2 3 5 8 13; rabbits; each number is the sum of the two before; sunflower spirals; rabbit puzzle; golden spiral list
  Fraction: one half and one third; pieces of cake; number over another; top and bottom number; adding halves and quarters; mixed number; flip and multiply
  Fundamental theorem of algebra: every polynomial has a root; as many roots as its degree; do all equations have a solution; polynomial splits into linear pieces
  Fundamental theorem of arithmetic: every number is built of primes in one way; breaking a number into primes; building blocks of numbers; prime factors; why is 1 not prime
  Fundamental theorem of calculus: slope and area undo each other; differentiating undoes integrating; antiderivative; link between speed and distance; Newton and Leibniz
  Geometric mean: average of growth; multiply and take the root; average percent return; mean of factors; typical yearly growth; average for things that multiply
  Geometric sequence: doubling every time; grains of rice on a chessboard; same factor each step; halving again and again; times two each day; endless sum of halves; bouncing ball
  Georg Cantor: man who counted infinity; founder of set theory; different sizes of infinity; diagonal trick inventor; German who studied infinite sets
  Golden ratio: 1.618; most beautiful proportion; phi; divine proportion; ratio in art; rectangle that looks best; pentagon star
  Greatest common divisor: biggest number that goes into both; gcd; largest equal bags; shortening a fraction; highest common factor; largest square tile; sharing two piles fairly
  Group: set with one operation and inverses; symmetries of a figure; turning and flipping a square; abstract algebra; identity and inverse; abelian; moves of a cube
  Hamiltonian cycle: round trip through every town once; visit each point once and return; traveling salesman; tour of all cities; knight's tour; dodecahedron game
  Heron's formula: area of a triangle from three sides; area without the height; half the perimeter; measure a field with three sides only
  Irrational number: cannot be written as a fraction; decimals that never end or repeat; root of two; pi is one; number without a pattern; drowned for a number
  Law of cosines: triangle with two sides and the angle between; Pythagoras for any triangle; third side from two; angle from three sides
  Law of sines: sides and opposite angles; triangle with two angles and a side; side over sine; finding a far tower's distance; triangulation
  Least common multiple: smallest number in both times tables; lcm; when two buses leave together again; blinking lights at the same time; common denominator; gears line up
  Leonhard Euler: blind Swiss genius; wrote the most mathematics; introduced e and f of x; man from Basel in Saint Petersburg; seven bridges man; V minus E plus F
  Limit: what a value gets close to; heading for a number; approaches but never reaches; closer and closer; dividing by almost zero; no jumps; can be drawn without lifting the pen
  Linear equation: straight line; y equals mx plus b; find x; slope and intercept; taxi fare with a base price; steepness of a line; rise over run; one unknown
  Logarithm: what power do I need; log; number of digits; opposite of a power; Richter scale; slide rule; decibels; turning times into plus; ln
  Mathematical induction: dominoes falling; true for one and from each to the next; prove it for all numbers; step from n to n plus one; base case; ladder proof
  Matrix multiplication: row times column; multiplying grids of numbers; order of factors matters; product of two tables; AB is not BA
  Median: the one in the middle; middle value; half are above and half below; house prices with one villa; middle income; sort and take the center
  Metric prefixes: kilo; milli; mega; giga; nano; how many grams in a kilo; thousand times; micro; how big is a gigabyte; centi; prefix for a billionth
  Mode: most frequent value; most popular shoe size; value that shows up most; best-selling color; what comes most often
  Newton's method: guessing a root better and better; follow the tangent down; computing a square root by hand; quick approximations to zeros; start with a guess and improve it
  Normal distribution: bell curve; bell-shaped; heights of people; 68 95 99; Gaussian; IQ scores; how many within one spread; central limit
  Order of operations: PEMDAS; BODMAS; times before plus; brackets first; what comes first in a sum; 2 plus 3 times 4; which step first
  Parabola: U-shaped curve; path of a thrown ball; satellite dish; headlight mirror; graph of x squared; turning point of a curve; water of a fountain
  Parallelogram: slanted rectangle; pushed over box; four sides with opposite ones parallel; diamond shape; rhombus; leaning rectangle; base times height
  Pascal's triangle: pyramid of numbers; each number is the sum of the two above; coefficients of a plus b to the n; triangle with ones at the edges
  Percentage: discount; sale; tax; out of a hundred; price up and down again; tip at the restaurant; 20 off; from 4 to 5 points; share of a hundred
  Perfect number: 6 and 28; number equal to the sum of its divisors; sum of its parts; amicable numbers; Mersenne; number that adds up to itself
  Permutation: ways to order things; how many orders; rearranging letters; first second third place; seating friends on a bench; passwords without repeats; podium
  Pi: 3.14; circle number; how many digits; around divided by across; 22 over 7; squaring the circle; distance round a circle over its width
  Pigeonhole principle: more socks than colors; two must share; drawers and socks; more things than boxes; two people with the same number of hairs; why must two match
  Platonic solids: dice shapes; cube and pyramid; regular bodies; how many perfectly regular solids; tetrahedron; icosahedron; twenty-sided die; role-playing dice
  Polynomial: x cubed plus 2x plus 1; sums of powers of x; highest power; degree; long expression in x; dividing by x minus a
  Prime number: only divisible by one and itself; 2 3 5 7 11; can't be split evenly; how to tell if a number is prime; is one prime; twin primes; numbers nobody can divide
  Product rule: derivative of two functions multiplied; first times slope of the second plus; u v; differentiate a product; quotient rule
  Proof by contradiction: assume the opposite; shows nonsense follows; suppose it were false; reductio ad absurdum; indirect proof; contrapositive
  Pythagorean theorem: a squared plus b squared; longest side of a right triangle; how long must the ladder be; 3 4 5; square corner with a rope; diagonal of a door; straight line across a field
  Quadratic equation: x squared; a x squared plus b x plus c; midnight formula; two solutions; completing the square; abc formula; when does the ball hit the ground; sum and product of the answers
  Radian: angle in terms of pi; another unit than degrees; 180 degrees is pi; turning degrees into something else; 57 degrees; angle where arc is as long as radius
  Rational number: can be written as a fraction; repeating decimals; 0.333; terminating decimals; ratio of whole numbers; turning 0.999 into a fraction
  Roman numerals: I V X L C D M; letters for numbers; clock face numbers; year on an old building; MMXX; why is 4 written IV; numbers of kings
  Sieve of Eratosthenes: crossing out multiples; finding all primes up to a hundred; old Greek way to list primes; strike out every second number
  Similar triangles: same shape but other size; height of a tree from its shadow; scaled copy; same angles; enlarged; measuring a pyramid by its shadow; blown up photo
  Sine and cosine: waves; opposite over hypotenuse; height on the unit circle; trig; sin and cos of 30 degrees; SOH CAH TOA; adjacent over hypotenuse
  Sophie Germain: woman who wrote under a man's name; French woman who studied at night; primes named after a woman; vibrating plates; Monsieur LeBlanc; self-taught woman
  Sphere: ball; globe; the earth's shape; soap bubble; how much paint for a ball; football; orange; air in a balloon
  Srinivasa Ramanujan: Indian genius; self-taught man from India; taxi number 1729; friend of Hardy; man who knew infinity; clerk from Madras; letter to Cambridge
  Standard deviation: how spread out the values are; typical distance from the average; sigma; spread of grades; same average but different spread; scatter
  Tangent function: tan; opposite over adjacent; steepness from an angle; height of a tower from the angle; sine over cosine; slope of a ramp in degrees; 45 degrees gives one
  Tangent line: line that just touches a curve; touching line; straight line at a point of a curve; best straight fit at one point; touches the circle once
  Taylor series: function as an endless polynomial; how calculators compute sine; approximating with powers; sum of x to the n over n factorial; Maclaurin
  Tree: network without loops; connected without circles; one edge less than points; family tree; folders on a computer; branches and leaves; spanning
  Union and intersection: overlapping circles; Venn diagram; in one or both; what two groups share; pupils who play both; and and or of sets; counting without counting twice
  Units of area: square meters; hectares; acres; square feet; how big is a farm; floor size of a flat; soccer field size; convert square feet
  Variance: average squared distance from the mean; sigma squared; square of the spread; why divide by n minus 1; how much values vary; squared deviations
`);
