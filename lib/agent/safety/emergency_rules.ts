/** Which signs make an emergency, and what is to be done at once. Common first-aid knowledge, made short; no medical guideline. */
import type { SignName } from "./emergency_signs.ts";

/** What an emergency is. */
export type EmergencyKind =
  | "heart attack"
  | "stroke"
  | "breathing"
  | "severe allergic reaction"
  | "suicide"
  | "severe bleeding"
  | "infant fever"
  | "poisoning"
  | "unconsciousness"
  | "meningitis or sepsis"
  | "head injury"
  | "pregnancy emergency"
  | "severe burn";

/** When it is one, and what to do. */
export interface EmergencyRule {
  kind: EmergencyKind;
  /** It is one where all signs of one list are told of, in sentences near each other. */
  when: readonly (readonly SignName[])[];
  /** It is none where one of these is told of as well. */
  unless?: readonly SignName[];
  /** What it may be, after "This may be". */
  name: string;
  /** What to do besides calling for help. */
  advice: string;
}

/** The most urgent first. */
export const EMERGENCY_RULES: readonly EmergencyRule[] = [
  {
    kind: "unconsciousness",
    when: [["unconscious"], ["notBreathing"], ["seizureNow"], ["drowned"]],
    name: "a life-threatening emergency",
    advice:
      "If the person does not breathe normally, begin chest compressions and have somebody fetch a defibrillator. " +
      "If the person breathes, turn them on their side and keep the airway free.",
  },
  {
    kind: "breathing",
    when: [["cannotBreathe"], ["turnsBlue"], ["chokes"]],
    name: "a life-threatening breathing emergency",
    advice:
      "Sit upright and loosen tight clothes. If something blocks the airway, give firm blows between the shoulder blades.",
  },
  {
    kind: "severe allergic reaction",
    when: [["throatCloses"], ["mouthSwells", "allergyCompany"], ["anaphylaxisNow"]],
    name: "a severe allergic reaction",
    advice:
      "Use an adrenaline auto-injector at once if there is one. Lie down with the legs raised, or sit if breathing is hard.",
  },
  {
    kind: "heart attack",
    when: [["chestPain", "heartCompany"], ["crushingChest"], ["heartAttackNow"]],
    name: "a heart attack",
    advice: "Stop all effort and sit down. Do not drive yourself.",
  },
  {
    kind: "stroke",
    when: [
      ["strokeNow"],
      ["faceDroops"],
      ["speechFails"],
      ["sideFails", "sudden"],
      ["cannotSpeak", "sudden"],
      ["cannotSpeak", "sideFails"],
      ["sightLost", "sudden"],
      ["worstHeadache"],
    ],
    name: "a stroke",
    advice: "Note when it began: treatment depends on the time. Do not eat or drink.",
  },
  {
    kind: "suicide",
    when: [["suicidal"]],
    name: "a crisis in which you should not be alone",
    advice: "Go to somebody you trust, or ask them to come, and put away what could be used for harm.",
  },
  {
    kind: "poisoning",
    when: [["tookTooMuch"], ["swallowedPoison"]],
    name: "a poisoning",
    advice: "Do not wait for symptoms, and do not make the person vomit. Keep the package at hand. " +
      "Where gas or smoke may be the cause, get everybody out into fresh air.",
  },
  {
    kind: "severe bleeding",
    when: [["bleedsBadly"]],
    unless: ["usualBleeding"],
    name: "severe bleeding",
    advice: "Press firmly on a wound with a clean cloth and do not let go. Lie down.",
  },
  {
    kind: "infant fever",
    when: [["veryYoung", "feverish"]],
    name: "a serious infection: fever in a baby under three months always has to be seen at once",
    advice: "Do not wait whether it goes down, and give no medicine before a doctor has seen the baby.",
  },
  {
    kind: "meningitis or sepsis",
    when: [["stiffNeck", "feverish"], ["badRash", "feverish"], ["feverish", "confused"]],
    name: "meningitis or blood poisoning",
    advice: "Do not wait for more signs.",
  },
  {
    kind: "head injury",
    when: [["headHit", "headCompany"]],
    name: "a serious head injury",
    advice: "Keep still and do not leave the person alone.",
  },
  {
    kind: "pregnancy emergency",
    when: [["pregnant", "birthTrouble"]],
    name: "an emergency of the pregnancy",
    advice: "Lie down on your left side until help comes.",
  },
  {
    kind: "severe burn",
    when: [["burned"]],
    name: "a severe burn or injury",
    advice:
      "Cool a burn under running lukewarm water; rinse eyes with plenty of water. Remove no clothes that stick. " +
      "After an electric shock, switch the current off before touching the person.",
  },
];
