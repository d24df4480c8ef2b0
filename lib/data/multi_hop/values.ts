/** Values that are common words: what is made, done, worn and written about. */
export const GOODS =
  "lamps boats shoes clocks chairs hats pens paper glass bread cheese tea soap toys tools paint wine bells carpets cups"
    .split(" ");
export const JOBS =
  "painter doctor baker farmer lawyer pilot nurse singer tailor judge cook builder dentist poet writer"
    .split(" ");
export const COLORS = "red blue green yellow white black orange brown gray purple".split(" ");
export const SUBJECTS =
  "birds stars ships trains bees horses bridges bread music mountains gardens dreams storms whales trees"
    .split(" ");
