/** Questions as people ask them about what is in the library, with the words that a right answer has. */

/** A question of everyday life. */
export interface EverydayQuestion {
  question: string;
  /** The file's name without its extension; null where no article answers. */
  article: string | null;
  /** Fits an answer that is right. Of questions without an answer, no answer is right. */
  right: RegExp | null;
}

/**
 * Rules for choosing sentences were made with those at even places; those at odd places were only counted.
 * The six that started the work are at even places.
 */
export const EVERYDAY_QUESTIONS: readonly EverydayQuestion[] = [
  { question: "How is gout treated?", article: "gout", right: /colchicine|allopurinol lowers/i },
  { question: "What are the symptoms of a heart attack?", article: "heart_attack", right: /squeezing|cold sweat/i },
  { question: "What are the symptoms of a stroke?", article: "stroke", right: /face drooping|loss of vision/i },
  { question: "How do you treat shingles?", article: "shingles", right: /antiviral tablets|pain relievers and cool/i },
  { question: "How do statins work?", article: "statins", right: /block an enzyme/i },
  { question: "How does metformin work?", article: "metformin", right: /release of sugar|more sensitive to insulin/i },
  { question: "What should I do for a burn?", article: "burns", right: /cool running water|cover the burn/i },
  {
    question: "What should I do if someone is choking?",
    article: "choking",
    right: /five firm blows|abdominal thrusts, also/i,
  },
  { question: "Can I take aspirin with warfarin?", article: "anticoagulants", right: /adding ibuprofen, aspirin/i },
  { question: "Can I take sildenafil with nitroglycerin?", article: "angina", right: /must not be combined/i },
  { question: "What helps against a migraine?", article: "migraine", right: /triptans|pain relievers for migraine/i },
  {
    question: "What helps with a tension headache?",
    article: "tension_headache",
    right: /usually relieves|relaxation exercises/i,
  },
  { question: "What causes kidney stones?", article: "kidney_stones", right: /minerals in the urine|calcium oxalate/i },
  { question: "What causes low blood sugar?", article: "hypoglycemia", right: /skipped meal/i },
  { question: "How can I prevent kidney stones?", article: "kidney_stones", right: /keep the urine pale|less salt/i },
  {
    question: "How can I avoid bladder infections?",
    article: "bladder_infection",
    right: /drinking more water|front to back/i,
  },
  { question: "How is pneumonia diagnosed?", article: "pneumonia", right: /X-ray shows|crackling/i },
  { question: "How do doctors test for malaria?", article: "malaria", right: /under the microscope|rapid tests/i },
  {
    question: "What are the side effects of beta blockers?",
    article: "beta_blockers",
    right: /cold hands|vivid dreams/i,
  },
  { question: "What are the side effects of antibiotics?", article: "antibiotics", right: /yeast infections/i },
  { question: "Is chickenpox contagious?", article: "chickenpox", right: /contagious from|spreads easily/i },
  { question: "Is pink eye contagious?", article: "pink_eye", right: /pass easily|cannot be passed/i },
  { question: "How long does a cold last?", article: "common_cold", right: /within ten days/i },
  { question: "How long does a concussion take to heal?", article: "concussion", right: /within two weeks/i },
  {
    question: "What are the signs of appendicitis?",
    article: "appendicitis",
    right: /near the navel|loss of appetite/i,
  },
  {
    question: "How do I know if I have a blood clot in my leg?",
    article: "deep_vein_thrombosis",
    right: /swollen, painful|ultrasound/i,
  },
  { question: "How does tuberculosis spread?", article: "tuberculosis", right: /through the air/i },
  {
    question: "How do you catch Lyme disease?",
    article: "lyme_disease",
    right: /ticks? (?:pass on|carries)|tick usually has to feed/i,
  },
  {
    question: "What is the treatment for an underactive thyroid?",
    article: "hypothyroidism",
    right: /levothyroxine tablets/i,
  },
  {
    question: "What is the treatment for hay fever and asthma attacks?",
    article: "asthma",
    right: /reliever inhaler opens|corticosteroids calm/i,
  },
  {
    question: "Can I take ibuprofen during pregnancy?",
    article: "nonsteroidal_anti_inflammatory_drugs",
    right: /week 20 of\s+pregnancy/i,
  },
  {
    question: "Can I take lisinopril while pregnant?",
    article: "ace_inhibitors",
    right: /must not be taken in pregnancy/i,
  },
  { question: "What should I do when someone has a seizure?", article: "epilepsy", right: /hard objects|on the side/i },
  { question: "What to do in case of heat stroke?", article: "heat_stroke", right: /shady place|cool the person/i },
  { question: "How long does the stomach flu last?", article: "viral_gastroenteritis", right: /one to three days/i },
  { question: "What triggers eczema?", article: "eczema", right: /harsh soap/i },
  {
    question: "Which painkiller is safe for the stomach?",
    article: "acetaminophen",
    right: /gentle\s+on the stomach/i,
  },
  {
    question: "What happens if I take too much paracetamol?",
    article: "acetaminophen",
    right: /damage the liver|poison control/i,
  },
  { question: "How is glaucoma treated?", article: "glaucoma", right: /eye drops|laser/i },
  {
    question: "How is high blood pressure treated?",
    article: "high_blood_pressure",
    right: /less salt, more|common first medicines/i,
  },
  // No article answers these.
  { question: "How long is the flu contagious?", article: null, right: null },
  { question: "How long is measles contagious?", article: null, right: null },
  { question: "Can I drink alcohol with metformin?", article: null, right: null },
  { question: "Can I drink coffee with antibiotics?", article: null, right: null },
  { question: "Is asthma hereditary?", article: null, right: null },
  { question: "Is appendicitis hereditary?", article: null, right: null },
  { question: "How is scabies treated?", article: null, right: null },
  { question: "What are the symptoms of endometriosis?", article: null, right: null },
  { question: "What are the side effects of omeprazole?", article: null, right: null },
  { question: "What are the side effects of amitriptyline?", article: null, right: null },
];
