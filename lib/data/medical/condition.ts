/** What the medical generators know about one illness. */

/** Shown wherever these facts, or texts made from them, are shown. */
export const MEDICAL_NOTICE =
  "These medical texts are synthetic and made for demonstrations of how models are trained. " +
  "They are not medical advice.";

/** The parts of the body that the conditions are spread over. */
export const BODY_SYSTEMS = [
  "heart",
  "lungs",
  "blood",
  "digestion",
  "kidneys",
  "brain",
  "mind",
  "hormones",
  "bones",
  "skin",
  "ears and eyes",
  "infection",
  "women's health",
] as const;

/** One of BODY_SYSTEMS. */
export type BodySystem = typeof BODY_SYSTEMS[number];

/** What a person feels. `lay` follows "has had": a noun phrase with its article. */
export interface Symptom {
  lay: string;
  /** The standard term, with no article, where it differs from everyday words. */
  term?: string;
}

/** A common condition with the facts that texts teach. Textbook knowledge, shortened. */
export interface Condition {
  /** Its usual name, in lower case but for names of people: "type 2 diabetes". */
  name: string;
  /** An everyday name, as people say it: "wear and tear arthritis". */
  lay?: string;
  system: BodySystem;
  /** The house model's pretraining reads vignettes of "known" conditions only; "new" ones are left for notebooks to teach. */
  chapter: "known" | "new";
  /** Typical ages in years, both ends included. */
  ages: [number, number];
  /** Where it concerns one sex only. */
  sex?: "woman" | "man";
  /** How long people typically have it before they ask. */
  lasts: "hours" | "a day" | "days" | "weeks" | "months";
  /** Four of them; no two conditions share a pair. */
  symptoms: [Symptom, Symptom, Symptom, Symptom];
  /** What an examination or a test shows, as it follows "shows": "a fasting glucose above 126 mg/dL". */
  finding: string;
  /** The test that confirms it, without an article. */
  test: string;
  /** The first treatment, without an article, and why it helps ("it opens the airways"). */
  treatment: { name: string; because: string };
  /**
   * What must not be given (without an article), and why. `who` says for whom, as it follows "she": "is pregnant"; where it is
   * absent the rule is for everybody with the condition.
   */
  avoid: { name: string; because: string; who?: string };
  /** Whether anybody who may have it belongs in a hospital at once. */
  emergency?: true;
  /** A sign that needs care at once, with its article. */
  warning: string;
  /** What people can do themselves, as an order: "eat less salt". */
  selfCare: string;
}
