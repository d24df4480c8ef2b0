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
    topics: ["back pain", "a toothache", "period pain", "knee pain"],
    because: "it calms inflammation",
    hazards: [
      { group: PREGNANT, because: "it can harm the unborn child" },
      { group: withCondition("kidney disease"), because: "it can worsen kidney function" },
      { group: withCondition("a stomach ulcer"), because: "it can make the stomach bleed" },
      { group: withCondition("heart failure"), because: "it makes the body hold water" },
      { group: onMedicine("warfarin"), because: "together they cause bleeding" },
      { group: onMedicine("lithium"), because: "it raises the level of lithium" },
    ],
  },
  {
    name: "aspirin",
    topics: ["a headache", "a fever", "a toothache"],
    because: "it eases pain and fever",
    hazards: [
      { group: withCondition("a stomach ulcer"), because: "it can make the stomach bleed" },
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
    topics: ["hives", "poor sleep"],
    because: "it blocks histamine",
    hazards: [
      { group: withCondition("glaucoma"), because: "it raises the eye pressure" },
      { group: onMedicine("diazepam"), because: "together they slow the breath" },
    ],
  },
  {
    name: "codeine",
    topics: ["a dry cough", "back pain"],
    because: "it calms the nerves",
    hazards: [
      { group: withCondition("sleep apnea"), because: "it slows the breath at night" },
      { group: onMedicine("diazepam"), because: "together they slow the breath" },
      { group: allergicTo("codeine"), because: "it can cause shock" },
    ],
  },
  {
    name: "propranolol",
    topics: ["shaking hands", "stage fright"],
    because: "it slows the heart",
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
      { group: withCondition("epilepsy"), because: "it can set off seizures" },
      { group: onMedicine("sertraline"), because: "together they give too much serotonin" },
    ],
  },
  {
    name: "doxycycline",
    topics: ["acne", "a chest infection"],
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
    topics: ["a sinus infection", "a chest infection"],
    because: "it stops bacteria",
    hazards: [
      { group: onMedicine("simvastatin"), because: "together they harm the muscles" },
      { group: onMedicine("colchicine"), because: "it raises colchicine to a toxic level" },
    ],
  },
  {
    name: "St John's wort",
    topics: ["low mood", "poor sleep"],
    because: "it lifts the mood a little",
    hazards: [
      { group: onMedicine("sertraline"), because: "together they give too much serotonin" },
      { group: onMedicine("warfarin"), because: "it makes warfarin weaker" },
    ],
  },
  {
    name: "calcium antacid",
    topics: ["heartburn"],
    because: "it binds acid",
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
    hazards: [{ group: onMedicine("methotrexate"), because: "together they harm the marrow" }],
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
  "period pain": ["a warm bottle", "gentle stretching"],
  "knee pain": ["a cold pack", "swimming"],
  "a headache": ["rest in a dark room", "plenty of water"],
  "a fever": ["rest and water", "a cool cloth"],
  "a blocked nose": ["a saline rinse", "warm steam"],
  "a common cold": ["rest and warm tea", "a saline rinse"],
  "hives": ["a cool bath", "loose clothes"],
  "poor sleep": ["a fixed bedtime", "a quiet dark room"],
  "a dry cough": ["honey in warm tea", "moist air"],
  "shaking hands": ["less coffee", "slow breathing"],
  "stage fright": ["slow breathing", "practice with friends"],
  "acne": ["gentle washing", "an oil-free cream"],
  "a chest infection": ["rest and water", "warm drinks"],
  "an ear infection": ["a warm cloth", "a raised head at night"],
  "a sinus infection": ["a saline rinse", "warm steam"],
  "low mood": ["a daily walk", "talk therapy"],
  "heartburn": ["small meals", "a raised head at night"],
  "migraine": ["rest in a dark room", "a cold pack"],
  "high blood pressure": ["less salt", "a daily walk"],
  "a bladder infection": ["plenty of water", "a warm bottle"],
};
