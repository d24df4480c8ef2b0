/**
 * Short entries of the documents that the search tool finds. Common textbook knowledge, for training small models on
 * the form of an answer; not medical advice. Illnesses that notebooks teach from nothing (chapter "new" of the conditions) are
 * left out.
 */
export interface KnownFact {
  /** Completes "Search for ...", and is the query. */
  topic: string;
  /** Asks for it. */
  question: string;
  /** One sentence. */
  text: string;
  /** Words that an answer made from it has to state. */
  needed: readonly string[];
}

const fact = (topic: string, question: string, text: string, ...needed: string[]): KnownFact => ({
  topic,
  question,
  text,
  needed,
});

export const KNOWN_FACTS: readonly KnownFact[] = [
  fact("cause of gout", "What causes gout?", "Gout is caused by crystals of uric acid in a joint.", "uric acid"),
  fact("cause of anemia", "What causes anemia?", "Anemia is most often caused by a lack of iron.", "iron"),
  fact("cause of scurvy", "What causes scurvy?", "Scurvy is caused by a lack of vitamin C.", "vitamin C"),
  fact("cause of rickets", "What causes rickets?", "Rickets is caused by a lack of vitamin D.", "vitamin D"),
  fact(
    "cause of tetanus",
    "What causes tetanus?",
    "Tetanus is caused by bacteria that enter a wound.",
    "bacteria",
    "wound",
  ),
  fact("cause of shingles", "What causes shingles?", "Shingles is caused by the virus of chickenpox.", "chickenpox"),
  fact("cause of goiter", "What causes goiter?", "Goiter is often caused by a lack of iodine.", "iodine"),
  fact("treatment of asthma", "How is asthma treated?", "Asthma attacks are treated with an inhaler.", "inhaler"),
  fact(
    "treatment of hypothyroidism",
    "How is hypothyroidism treated?",
    "Hypothyroidism is treated with levothyroxine.",
    "levothyroxine",
  ),
  fact(
    "treatment of athlete's foot",
    "How is athlete's foot treated?",
    "Athlete's foot is treated with a cream against fungus.",
    "fungus",
  ),
  fact(
    "treatment of high cholesterol",
    "How is high cholesterol treated?",
    "High cholesterol is treated with statins.",
    "statins",
  ),
  fact(
    "treatment of dehydration",
    "How is dehydration treated?",
    "Dehydration is treated with water and salts.",
    "salts",
  ),
  fact(
    "symptoms of migraine",
    "What are the symptoms of migraine?",
    "Migraine brings strong headache, nausea and fear of light.",
    "headache",
    "nausea",
  ),
  fact(
    "symptoms of measles",
    "What are the symptoms of measles?",
    "Measles brings fever, cough and a red rash.",
    "fever",
    "rash",
  ),
  fact(
    "symptoms of pneumonia",
    "What are the symptoms of pneumonia?",
    "Pneumonia brings fever, cough and short breath.",
    "fever",
    "cough",
  ),
  fact(
    "symptoms of appendicitis",
    "What are the symptoms of appendicitis?",
    "Appendicitis brings pain in the lower right belly.",
    "lower right belly",
  ),
  fact(
    "normal body temperature",
    "What is the normal body temperature?",
    "The normal body temperature is about 37 degrees.",
    "37",
  ),
  fact(
    "normal resting pulse",
    "What is a normal resting pulse?",
    "The normal resting pulse of adults is 60 to 100 beats a minute.",
    "60",
    "100",
  ),
  fact(
    "side effects of aspirin",
    "What are the side effects of aspirin?",
    "Aspirin may cause bleeding of the stomach.",
    "bleeding",
  ),
  fact(
    "side effects of ibuprofen",
    "What are the side effects of ibuprofen?",
    "Ibuprofen may cause pain of the stomach.",
    "stomach",
  ),
  fact(
    "Bezout's identity",
    "What does Bezout's identity say?",
    "Bezout's identity says that gcd(a, b) = a*x + b*y for some integers x and y.",
    "integers",
  ),
  fact(
    "Pythagorean theorem",
    "What does the Pythagorean theorem say?",
    "The Pythagorean theorem says that a*a + b*b = c*c in a right triangle.",
    "right triangle",
  ),
  fact(
    "fundamental theorem of arithmetic",
    "What does the fundamental theorem of arithmetic say?",
    "The fundamental theorem of arithmetic says that every integer above 1 is a product of primes in one way.",
    "primes",
  ),
  fact(
    "definition of prime numbers",
    "What is the definition of prime numbers?",
    "A prime number has exactly two divisors, 1 and itself.",
    "two divisors",
  ),
  fact(
    "definition of perfect numbers",
    "What is the definition of perfect numbers?",
    "A perfect number is the sum of its smaller divisors.",
    "divisors",
  ),
  fact(
    "angle sum of a triangle",
    "What is the angle sum of a triangle?",
    "The angles of a triangle sum to 180 degrees.",
    "180",
  ),
  fact(
    "volume of a sphere",
    "What is the volume of a sphere?",
    "The volume of a sphere is 4/3 times pi times the cube of its radius.",
    "4/3",
    "radius",
  ),
  fact(
    "area of a circle",
    "What is the area of a circle?",
    "The area of a circle is pi times the square of its radius.",
    "pi",
    "radius",
  ),
  fact(
    "Fermat's little theorem",
    "What does Fermat's little theorem say?",
    "Fermat's little theorem says that p divides a^p - a for every prime p.",
    "prime p",
  ),
  fact(
    "definition of the derivative",
    "What is the definition of the derivative?",
    "The derivative is the limit of the slope between two points that come together.",
    "limit",
  ),
  fact(
    "Euler's formula for polyhedra",
    "What does Euler's formula for polyhedra say?",
    "Euler's formula says that corners - edges + faces = 2 for a polyhedron.",
    "corners",
    "faces",
  ),
  fact(
    "Goldbach conjecture",
    "What does the Goldbach conjecture say?",
    "The Goldbach conjecture says that every even number above 2 is a sum of two primes.",
    "two primes",
  ),
];
