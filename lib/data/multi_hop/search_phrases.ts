/** Words for plans of searches and for pages that help; `{need}` stands for what is looked for. */

/** Before the first search. */
export const SEARCH_PLANS: readonly string[] = [
  "I need to find {need}.",
  "First I look up {need}.",
  "I do not know {need}, so I search.",
  "I search for {need}.",
];

/** Before each further one. */
export const NEXT_SEARCH_PLANS: readonly string[] = [
  "Now I need to find {need}.",
  "Next I look up {need}.",
  "I still do not know {need}.",
];

/** After the address of a page that helps. */
export const HELPS: readonly string[] = ["says it", "tells it", "answers this"];
