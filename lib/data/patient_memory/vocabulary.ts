/** What patients of generated chats have and take. Synthetic; common textbook knowledge, not medical advice. */

/** A medicine with the illness it is commonly given for. */
export interface KnownMedicine {
  name: string;
  use: string;
}

export const MEDICINES: readonly KnownMedicine[] = [
  { name: "metformin", use: "diabetes" },
  { name: "insulin", use: "diabetes" },
  { name: "lisinopril", use: "high blood pressure" },
  { name: "amlodipine", use: "high blood pressure" },
  { name: "losartan", use: "high blood pressure" },
  { name: "metoprolol", use: "heart disease" },
  { name: "furosemide", use: "swollen legs" },
  { name: "warfarin", use: "blood clots" },
  { name: "apixaban", use: "blood clots" },
  { name: "simvastatin", use: "high cholesterol" },
  { name: "atorvastatin", use: "high cholesterol" },
  { name: "salbutamol", use: "asthma" },
  { name: "montelukast", use: "asthma" },
  { name: "levothyroxine", use: "an underactive thyroid" },
  { name: "omeprazole", use: "heartburn" },
  { name: "famotidine", use: "heartburn" },
  { name: "sertraline", use: "depression" },
  { name: "citalopram", use: "depression" },
  { name: "allopurinol", use: "gout" },
  { name: "mirtazapine", use: "depression" },
  { name: "gabapentin", use: "nerve pain" },
  { name: "pregabalin", use: "nerve pain" },
  { name: "sumatriptan", use: "migraine" },
  { name: "cetirizine", use: "hay fever" },
  { name: "loratadine", use: "hay fever" },
  { name: "azathioprine", use: "Crohn's disease" },
  { name: "tizanidine", use: "muscle cramps" },
  { name: "iron tablets", use: "anemia" },
  { name: "amoxicillin", use: "an infection" },
  { name: "doxycycline", use: "an infection" },
  { name: "ibuprofen", use: "pain" },
  { name: "paracetamol", use: "pain" },
  { name: "aspirin", use: "pain" },
  { name: "naproxen", use: "pain" },
  { name: "Tylenol", use: "pain" },
  { name: "Advil", use: "pain" },
  { name: "Zyrtec", use: "hay fever" },
  { name: "Xarelto", use: "blood clots" },
];

export const ILLNESSES: readonly string[] = [
  "asthma",
  "diabetes",
  "high blood pressure",
  "high cholesterol",
  "migraine",
  "vertigo",
  "gout",
  "rosacea",
  "eczema",
  "arthritis",
  "kidney disease",
  "liver disease",
  "heart valve disease",
  "heart disease",
  "an underactive thyroid",
  "depression",
  "anxiety",
  "cataracts",
  "anemia",
  "flat feet",
  "a hernia",
  "hay fever",
  "lactose intolerance",
  "restless legs",
  "irritable bowel",
  "varicose veins",
  "sleep apnea",
  "Crohn's disease",
];

/** What people other than medicines are allergic to. */
export const ALLERGENS: readonly string[] = [
  "penicillin",
  "aspirin",
  "ibuprofen",
  "amoxicillin",
  "codeine",
  "sulfa drugs",
  "latex",
  "peanuts",
  "nuts",
  "eggs",
  "milk",
  "shellfish",
  "fish",
  "soy",
  "wheat",
  "bee stings",
  "pollen",
  "cat hair",
  "dust",
  "mold",
  "strawberries",
  "nickel",
];

/** A symptom by its plain name, and clauses in which patients tell of it. */
export interface KnownSymptom {
  name: string;
  /** Clauses that start a sentence or follow "and". */
  says: readonly string[];
}

