/** Medicines that stand for each other in allergies and warnings. */

/**
 * Families by their usual names, with members. Common textbook knowledge, made short for the checks of drafts; a register of medicines
 * has many more.
 */
const FAMILIES: readonly { names: readonly string[]; members: readonly string[]; crossAllergy: boolean }[] = [
  {
    names: ["penicillin", "penicillins"],
    members: ["amoxicillin", "ampicillin", "flucloxacillin", "piperacillin", "dicloxacillin", "co-amoxiclav"],
    crossAllergy: true,
  },
  {
    names: ["NSAIDs", "NSAID", "nonsteroidal anti-inflammatory drugs", "anti-inflammatory painkillers"],
    members: ["ibuprofen", "naproxen", "diclofenac", "aspirin", "ketoprofen", "indomethacin", "Advil", "Aleve"],
    crossAllergy: true,
  },
  {
    names: ["sulfa drugs", "sulfa", "sulfonamides", "sulfonamide antibiotics"],
    members: ["sulfamethoxazole", "co-trimoxazole", "sulfadiazine"],
    crossAllergy: true,
  },
  {
    names: ["blood thinners", "blood thinner", "anticoagulants", "an anticoagulant"],
    members: ["warfarin", "apixaban", "rivaroxaban", "dabigatran", "edoxaban", "heparin", "Xarelto"],
    crossAllergy: false,
  },
  { names: ["nitrates", "a nitrate"], members: ["nitroglycerin", "isosorbide mononitrate"], crossAllergy: false },
  {
    names: ["statins", "a statin"],
    members: ["simvastatin", "atorvastatin", "pravastatin", "rosuvastatin"],
    crossAllergy: false,
  },
  {
    names: ["ACE inhibitors", "an ACE inhibitor"],
    members: ["lisinopril", "enalapril", "ramipril", "captopril", "perindopril"],
    crossAllergy: true,
  },
  {
    names: ["beta blockers", "beta-blockers", "a beta blocker"],
    members: ["propranolol", "metoprolol", "bisoprolol", "atenolol"],
    crossAllergy: false,
  },
  { names: ["triptans", "a triptan"], members: ["sumatriptan", "rizatriptan", "zolmitriptan"], crossAllergy: false },
  { names: ["decongestants"], members: ["pseudoephedrine", "phenylephrine", "xylometazoline"], crossAllergy: false },
  { names: ["opioids"], members: ["codeine", "tramadol", "morphine", "oxycodone"], crossAllergy: false },
  { names: ["tetracyclines"], members: ["doxycycline", "minocycline", "tetracycline"], crossAllergy: true },
  {
    names: ["SSRIs", "antidepressants", "an antidepressant"],
    members: ["sertraline", "citalopram", "escitalopram", "fluoxetine", "paroxetine"],
    crossAllergy: false,
  },
];

/**
 * Other names that a name stands for.
 *
 * @param which "allergy": what somebody allergic to the name may react to as well. "groups": families that the medicine is one of.
 *   "members": the medicines of the family that the name is.
 */
export function familyOf(name: string, which: "allergy" | "groups" | "members" = "allergy"): readonly string[] {
  const plain = name.trim().toLowerCase();
  const has = (names: readonly string[]) => names.some((other) => other.toLowerCase() === plain);
  return FAMILIES.flatMap(({ names, members, crossAllergy }) => {
    if (which === "groups") return has(members) ? names : [];
    if (which === "members") return has(names) ? members : [];
    return crossAllergy && (has(names) || has(members)) ? [...names, ...members] : [];
  });
}
