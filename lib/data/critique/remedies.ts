import { allergicTo, type Group, onMedicine, PREGNANT, withCondition } from "./groups.ts";

/**
 * Medicines that help with a complaint and that somebody must not take. Synthetic, common textbook knowledge, shortened; not
 * medical advice.
 */
export interface Remedy {
  name: string;
  topics: readonly string[];
  /** Why it helps, after a colon. */
  because: string;
  hazards: readonly { group: Group; because: string }[];
}

export const REMEDIES: readonly Remedy[] = [
  {
    name: "ibuprofen",
    topics: ["back pain", "a toothache", "a sprained ankle", "knee pain"],
    because: "it calms inflammation",
    hazards: [
      { group: PREGNANT, because: "it can harm the unborn child" },
      { group: withCondition("Crohn's disease"), because: "it can make the bowel bleed" },
      { group: withCondition("heart disease"), because: "it strains the heart" },
      { group: onMedicine("warfarin"), because: "together they cause bleeding" },
      { group: onMedicine("digoxin"), because: "it raises the level of digoxin" },
    ],
  },
  {
    name: "aspirin",
    topics: ["a headache", "a fever", "a toothache"],
    because: "it eases pain and fever",
    hazards: [
      { group: withCondition("nasal polyps"), because: "it can close the airways" },
      { group: onMedicine("warfarin"), because: "together they cause bleeding" },
      { group: onMedicine("apixaban"), because: "together they cause bleeding" },
      { group: allergicTo("aspirin"), because: "it can close the airways" },
    ],
  },
  {
    name: "pseudoephedrine",
    topics: ["a blocked nose", "a common cold"],
    because: "it shrinks the lining of the nose",
    hazards: [
      { group: withCondition("high blood pressure"), because: "it narrows the arteries" },
      { group: withCondition("heart disease"), because: "it makes the heart race" },
    ],
  },
  {
    name: "diphenhydramine",
    topics: ["hives"],
    because: "it blocks histamine",
    hazards: [
      { group: withCondition("sleep apnea"), because: "it slows the breath at night" },
      { group: onMedicine("diazepam"), because: "together they slow the breath" },
    ],
  },
  {
    name: "codeine",
    topics: ["a dry cough", "back pain"],
    because: "it dulls pain and cough",
    hazards: [
      { group: withCondition("sleep apnea"), because: "it slows the breath at night" },
      { group: onMedicine("diazepam"), because: "together they slow the breath" },
      { group: allergicTo("codeine"), because: "it can cause shock" },
    ],
  },
  {
    name: "propranolol",
    topics: ["shaking hands", "stage fright"],
    because: "it blocks adrenaline",
    hazards: [
      { group: withCondition("asthma"), because: "it narrows the airways" },
      { group: onMedicine("verapamil"), because: "together they slow the heart too much" },
    ],
  },
  {
    name: "tramadol",
    topics: ["back pain", "knee pain"],
    because: "it dulls strong pain",
    hazards: [
      { group: withCondition("a head injury"), because: "it can set off seizures" },
      { group: onMedicine("sertraline"), because: "together they give too much serotonin" },
    ],
  },
  {
    name: "doxycycline",
    topics: ["rosacea", "a chest infection"],
    because: "it stops bacteria",
    hazards: [
      { group: PREGNANT, because: "it stains the teeth of the child" },
      { group: allergicTo("doxycycline"), because: "it can cause shock" },
    ],
  },
  {
    name: "amoxicillin",
    topics: ["an ear infection", "a chest infection"],
    because: "it kills bacteria",
    hazards: [{ group: allergicTo("penicillin"), because: "it is a penicillin too" }],
  },
  {
    name: "clarithromycin",
    topics: ["a skin infection", "a chest infection"],
    because: "it stops bacteria",
    hazards: [
      { group: onMedicine("simvastatin"), because: "together they harm the muscles" },
      { group: onMedicine("colchicine"), because: "it raises colchicine to a toxic level" },
    ],
  },
  {
    name: "St John's wort",
    topics: ["low mood"],
    because: "it lifts the mood a little",
    hazards: [
      { group: onMedicine("sertraline"), because: "together they give too much serotonin" },
      { group: onMedicine("warfarin"), because: "it makes warfarin weaker" },
    ],
  },
  {
    name: "calcium carbonate",
    topics: ["heartburn"],
    because: "it neutralizes acid",
    hazards: [
      { group: onMedicine("levothyroxine"), because: "it blocks the uptake of levothyroxine" },
      { group: withCondition("kidney stones"), because: "it can feed the stones" },
    ],
  },
  {
    name: "sumatriptan",
    topics: ["migraine"],
    because: "it narrows wide vessels of the head",
    hazards: [
      { group: withCondition("heart disease"), because: "it narrows the vessels of the heart" },
      { group: withCondition("uncontrolled high blood pressure"), because: "it raises the blood pressure" },
    ],
  },
  {
    name: "lisinopril",
    topics: ["high blood pressure"],
    because: "it relaxes the arteries",
    hazards: [{ group: PREGNANT, because: "it harms the kidneys of the child" }],
  },
  {
    name: "trimethoprim",
    topics: ["a bladder infection"],
    because: "it stops bacteria",
    hazards: [{ group: onMedicine("azathioprine"), because: "together they harm the marrow" }],
  },
];

/** Why invented medicines help, and why somebody must not take them. */
export const INVENTED_HELPS: readonly string[] = [
  "it calms the nerves",
  "it eases pain",
  "it lowers swelling",
  "it relaxes the muscles",
  "it kills germs",
];
export const INVENTED_HARMS: readonly string[] = [
  "it can harm the liver",
  "it can worsen kidney function",
  "it can make the stomach bleed",
  "it makes the heart race",
  "it can cause shock",
  "it slows the breath",
];

/** What helps without a medicine, by the complaint. */
export const HOME_HELP: Readonly<Record<string, readonly string[]>> = {
  "back pain": ["gentle walking", "a warm bottle"],
  "a toothache": ["a cold pack", "a salt water rinse"],
  "a sprained ankle": ["a cold pack", "a raised foot"],
  "knee pain": ["a cold pack", "swimming"],
  "a headache": ["rest in a dark room", "plenty of water"],
  "a fever": ["rest and water", "a cool cloth"],
  "a blocked nose": ["a saline rinse", "warm steam"],
  "a common cold": ["rest and warm tea", "a saline rinse"],
  "hives": ["a cool bath", "loose clothes"],
  "a dry cough": ["honey in warm tea", "moist air"],
  "shaking hands": ["less coffee", "slow breathing"],
  "stage fright": ["slow breathing", "practice with friends"],
  "rosacea": ["gentle washing", "an oil-free cream"],
  "a chest infection": ["rest and water", "warm drinks"],
  "an ear infection": ["a warm cloth", "a raised head at night"],
  "a skin infection": ["a clean dressing", "gentle washing"],
  "low mood": ["a daily walk", "talk therapy"],
  "heartburn": ["small meals", "a raised head at night"],
  "migraine": ["rest in a dark room", "a cold pack"],
  "high blood pressure": ["less salt", "a daily walk"],
  "a bladder infection": ["plenty of water", "a warm bottle"],
};