export const SYMPTOMS: readonly KnownSymptom[] = [
  { name: "headache", says: ["I have a headache", "my head hurts", "my head is pounding"] },
  { name: "cough", says: ["I have a cough", "I keep coughing", "I cannot stop coughing"] },
  { name: "fever", says: ["I have a fever", "I am running a temperature", "I feel hot and shivery"] },
  { name: "sore throat", says: ["I have a sore throat", "my throat hurts", "it hurts when I swallow"] },
  { name: "runny nose", says: ["I have a runny nose", "my nose keeps running", "my nose will not stop running"] },
  { name: "stomach pain", says: ["I have stomach pain", "my stomach hurts", "my belly aches"] },
  { name: "nausea", says: ["I feel sick", "I have nausea", "I feel like throwing up"] },
  { name: "vomiting", says: ["I keep throwing up", "I am vomiting", "I cannot keep food down"] },
  { name: "diarrhea", says: ["I have diarrhea", "I have loose stools", "I keep running to the toilet"] },
  { name: "constipation", says: ["I am constipated", "I cannot go to the toilet", "my bowels do not move"] },
  { name: "heartburn", says: ["I have heartburn", "my chest burns after meals", "acid comes up my throat"] },
  { name: "dizziness", says: ["I feel dizzy", "I am dizzy", "the room spins when I stand up"] },
  { name: "tiredness", says: ["I am tired all the time", "I have no energy", "I feel worn out"] },
  { name: "poor sleep", says: ["I cannot sleep", "I lie awake at night", "I sleep badly"] },
  { name: "back pain", says: ["I have back pain", "my back hurts", "my back is stiff and sore"] },
  { name: "joint pain", says: ["I have joint pain", "my joints ache", "my joints hurt"] },
  { name: "knee pain", says: ["I have knee pain", "my knee hurts", "my knee aches"] },
  { name: "chest pain", says: ["I have chest pain", "my chest hurts", "I feel a pain in my chest"] },
  { name: "shortness of breath", says: ["I am short of breath", "I get out of breath", "I find it hard to breathe"] },
  { name: "palpitations", says: ["my heart races", "I have palpitations", "my heart skips beats"] },
  { name: "rash", says: ["I have a rash", "my skin is red and spotty", "red spots came up on my skin"] },
  { name: "itching", says: ["I itch all over", "my skin itches", "I cannot stop scratching"] },
  { name: "earache", says: ["I have an earache", "my ear hurts", "I have a pain in my ear"] },
  { name: "toothache", says: ["I have a toothache", "my tooth hurts", "one of my teeth aches"] },
  { name: "swollen ankles", says: ["my ankles are swollen", "I have swollen ankles", "my ankles swell up"] },
  { name: "blurred vision", says: ["my sight is blurred", "I have blurred vision", "I see things blurred"] },
  { name: "weight loss", says: ["I am losing weight", "I have lost weight", "my clothes have become too big"] },
  { name: "numbness", says: ["my fingers are numb", "my feet have gone numb", "I feel numb in one hand"] },
];

/** People other than the patient, with ages they may have: what is said of them is no fact of the patient. */
export const RELATIVES: readonly { who: string; ages: readonly [number, number] }[] = [
  { who: "my mother", ages: [60, 94] },
  { who: "my father", ages: [60, 94] },
  { who: "my sister", ages: [16, 70] },
  { who: "my brother", ages: [16, 70] },
  { who: "my wife", ages: [25, 70] },
  { who: "my husband", ages: [25, 70] },
  { who: "my son", ages: [2, 17] },
  { who: "my daughter", ages: [2, 17] },
  { who: "my grandmother", ages: [75, 99] },
  { who: "my uncle", ages: [30, 90] },
  { who: "my neighbor", ages: [20, 90] },
  { who: "my best friend", ages: [20, 70] },
];

/** Sentences that hold nothing to remember. */
export const CHATTER: readonly string[] = [
  "Thank you for your time.",
  "I hope you can help me.",
  "I do not know whom to ask.",
  "My doctor is away this week.",
  "I read a lot about it on the internet.",
  "Work has been busy.",
  "The weather is awful here.",
  "I like to walk in the park.",
  "I drink two cups of coffee a day.",
  "We have just moved to a new town.",
  "I work in a school.",
  "I am a bit worried.",
  "This is my first time here.",
  "I am writing from my phone.",
  "My holiday starts next week.",
  "I cook at home most days.",
  "I ride my bike to work.",
  "It took me long to write this.",
  "I was told that you are quick.",
  "The pharmacy is closed today.",
];

export const GREETINGS: readonly string[] = [
  "Hello.",
  "Hi.",
  "Good morning.",
  "Good evening.",
  "Hello doctor.",
  "Hi there.",
];

/** Questions that end a message. */
export const CLOSING_QUESTIONS: readonly string[] = [
  "What should I do?",
  "Can you help me?",
  "Is that bad?",
  "Should I see a doctor?",
  "What could it be?",
  "What do you think?",
  "Do I need to worry?",
  "Is there anything I can do at home?",
  "How long will it last?",
];

/** When a symptom came. */
export const STARTED: readonly string[] = [
  "yesterday",
  "on Monday",
  "on Friday",
  "last night",
  "last week",
  "2 days ago",
  "3 days ago",
  "5 days ago",
  "a week ago",
  "a month ago",
];
