import type { LabelledRoute } from "./labelled_route.ts";

const MATH = [
  "What is seven plus nine?",
  "How many minutes are there in three and a half hours?",
  "If 4 friends share 62 euros, how much does each one get?",
  "Solve the equation 3y = 21.",
  "What is 15% of 80?",
  "Is 2 to the power of 10 more than 1000?",
  "How do I find the area of a circle?",
  "A car drives 240 km in 3 hours. How fast is it?",
  "What is the sum of the angles in a triangle?",
  "Why can't we divide by zero?",
];

const MEDICAL = [
  "My tooth hurts when I drink something cold.",
  "Which vaccine do I need against tetanus?",
  "I feel sick after eating mushrooms.",
  "Is it bad if my urine is dark?",
  "My back hurts since I lifted a heavy box.",
  "How long is the flu infectious?",
  "Can I take aspirin on an empty stomach?",
  "I twisted my ankle while running, should I cool it?",
  "What could a tingling in my fingers mean?",
  "My grandmother forgets more and more names. Is that dementia?",
];

const NONE = [
  "Can my landlord raise the rent twice in one year?",
  "Which telescope is good for beginners?",
  "When should I plant tulips?",
  "How do bees find their way home?",
  "Why did the Roman empire fall?",
  "Which chess opening suits a patient player?",
  "How do I renew my passport?",
  "Is it rude to leave a party early?",
  "What is the capital of Mongolia?",
  "Paint me a picture of a lighthouse at dusk.",
  "How do I get red wine out of a carpet?",
  "Who invented the printing press?",
  "What does my dream about flying mean?",
  "Should I invest in gold or in bonds?",
  "The printer says that it is out of paper, but it is full.",
  "Tell me a joke about penguins.",
  "How far away is the moon?",
  "Can you keep a secret?",
  "asdf qwer zxcv",
  "42",
];

/**
 * Questions that a person wrote and no generator: for "math", "medical" and no route, many of the last about subjects that
 * no generated question has. Only to test with: nothing is trained on them or fitted to them.
 */
export const HAND_WRITTEN_QUESTIONS: readonly LabelledRoute[] = [
  ...MATH.map((question) => ({ question, route: "math" })),
  ...MEDICAL.map((question) => ({ question, route: "medical" })),
  ...NONE.map((question) => ({ question, route: null })),
];
