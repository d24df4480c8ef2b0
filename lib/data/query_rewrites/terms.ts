/** How patients say things and what a search index calls them. Synthetic; common knowledge, not medical advice. */

/** A complaint in lay words and in standard terms. */
export interface LayComplaint {
  /** After "I have" or "my son has": "a burning tummy". */
  noun: string;
  /** A clause of the patient: "my tummy burns". */
  clause: string;
  term: string;
  /** Brought on by "meals" or by "effort", which a moment may then name. */
  by?: "meals" | "effort";
}

export const COMPLAINTS: readonly LayComplaint[] = [
  { noun: "a burning tummy", clause: "my tummy burns", term: "epigastric burning", by: "meals" },
  { noun: "a tummy ache", clause: "my tummy aches", term: "abdominal pain", by: "meals" },
  { noun: "a pounding head", clause: "my head pounds", term: "headache" },
  { noun: "a runny nose", clause: "my nose keeps running", term: "rhinorrhea" },
  { noun: "a stuffy nose", clause: "my nose is blocked", term: "nasal congestion" },
  { noun: "a scratchy throat", clause: "my throat is scratchy", term: "pharyngitis" },
  { noun: "a hot forehead", clause: "I am burning up", term: "pyrexia" },
  { noun: "the runs", clause: "I have loose stools", term: "diarrhea", by: "meals" },
  { noun: "trouble pooping", clause: "I cannot poop", term: "constipation" },
  { noun: "a sick stomach", clause: "I feel like throwing up", term: "nausea", by: "meals" },
  { noun: "bouts of throwing up", clause: "I keep throwing up", term: "emesis", by: "meals" },
  { noun: "a spinning head", clause: "the room spins", term: "vertigo" },
  { noun: "itchy skin", clause: "my skin itches", term: "pruritus" },
  { noun: "itchy bumps", clause: "itchy bumps come up", term: "urticaria" },
  { noun: "a racing heart", clause: "my heart races", term: "palpitations", by: "effort" },
  { noun: "puffy ankles", clause: "my ankles swell", term: "peripheral edema" },
  { noun: "trouble breathing", clause: "I get out of breath", term: "dyspnea", by: "effort" },
  { noun: "a whistling chest", clause: "my chest whistles", term: "expiratory wheeze", by: "effort" },
  { noun: "a tight chest", clause: "my chest feels tight", term: "chest tightness", by: "effort" },
  { noun: "a sore lower back", clause: "my lower back is sore", term: "low back pain", by: "effort" },
  { noun: "achy joints", clause: "my joints ache", term: "arthralgia", by: "effort" },
  { noun: "sore muscles", clause: "my muscles are sore", term: "myalgia" },
  { noun: "leg cramps", clause: "my legs cramp", term: "muscle cramps", by: "effort" },
  { noun: "tingling feet", clause: "my feet tingle", term: "paresthesia" },
  { noun: "restless nights", clause: "I cannot fall asleep", term: "sleep disturbance" },
  { noun: "no energy", clause: "I am worn out", term: "fatigue" },
  { noun: "burning when peeing", clause: "it burns when I pee", term: "dysuria" },
  { noun: "a need to pee often", clause: "I pee all the time", term: "urinary frequency" },
  { noun: "a ringing ear", clause: "my ears ring", term: "tinnitus" },
  { noun: "a sore ear", clause: "my ear hurts", term: "otalgia" },
  { noun: "red eyes", clause: "my eyes are red", term: "ocular hyperemia" },
  { noun: "dry eyes", clause: "my eyes feel gritty", term: "dry eye" },
  { noun: "blurry sight", clause: "my sight is blurry", term: "blurred vision" },
  { noun: "cracked lips", clause: "my lips crack", term: "cheilitis" },
  { noun: "a nosebleed", clause: "my nose bleeds", term: "epistaxis" },
  { noun: "bruises", clause: "I bruise easily", term: "easy bruising" },
  { noun: "hair loss", clause: "my hair falls out", term: "alopecia" },
  { noun: "gas", clause: "I am full of gas", term: "flatulence", by: "meals" },
  { noun: "heavy periods", clause: "my periods are heavy", term: "menorrhagia" },
  { noun: "painful periods", clause: "my periods hurt", term: "dysmenorrhea" },
];

/** When a complaint comes, as patients say it and in a query; those with `by` only where that brings it on. */
export const MOMENTS: readonly { lay: string; term: string; by?: "meals" | "effort" }[] = [
  { lay: "at night", term: "at night" },
  { lay: "when I lie in bed", term: "at night" },
  { lay: "in the morning", term: "in the morning" },
  { lay: "when I wake up", term: "in the morning" },
  { lay: "after meals", term: "after meals", by: "meals" },
  { lay: "after I eat", term: "after meals", by: "meals" },
  { lay: "when I climb stairs", term: "on exertion", by: "effort" },
  { lay: "after a run", term: "on exertion", by: "effort" },
];

