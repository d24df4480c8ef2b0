/** A handful of public pages to try the crawler on, chosen for licences that allow their text to be used. */

/** A public page. */
export interface PublicSeed {
  url: string;
  topic: "medicine" | "mathematics";
  /** Under which terms its text may be used, and what has to be said when it is. */
  licence: string;
}

const PUBLIC_DOMAIN = "summary in the public domain; name the source: MedlinePlus, National Library of Medicine";
const SHARE_ALIKE = "CC BY-SA 4.0; name the article and share alike";

/**
 * Pages that a person may fetch a few of. Wikipedia asks robots for a User-Agent with a way to reach its owner, so `contact` has
 * to be given (https://wikitech.wikimedia.org/wiki/Robot_policy); who needs many pages takes its dumps. Of MedlinePlus the
 * summaries of health topics are free; its drug information and encyclopedia belong to others
 * (https://medlineplus.gov/about/using/usingcontent/).
 */
export const PUBLIC_SEEDS: readonly PublicSeed[] = [
  ...["asthma", "migraine", "anemia", "highbloodpressure"].map((page): PublicSeed => ({
    url: `https://medlineplus.gov/${page}.html`,
    topic: "medicine",
    licence: PUBLIC_DOMAIN,
  })),
  ...["Insulin", "Vaccine"].map((page): PublicSeed => ({
    url: `https://en.wikipedia.org/wiki/${page}`,
    topic: "medicine",
    licence: SHARE_ALIKE,
  })),
  ...["Prime_number", "Pythagorean_theorem", "Bayes%27_theorem", "Eigenvalues_and_eigenvectors"].map((
    page,
  ): PublicSeed => ({
    url: `https://en.wikipedia.org/wiki/${page}`,
    topic: "mathematics",
    licence: SHARE_ALIKE,
  })),
];
