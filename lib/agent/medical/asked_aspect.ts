/** What a question wants to know about its subject: read from its words, and matched against headings and sentences. */

/** One thing to know about a subject. */
export interface Aspect {
  name: string;
  /** How questions ask for it. */
  asks: RegExp;
  /** Headings under which it stands. */
  heading: RegExp;
  /** Words of sentences that tell it; each different one counts. */
  says: RegExp;
  /** How many sentences tell it, at most. Default 3: a library lists treatments over a few. */
  sentences?: number;
}

/** How well a sentence answers. */
export interface AspectFit {
  /** From 0 to 1. */
  fit: number;
  /** Whether the sentence's own words answer, not its heading alone. */
  says: boolean;
}

/** Signs of illness, as sentences list them. */
const SIGNS =
  "fever|pains?|painful|aches?|aching|cough\\w*|rash|nausea|vomit\\w*|tired\\w*|weak\\w*|swollen|swelling|itch\\w*|breathless\\w*|shortness of breath|" +
  "wheez\\w*|dizz\\w*|headache|numb\\w*|tingling|loss of|trouble|diarrhea|constipation|sweat\\w*|chills|blur\\w*|blisters?|droop\\w*|" +
  "runny nose|sneezing|cramps?|bloating|gas|thirst|hunger|shaking|trembl\\w*|confus\\w*|urge|burning|heartburn|pale|squeezing|seizures?|stiff\\w*|sore|" +
  "tender|discharge|mood|weight (?:loss|gain)|dry skin|pounding|racing|hoarse\\w*|hot";
const TIME = "(?:seconds|minutes?|hours?|days?|weeks?|months?|years?)";
const COUNT =
  "an?|one|two|three|four|five|six|seven|eight|nine|ten|few|several|half|about|first|to|or|and|the|around|from|\\d+";

/**
 * The aspects. The order decides nothing: a question may ask for several at once ("How long is it contagious?").
 */