/** An illness in lay words and its standard name; the known conditions of the medical corpus come on top. */
export const LAY_ILLNESSES: readonly { lay: string; term: string }[] = [
  { lay: "pink eye", term: "conjunctivitis" },
  { lay: "cold sores", term: "herpes labialis" },
  { lay: "athlete's foot", term: "tinea pedis" },
  { lay: "piles", term: "hemorrhoids" },
  { lay: "stomach flu", term: "gastroenteritis" },
  { lay: "whooping cough", term: "pertussis" },
  { lay: "lockjaw", term: "tetanus" },
  { lay: "kissing disease", term: "infectious mononucleosis" },
  { lay: "fatty liver", term: "hepatic steatosis" },
  { lay: "high cholesterol", term: "hypercholesterolemia" },
  { lay: "tennis elbow", term: "lateral epicondylitis" },
  { lay: "bed wetting", term: "enuresis" },
  { lay: "sea sickness", term: "motion sickness" },
  { lay: "head lice", term: "pediculosis" },
  { lay: "ringworm", term: "tinea corporis" },
  { lay: "a heart attack", term: "myocardial infarction" },
  { lay: "a common cold", term: "viral rhinitis" },
  { lay: "German measles", term: "rubella" },
];

/** Brand names and everyday names of medicines, with their generic names. */
export const MEDICINE_NAMES: readonly { lay: string; term: string }[] = [
  { lay: "Advil", term: "ibuprofen" },
  { lay: "Motrin", term: "ibuprofen" },
  { lay: "Nurofen", term: "ibuprofen" },
  { lay: "Tylenol", term: "paracetamol" },
  { lay: "Panadol", term: "paracetamol" },
  { lay: "Aleve", term: "naproxen" },
  { lay: "Voltaren", term: "diclofenac" },
  { lay: "Zyrtec", term: "cetirizine" },
  { lay: "Claritin", term: "loratadine" },
  { lay: "Benadryl", term: "diphenhydramine" },
  { lay: "Sudafed", term: "pseudoephedrine" },
  { lay: "Prilosec", term: "omeprazole" },
  { lay: "Pepcid", term: "famotidine" },
  { lay: "Imodium", term: "loperamide" },
  { lay: "Glucophage", term: "metformin" },
  { lay: "Lipitor", term: "atorvastatin" },
  { lay: "Zocor", term: "simvastatin" },
  { lay: "Coumadin", term: "warfarin" },
  { lay: "Xarelto", term: "rivaroxaban" },
  { lay: "Zoloft", term: "sertraline" },
  { lay: "Prozac", term: "fluoxetine" },
  { lay: "Ventolin", term: "salbutamol" },
  { lay: "Synthroid", term: "levothyroxine" },
  { lay: "Lasix", term: "furosemide" },
  { lay: "Valium", term: "diazepam" },
  { lay: "Amoxil", term: "amoxicillin" },
  { lay: "Viagra", term: "sildenafil" },
  { lay: "Plavix", term: "clopidogrel" },
  { lay: "Neurontin", term: "gabapentin" },
];

/** Generic names that stay as they are. */
export const GENERIC_NAMES: readonly string[] = [
  "ibuprofen",
  "paracetamol",
  "aspirin",
  "naproxen",
  "metformin",
  "lisinopril",
  "warfarin",
  "omeprazole",
  "cetirizine",
  "prednisone",
  "codeine",
  "insulin",
];

/** A special group of patients: told as a fact of the patient, and asked about as a group. */
export interface Population {
  /** A sentence of the patient without its period. */
  self: string;
  /** After "for" or "what about". */
  group: string;
  term: string;
}

export const POPULATIONS: readonly Population[] = [
  { self: "I am pregnant", group: "pregnant women", term: "pregnancy" },
  { self: "I am expecting a baby", group: "women who expect a baby", term: "pregnancy" },
  { self: "I am breastfeeding", group: "nursing mothers", term: "breastfeeding" },
  { self: "I nurse my baby", group: "breastfeeding mothers", term: "breastfeeding" },
  { self: "my kidneys are bad", group: "people with bad kidneys", term: "kidney disease" },
  { self: "my liver is bad", group: "people with a bad liver", term: "liver disease" },
  {
    self: "my blood pressure is too high",
    group: "people with too high a blood pressure",
    term: "high blood pressure",
  },
  { self: "my sugar is too high", group: "people with high sugar", term: "diabetes" },
  { self: "I have a bad heart", group: "people with a bad heart", term: "heart disease" },
  { self: "I have asthma", group: "people with asthma", term: "asthma" },
  { self: "I have a new kidney", group: "people with a new organ", term: "organ transplant" },
  { self: "I am allergic to penicillin", group: "people with a penicillin allergy", term: "penicillin allergy" },
  { self: "I am allergic to aspirin", group: "people with an aspirin allergy", term: "aspirin allergy" },
  { self: "I smoke", group: "smokers", term: "smoking" },
];

/** What is asked about a medicine or a complaint. */
export type Aspect =
  | "treatment"
  | "causes"
  | "prevention"
  | "warning signs"
  | "side effects"
  | "dose"
  | "interaction";
