/** Short conversations about the library that ships, whose last question only the one before makes clear. Written by hand. */

/** A conversation with the article that answers its last question. */
export interface LabelledFollowUp {
  id: string;
  /** The person's messages; the last is the question. */
  turns: readonly [string, string];
  /** File names without folder and extension. */
  articles: readonly [string];
}

/** Those with an even place were looked at when rules were written; those with an odd one only measure. */
export const LABELLED_FOLLOW_UPS: readonly LabelledFollowUp[] = [
  { id: "follow-01", turns: ["What is gout?", "And how is it prevented?"], articles: ["gout"] },
  { id: "follow-02", turns: ["How do statins work?", "May I take them in pregnancy?"], articles: ["statins"] },
  {
    id: "follow-03",
    turns: ["What helps against migraine?", "How long does an attack of it last?"],
    articles: ["migraine"],
  },
  { id: "follow-04", turns: ["What is Lyme disease?", "What about the rash?"], articles: ["lyme_disease"] },
  { id: "follow-05", turns: ["What does metformin do?", "And what if my kidneys are bad?"], articles: ["metformin"] },
  {
    id: "follow-06",
    turns: ["How is strep throat treated?", "When can children go back to school?"],
    articles: ["strep_throat"],
  },
  {
    id: "follow-07",
    turns: ["Why do people get kidney stones?", "What about pregnant women, which scan do they get?"],
    articles: ["kidney_stones"],
  },
  { id: "follow-08", turns: ["What is an underactive thyroid?", "How is that treated?"], articles: ["hypothyroidism"] },
  {
    id: "follow-09",
    turns: ["What does warfarin do?", "Which blood test does it need?"],
    articles: ["anticoagulants"],
  },
  { id: "follow-10", turns: ["Where do I inject insulin?", "And how do I store it?"], articles: ["insulin"] },
  { id: "follow-11", turns: ["What is asthma?", "What can set it off?"], articles: ["asthma"] },
  {
    id: "follow-12",
    turns: ["What does ibuprofen do to the stomach?", "Is it the same for pregnant women?"],
    articles: ["nonsteroidal_anti_inflammatory_drugs"],
  },
  {
    id: "follow-13",
    turns: ["I burned my hand on the stove. What helps?", "What about the blisters?"],
    articles: ["burns"],
  },
  {
    id: "follow-14",
    turns: ["Is acetaminophen gentle on the stomach?", "And what happens if I take too much of it?"],
    articles: ["acetaminophen"],
  },
  {
    id: "follow-15",
    turns: ["Why am I short of iron?", "What do the tablets do to my stool?"],
    articles: ["iron_deficiency_anemia"],
  },
  { id: "follow-16", turns: ["What is shingles?", "Is there a vaccine against it?"], articles: ["shingles"] },
];
