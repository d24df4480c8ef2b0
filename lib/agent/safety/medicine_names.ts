/** Words that name medicines. */

/**
 * Common medicines whose names have none of the endings below, and common brands. A small list made for these checks, not a register
 * of medicines.
 */
const COMMON =
  ("paracetamol acetaminophen aspirin ibuprofen naproxen codeine morphine tramadol oxycodone fentanyl methadone buprenorphine naloxone " +
    "insulin metformin warfarin heparin digoxin lithium levothyroxine methotrexate azathioprine colchicine allopurinol " +
    "gabapentin pregabalin phenytoin carbamazepine valproate lamotrigine levetiracetam baclofen melatonin " +
    "salbutamol albuterol tiotropium montelukast theophylline pseudoephedrine phenylephrine diphenhydramine loratadine " +
    "cetirizine chlorphenamine guaifenesin dextromethorphan furosemide spironolactone verapamil diltiazem amiodarone " +
    "clopidogrel nitroglycerin sildenafil tadalafil trimethoprim nitrofurantoin sulfamethoxazole penicillin antibiotics " +
    "antibiotic prednisone cortisone estrogen testosterone progesterone loperamide bismuth antacid antacids laxative " +
    "laxatives ondansetron domperidone metoclopramide bupropion lansoprazole esomeprazole quinine chloroquine ivermectin " +
    "acyclovir oseltamivir tamiflu advil motrin nurofen tylenol panadol calpol aleve zyrtec claritin benadryl xarelto " +
    "eliquis coumadin plavix lipitor prozac zoloft xanax valium ambien viagra ventolin nsaid nsaids opioid opioids " +
    "statin statins steroid steroids decongestant decongestants antihistamine antihistamines painkiller painkillers")
    .split(" ");

const NAMES = new Set(COMMON);

/** Endings that international names of medicines share (World Health Organization, "The use of stems"). */
const STEM =
  /^[a-z]{2,}(?:pril|sartan|olol|statin|cillin|mycin|micin|floxacin|cycline|azole|prazole|tidine|triptan|setron|dipine|gliptin|gliflozin|glutide|zumab|ximab|mumab|tinib|ciclib|ovir|avir|azepam|azolam|barbital|codone|morphone|profen|fenac|oxetine|traline|alopram|triptyline|ipramine|apine|peridone|parin|xaban|gatran|thiazide|semide|lukast|terol|asone|solone|onide|caine|dronate|atadine|izine|phylline|formin|coxib|oxicam|prost|dopa|giline|pidem|zodone|ridone)$/;

/** Words of the body that end like a medicine. */
const NO_MEDICINES: ReadonlySet<string> = new Set(["cholesterol"]);

/** Whether a word names a medicine: a common one, or by its ending. */
export function isMedicineWord(word: string): boolean {
  const plain = word.toLowerCase();
  return NAMES.has(plain) || (plain.length >= 6 && STEM.test(plain) && !NO_MEDICINES.has(plain));
}

/**
 * Medicines that a text names, as they stand in it, each once.
 *
 * @param others Further names, such as those of a patient's medicines.
 */
export function medicinesIn(text: string, others: readonly string[] = []): string[] {
  const found = new Map<string, string>();
  for (const [word] of text.matchAll(/\p{L}[\p{L}\p{N}-]*/gu)) {
    if (isMedicineWord(word) && !found.has(word.toLowerCase())) found.set(word.toLowerCase(), word);
  }
  const plain = text.toLowerCase();
  for (const name of others) {
    const key = name.trim().toLowerCase();
    const at = key === "" ? -1 : plain.indexOf(key);
    if (at >= 0 && !/[\p{L}\p{N}]/u.test(plain[at - 1] ?? "") && !found.has(key)) {
      found.set(key, text.slice(at, at + key.length));
    }
  }
  return [...found.values()];
}