export const ASPECTS: readonly Aspect[] = [
  {
    name: "treatment",
    asks:
      /\b(?:treat(?:s|ed|ment|ments|ing)?|cures?|cured|(?:in)?curable|remed(?:y|ies)|therap(?:y|ies)|get rid of|relieves?|what (?:else )?helps?(?: against| with| for)?|manage[ds]?)\b|\bwhat (?:can|should|do|could) (?:i|you|we|one) (?:take|use)\b(?=.*\b(?:for|against)\b)/gi,
    heading: /\b(?:treatment|(?:home |hospital )?care|first aid|what helps|diet|the solution)\b/i,
    says:
      /\b(?:treat(?:s|ed|ment)?|reliev\w+|eases?|cur(?:e|es|ed)|calms?|medicines?|antibiotics?|antiviral|surgery|operation|therapy|tablets|drops|creams?|replac\w+|lowers?|controls?|helps?|improves?|removes?|removal|injections?|rest|fluids|exercise|steroids?|clears?|pain relievers|slows?)\b/gi,
  },
  {
    name: "signs",
    asks:
      /\b(?:symptoms?|signs?|warning signs|feels? like|look(?:s)? like|recogni[sz]e|how (?:do|can|would) (?:i|you|we|one) (?:know|tell) (?:if|that|whether)(?: (?:i|you|someone|he|she|we) (?:have|has|am having))?)\b/gi,
    heading: /\b(?:signs?|symptoms?|danger signs|overdose|deficiency)\b/i,
    says: new RegExp(`\\b(?:${SIGNS}|are typical|signs?|symptoms?)\\b`, "gi"),
  },
  {
    name: "causes",
    asks:
      /\b(?:what (?:usually |mostly |most often |commonly )?(?:causes?|triggers?|leads? to|brings? on|sets? off)|caus(?:e|es|ed)(?: of| by)?|triggers?|reasons? for|comes? from|risk factors?|raises? the risk of)\b|^\s*why (?:do|does) (?:people|someone|you|i|we) (?:get|have|develop)\b/gi,
    heading: /\b(?:causes?|triggers?|what happens|risks?)\b/i,
    says:
      /\b(?:caus\w+|because|leads? to|due to|risk|reasons?|factors?|triggers?|sets? off|brings? on|make \w+ flare|flare|comes? from|form from|consist of|develops? when|likely|favor)\b/gi,
  },
  {
    name: "prevention",
    asks:
      /\b(?:prevent(?:s|ed|ing|ion)?|avoid(?:ed|ing)?(?: getting| catching)?|protect(?:s|ed|ion)?(?: (?:myself|yourself|me|us))?(?: against| from)?|(?:lower|reduce|cut) (?:the|my|your) risk(?: of)?)\b/gi,
    heading: /\b(?:prevention|afterward|keeping them healthy)\b/i,
    says:
      /\b(?:prevent\w*|protects?|lowers? (?:the|this) risk|avoid\w*|vaccines?|shot|keeps? \w+ strong|best prevention|repellent|away from)\b/gi,
  },
  {
    name: "diagnosis",
    asks:
      /\b(?:diagnos\w+|tests? for|tested(?: for)?|detect(?:ed)?|find out|confirm(?:ed)?|screen(?:ed|ing)?(?: for)?|(?:which|what) tests?(?: shows?)?|how (?:do|can) doctors (?:know|tell))\b/gi,
    heading: /\b(?:tests?|testing|diagnosis|examination|results?)\b/i,
    says:
      /\b(?:tests?|x-rays?|scans?|ultrasound|microscope|shows?|confirm\w*|diagnos\w+|measur\w+|examin\w+|culture|swab|biopsy|samples?|level of|electro\w+|colonoscopy|endoscopy|spirometry|tonometry|hears?)\b/gi,
  },
  {
    name: "side effects",
    asks:
      /\b(?:side[ -]effects?|adverse (?:effects?|reactions?)|unwanted effects|(?:risks?|dangers?) of (?:taking|using)|cautions?|contraindications?)\b/gi,
    heading: /\b(?:side effects|cautions|safety|careful|too much|limits|taking it safely)\b/i,
    says: new RegExp(
      `\\b(?:side effects?|complaint|common|rare|risk|life-threatening|dangerous|bleeding|ulcers?|harm|taste|dreams|cold hands|${SIGNS})\\b`,
      "gi",
    ),
  },
  {
    name: "spread",
    asks:
      /\b(?:contagious|infectious|catching|spreads?|transmit(?:ted)?|transmission|pass(?:ed)? (?:it )?on|(?:how|can|could|do|does) (?:do |does |can )?(?:i|you|we|one|people|someone)(?: still)? (?:catch|get infected with|give)|catch)\b/gi,
    heading: /\b(?:spread)\b/i,
    says:
      /\b(?:contagious|infectious|spreads?(?= (?:easily|through|by|from))|spread|through the air|droplets|contact|pass(?:es|ed)? (?:on|easily|to|from)|infect(?:s|ed)?(?= (?:other|others|people|mosquitoes))|transmit\w*|catch|can give|cannot be passed|mosquitoes|ticks)\b/gi,
  },
  {
    name: "how it works",
    asks:
      /\bhow (?:do|does|did) (?=.*\b(?:works?|act|function)\b)|\b(?:works?|act|function)(?= in the body| inside|\s*\?|$)|\bmechanism(?: of action)?\b/gi,
    heading: /\b(?:how (?:it|they) works?|what (?:it|they) do(?:es)?|tasks|how it is done)\b/i,
    says:
      /\b(?:blocks?|reduc\w+|makes?|slows?|weaken|kill|stops?|lets?|trains?|respond|uses?|helps?|removes?|relax|lowers?|sensitive|replaces?|produc\w+|weakens?)\b/gi,
  },
  {
    name: "at once",
    asks:
      /\bwhat (?:should|can|must|do|shall|could) (?:i|you|we|one|people|someone|a person|bystanders) do\b(?: first| at once| right away)?(?: (?:for|about|against|with|if|when|in case of))?|\bwhat to do\b(?: (?:for|about|if|when|in case of))?|\bfirst aid\b(?: (?:for|in|of))?|\bhow (?:can|do|should) (?:i|you|we) help (?:someone|somebody|a person)\b/gi,
    heading: /\b(?:first aid|what to do|helping|chest compressions|removing|how to give it|home care|what helps)\b/i,
    says:
      /^(?:call|cool|move|give|turn|take|do not|never|rest|rinse|cover|put|keep|lie|sit|stand|start|push|remove|wash|drink|repeat|grasp|wrap|leave|apply|stop|seek|place|use|an awake person)\b|\b(?:emergency services|should (?:take|lie|be|call|seek|rest|drink)|first treatment|running water)\b/gi,
  },
  {
    name: "duration",
    asks:
      /\bhow (?:long|many (?:hours|days|weeks|months|years)|soon|quickly|fast)\b(?: (?:does|do|is|are|will|can))?(?=.*\b(?:last|take|heal|recover|go away|gone|contagious|infectious|over|clear up|better)\b)|\b(?:does|do|will) .*\bgo away\b|\b(?:last|take to (?:heal|recover|clear up|go away)|until .* (?:over|better|gone))\b/gi,
    heading: /\b(?:recovery|course)\b/i,
    says: new RegExp(
      `\\b(?:lasts?|recover\\w*|fades?|heals?|settles?|clears? up|by itself|on (?:its|their) own|improves with age|peak|until)\\b|` +
        `\\b(?:within|for|after|about|up to|than|lasts?|take)\\s(?:(?:${COUNT})\\s){1,5}${TIME}\\b(?! of age)|\\bfor life\\b`,
      "gi",
    ),
  },
  {
    name: "inheritance",
    asks:
      /\b(?:hereditary|inherited|inherit|genetic|runs? in (?:families|the family)|passed (?:down|on) to (?:my |the )?children)\b/gi,
    heading: /\b(?:inheritance|genes)\b/i,
    says: /\b(?:hereditary|inherit\w*|genes?|genetic|in families|family history|parents?|siblings?)\b/gi,
  },
  {
    name: "complications",
    asks:
      /\b(?:complications?|lead to|left untreated|not treated|dangerous|harmful|deadly|fatal|serious|(?:can|could|do|does) (?:you|i|people|someone|one) die(?: (?:of|from))?|untreated|consequences?|long[- ]term (?:effects|damage)|(?:what|which) (?:damage|harm))\b/gi,
    heading: /\b(?:complications?|risks|outlook)\b/i,
    says:
      /\b(?:complications?|leads? to|damag\w+|harms?|untreated|dangerous|severely|fatal|deadly|life-threatening|death|die|fail\w*|can (?:cause|leave))\b/gi,
  },
  {
    name: "when to see a doctor",
    asks:
      /\bwhen (?:should|must|do|does) (?:i|you|we|one|someone|a person|.* need to) (?:see|call|go|get|seek|worry)\b(?: (?:to|about|a|an|the|medical|doctor|help|hospital|ambulance|for|with))*|\b(?:need to )?see a doctor\b|\bis .* an emergency\b/gi,
    heading: /\b(?:when to (?:see|get)|danger signs|emergenc\w+)\b/i,
    says:
      /\b(?:needs?|calls? for|emergency|urgent|prompt\w*|medical (?:care|advice|attention)|doctor|should be (?:checked|examined)|examined)\b/gi,
  },
  {
    name: "too much",
    asks:
      /\b(?:overdos\w*|(?:what happens )?(?:if|when) (?:i|you|we|one|someone) (?:took|takes?|have taken|had|has taken|swallow\w*|dr[iau]nk) too (?:much|many)(?: of)?|too much|too many)\b/gi,
    heading: /\b(?:overdose|too much)\b/i,
    says: /\b(?:overdos\w*|too much|antidote|poison\w*|very high doses|exceed)\b/gi,
  },
  {
    name: "uses",
    asks:
      /\b(?:used for|(?:good|taken|prescribed|given) for|uses of|purpose of|why (?:do|would) (?:doctors|people) (?:prescribe|take))\b/gi,
    heading: /\buses?\b/i,
    says: /\b(?:treats?|prescribe\w*|used for|reliev\w+|lowers?|prevents?|given)\b/gi,
  },
];

/** What a thing is: asked for where nothing else of it is. */
const WHAT_IT_IS: Aspect = {
  name: "what it is",
  asks:
    /\bwhat(?: exactly)? (?:is|are|happens?)\b(?: (?:to|in|during|with))?|\bwhat goes wrong\b(?: (?:with|in))?|\bwhat does .* mean\b|\b(?:explain|tell me about|meaning of)\b/gi,
  heading: /\b(?:what happens|causes?|what it means|uses)\b/i,
  says:
    /^(?:An? |The |In (?:an? )?)?[\p{L}\p{N} -]{2,50}?(?:, (?:or|often called|also called) [^,]+,?)? (?:is|are|means|occurs|(?:usually )?happens|develops|feels like|makes)\b|, the [\p{L} ]+ (?:is|are|suddenly|can no longer|makes?|respond\w*)\b/giu,
  sentences: 1,
};

/** The aspects that a question asks for, and the question without the words that do. */
export function aspectsAsked(question: string): { aspects: Aspect[]; rest: string } {
  const known = ASPECTS.filter(({ asks }) => question.search(asks) >= 0);
  const aspects = known.length === 0 && question.search(WHAT_IT_IS.asks) >= 0 ? [WHAT_IT_IS] : known;
  const rest = aspects.reduce((text, { asks }) => text.replace(asks, " "), question);
  return { aspects, rest };
}

/** A heading of two things is half about each. */
const [HEADING, SHARED_HEADING] = [0.5, 0.45];
const [ONE_WORD, MORE_WORDS] = [0.35, 0.5];

/** How well a sentence under its headings tells one aspect. */
export function aspectFit({ heading, says }: Aspect, sentence: string, headings: readonly string[]): AspectFit {
  const own = headings.find((each) => heading.test(each));
  const place = own === undefined ? 0 : /\band\b/i.test(own) ? SHARED_HEADING : HEADING;
  const told = new Set(Array.from(sentence.replace(/\s+/g, " ").matchAll(says), ([word]) => word.toLowerCase())).size;
  if (told === 0) return { fit: place / 2, says: false };
  return { fit: place + (told === 1 ? ONE_WORD : MORE_WORDS), says: true };
}
