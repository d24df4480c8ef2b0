/** Words in which people tell of signs of emergencies. All are matched in small letters with straight apostrophes. */

const CANT = String
  .raw`(?:can(?:no|'|)t|can not|could(?:n't|nt| not)|is unable to|am unable to|are unable to|unable to)`;
const STOPS = String
  .raw`(?:(?:won't|wont|will not|doesn't|doesnt|does not|isn't|is not|not|never|hasn't|has not) stop\w*|(?:heavily|badly|profusely|non-?stop|a lot|like crazy|very much|severely|through))`;
const OWN = String.raw`(?:my|his|her|the|their|our|one|both|your)`;
const NUMBER = String.raw`(?:\d{1,2}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)`;

/** A sign's name is used in the rules of `emergency_rules.ts`. */
export const SIGNS = {
  chestPain: sign(
    String.raw`\bchest (?:pains?|hurts|aches?|ache|tightness|pressure|discomfort)\b`,
    String
      .raw`\b(?:pain|pains|pressure|tightness|tight|squeezing|heaviness|ache|weight|elephant|band|burning)\b.{0,25}\b(?:in|on|across|around|over)\b.{0,15}\bchest\b`,
    String
      .raw`\bchest (?:is|feels|has been|has felt|felt|was) (?:\w+ ){0,3}(?:tight|heavy|crushed|squeezed|painful|hurting|aching)`,
  ),
  crushingChest: sign(
    String.raw`\b(?:crushing|squeezing|severe|unbearable|terrible|intense|excruciating)\b.{0,30}\bchest\b`,
    String.raw`\bchest\b.{0,40}\b(?:crushing|squeezing|unbearable|elephant|in a vi[cs]e|severe|excruciating)\b`,
    String.raw`\belephant\b.{0,25}\bchest\b`,
  ),
  heartCompany: sign(
    String
      .raw`\bsweat\w*|\bclammy\b|\b(?:left|right|my|his|her|both|the|an|down) arms?\b|\bjaw\b|\bshort(?:ness)? of breath\b|\bbreathless\b`,
    String
      .raw`\b${CANT} breathe?\b|\bhard to breathe\b|\btrouble breathing\b|\bfaint\w*|\blight-?headed\b|\bdizzy\b|\bnause\w*|\bvomit\w*`,
    String
      .raw`\bthrowing up\b|\bgr[ea]y\b|\bvery pale\b|\bpale and\b|\bshoulder blades?\b|\bleft shoulder\b|\bpassed out\b|\bradiat\w+|\bcollapsed\b`,
  ),
  heartAttackNow: sign(
    String
      .raw`\b(?:having|have|has|be|is|this is|it's|suffering|is this|had) (?:just )?(?:having )?(?:an? )?(?:\w+ )?(?:heart attack|cardiac arrest)\b`,
  ),
  strokeNow: sign(
    String
      .raw`\b(?:having|is|be|it's|suffering|just had|is this|this) (?:having )?(?:an? )?(?:mini-?|small |possible )?stroke\b`,
  ),
  faceDroops: sign(
    String
      .raw`\b(?:face|mouth|smile|eyelid)\b.{0,30}\b(?:droop\w*|dropped|sag\w*|crooked|lopsided|uneven|fallen|hang\w*|numb)\b`,
    String.raw`\bdroop\w*\b.{0,20}\b(?:face|mouth)\b|\bone side of ${OWN} (?:face|mouth)\b`,
  ),
  sideFails: sign(
    String.raw`\b(?:arm|leg|side|hand|half)\b.{0,35}\b(?:numb|weak\w*|limp|paraly[sz]ed|dead|useless|gone)\b`,
    String
      .raw`\b(?:arm|leg|side|hand|half)\b.{0,25}\b${CANT} (?:be )?(?:move\w*|lift\w*|feel)\b|\b(?:arm|leg|side)\b.{0,15}\b(?:won't|wont|will not|doesn't) move\b`,
    String
      .raw`\b(?:numb\w*|weak\w*|paraly[sz]ed|no feeling|lost feeling)\b.{0,25}\b(?:one|left|right) (?:side|arm|leg|half|hand)\b`,
    String.raw`\b${CANT} (?:lift|move|feel|raise|use) ${OWN} (?:\w+ )?(?:arms?|legs?|hand|side)\b`,
  ),
  speechFails: sign(
    String
      .raw`\bslurr\w*|\bspeech (?:is|has|went|became|sounds) (?:\w+ )?(?:slurred|gone|garbled|confused|strange|unclear)\b`,
    String
      .raw`\bwords? (?:come|comes|are coming|came|coming) out (?:\w+ )?(?:wrong|jumbled|garbled|mixed|funny)\b|\btalking gibberish\b|\bmumbling nonsense\b|\b(?:speaking|talking) nonsense\b`,
  ),
  cannotSpeak: sign(
    String
      .raw`\b${CANT} (?:speak|talk|find (?:the |his |her |my )?words|get (?:a |the |any |his |her |my )?words? out)\b|\btrouble (?:speaking|talking)\b|\bcould no longer (?:speak|talk)\b`,
  ),
  sudden: sign(
    String
      .raw`\bsudden\w*|\ball of a sudden\b|\bout of nowhere\b|\bjust now\b|\bright now\b|\bminutes? ago\b|\bsince this morning\b|\bthis morning\b|\ban hour ago\b|\bjust started\b|\bwoke up (?:with|and)\b|\bjust (?:lost|went)\b|\bat once\b|\bwithin (?:seconds|minutes)\b`,
  ),
  worstHeadache: sign(
    String
      .raw`\bworst headache\b|\bthunderclap\b|\bheadache\b.{0,25}\b(?:of (?:my|his|her) life|like an explosion|like (?:a |being )?hit)\b|\bsudden(?:ly)? (?:\w+ ){0,3}(?:severe|terrible|violent|unbearable|explosive|extreme|awful|blinding) headache\b|\bheadache\b.{0,20}\bexplo\w+`,
  ),
  sightLost: sign(
    String
      .raw`\b(?:lost|losing|loss of|lose) (?:\w+ ){0,2}(?:sight|vision)\b|\b${CANT} see\b|\b(?:went|gone|going) blind\b|\bblind in one eye\b`,
  ),
  cannotBreathe: sign(
    String
      .raw`\b${CANT} (?:breathe?|get (?:any |enough )?(?:air|breath)|catch (?:my|his|her|a) breath)\b(?! (?:well )?(?:through|out of) (?:my|the|his|her|it))`,
    String
      .raw`\b(?:gasping|fighting|struggling) (?:for|to get|to) (?:\w+ )?(?:air|breathe?)\b|\b(?:hardly|barely|scarcely) (?:breathe?|breathing|get (?:any )?air)\b|\btoo breathless to\b|\bsuffocat\w+`,
    String
      .raw`\b(?:trouble|difficulty) breathing\b.{0,40}\b(?:severe|blue|sudden\w*|getting worse|rapidly)\b|\b(?:severe|sudden|extreme) (?:trouble|difficulty) breathing\b`,
  ),
  notBreathing: sign(
    String
      .raw`\b(?:not|stopped|isn't|isnt|no longer|quit) breathing\b|\bno pulse\b|\bheart (?:has )?stopped\b|\b(?:doesn't|does not) breathe\b`,
  ),
  turnsBlue: sign(
    String
      .raw`\b(?:lips?|face|skin|fingernails?|mouth)\b.{0,20}\b(?:blue|purple|bluish)\b|\bturn(?:ing|ed|s)? blue\b|\bblue (?:lips|in the face)\b|\bgoing blue\b`,
  ),
  chokes: sign(
    String
      .raw`\bchok(?:ing|ed) on\b|\b(?:is|am|are|she's|he's|i'm) choking\b|\bstuck in ${OWN} (?:throat|windpipe)\b.{0,40}\bbreath\w*`,
  ),
  throatCloses: sign(
    String
      .raw`\b(?:throat|airway)s?\b.{0,25}\b(?:closing|closes|closed|swelling (?:up|shut)|swells? shut|swollen shut|tightening)\b|\bthroat is swelling\b`,
  ),
  mouthSwells: sign(
    String
      .raw`\b(?:tongue|lips?|face|mouth|throat|eyes)\b.{0,25}\b(?:swelling|swollen|swells?|swelled|puff\w*|balloon\w*)\b|\b(?:swollen|swelling) (?:of )?(?:my |his |her |the )?(?:tongue|lips?|face|throat)\b`,
  ),
  allergyCompany: sign(
    String
      .raw`\b(?:sting|stung|bee|wasp|hornet|bitten)\b|\b(?:ate|eating|eaten|bite of|swallowed)\b|\b(?:pea)?nuts?\b|\bshellfish\b|\bshrimps?\b|\bhives\b|\bwheez\w*|\b(?:hard|hardly|trouble|difficult\w*|struggl\w+) (?:to )?breath\w*|\bshort of breath\b|\b${CANT} breathe?\b|\bpenicillin\b|\bantibiotic\b|\ballerg\w*|\binjection\b|\bminutes after\b|\bdizzy\b|\bfaint\b`,
  ),
  anaphylaxisNow: sign(String.raw`\b(?:anaphyla\w+|allergic shock)\b`),
  suicidal: sign(
    String
      .raw`\b(?:kill|killing|hang|hanging|shoot|shooting|drown|drowning) (?:myself|himself|herself|themself|themselves)\b`,
    String
      .raw`\b(?:end|ending|take|taking) (?:my|his|her|their)(?: own)? life\b|\bend(?:ing)? it all\b|\bsuicid(?:e|al)\b`,
    String
      .raw`\b(?:want|wants|wanted|wish|going|ready|rather|wanna|decided) (?:to )?(?:die|be dead)\b|\bwish (?:i|he|she) (?:was|were) dead\b|\bwish i (?:would not|wouldn't) wake up\b`,
    String
      .raw`\b(?:don't|dont|do not|doesn't|does not|no longer) (?:want to|wanna|wish to|want) (?:live|be alive|wake up|go on|exist|be here)(?: any ?more| any longer)?\b`,
    String
      .raw`\bno (?:reason|point|sense) (?:to|in|for) (?:live|living|go on|going on|stay alive|staying alive)\b|\bnothing to live for\b|\bbetter off (?:dead|without me)\b|\b(?:tired of|sick of) (?:living|life|being alive)\b`,
    String
      .raw`\b(?:jump|jumping) (?:off|from|in front of) (?:an? |the )?(?:bridge|roof|building|window|train|balcony)\b|\boverdose on purpose\b`,
    String
      .raw`\b(?:want|wants|wanted|going|thinking|think|thoughts?|urge|urges|plan|planning|about|tempted) (?:to |of |about )?(?:hurt|hurting|harm|harming|cut|cutting) (?:myself|himself|herself|themselves)\b|\bself-?harm(?:ing|ed)?\b`,
    String
      .raw`\bhow (?:many|much)\b.{0,60}\b(?:kill|lethal for|fatal for|finish) me\b|\b(?:painless|easiest|quickest|best) way to (?:die|go|end it)\b`,
  ),
  bleedsBadly: sign(
    String
      .raw`\bbleed\w*\b.{0,30}\b${STOPS}\b|\b(?:won't|wont|will not|${CANT}|doesn't|does not) (?:seem to )?stop (?:the |this |my |his |her )?bleeding\b|\bbleeding out\b`,
    String
      .raw`\bblood\b.{0,12}\b(?:spurt\w*|gush\w*|pour\w*|squirt\w*|everywhere|soak\w*|won't stop|keeps coming)\b|\b(?:severe|massive|heavy) bleeding\b|\bpool of blood\b|\blost (?:a lot|lots|so much) (?:of )?blood\b`,
    String
      .raw`\b(?:cough\w*|throw\w*|threw|vomit\w*|spit\w*)(?: up)? (?:\w+ ){0,2}blood\b|\bbleed\w* (?:heavily|badly|profusely)\b|\bwound\b.{0,30}\bspurt\w*`,
  ),
  bleedsAtAll: sign(String.raw`\bbleed\w*|\bblood from\b`),
  usualBleeding: sign(
    String.raw`\b(?:period|periods|menstrua\w*|gums?|brush\w*|floss\w*|shav\w+|paper cut|bruise\w*)\b`,
  ),
  veryYoung: sign(
    String
      .raw`\bnewborn\b|\bneonate\b|\b${NUMBER}[- ](?:day|week)s?[- ]old\b|\b(?:one|two|1|2|a)[- ]months?[- ]old\b|\b(?:under|less than|not even) (?:3|three) months\b`,
    String
      .raw`\b(?:is|are|just) (?:only |just |barely )?(?:\d{1,2}|\w+) (?:days|weeks)(?: old| of age)?\b|\bborn (?:\w+ ){1,3}(?:days|weeks) ago\b|\binfant\b`,
  ),
  feverish: sign(
    String
      .raw`\bfever\w*|\btemperature (?:of |is |at |up to )?(?:over |above )?(?:3[89]|4[0-2]|10[0-6])|\b(?:38|39|40|41)(?:[.,]\d)?\s?(?:°|degrees|c\b|celsius)|\b10[0-6](?:\.\d)?\s?(?:°|degrees|f\b)|\b(?:running|has) a (?:high )?temperature\b|\bburning up\b|\bfeels (?:very |so )?hot\b`,
  ),
  tookTooMuch: sign(
    String
      .raw`\b(?:i|he|she|we|they|has|have|just|'ve|who) (?:\w+ )?overdosed\b|\b(?:an|my|his|her) overdose\b|\boverdosed\b|\boverdosing\b`,
    String
      .raw`\b(?:took|taken|swallowed|swallowing|takes|taking|downed|ate|eaten|ingested)\b.{0,30}\b(?:too many|(?:whole|entire|full) (?:bottle|pack|packet|box|strip|blister)|all (?:of )?(?:my|his|her|the|their) (?:\w+ )?(?:pills|tablets|medicine|medication|capsules)|(?:[2-9]\d|1\d\d|twenty|thirty|forty|fifty) (?:\w+ )?(?:pills|tablets|capsules|paracetamol|aspirin\w*|acetaminophen|ibuprofen))\b`,
    String.raw`\b(?:bottle|pack|box) of (?:pills|tablets|\w+)\b.{0,20}\b(?:is empty|is gone|all gone)\b`,
  ),
  swallowedPoison: sign(
    String
      .raw`\b(?:swallow\w*|drank|drinking|drunk|ate|eaten|ingested|got into|licked|inhaled|sipped)\b.{0,40}\b(?:bleach|drain cleaner|antifreeze|batter(?:y|ies)|detergent|dishwasher|laundry|rat poison|poison\w*|pesticides?|weed ?killer|magnets?|gasoline|petrol|oven cleaner|cleaning fluid|cleaner|disinfectant|paint thinner|lamp oil|methanol|(?:wild|unknown|poisonous|strange) (?:berries|mushrooms?)|nail polish remover|(?:my|his|her|grandma's|the) (?:\w+ )?(?:pills|heart medicine|tablets)|(?:some|several|many|a (?:lot|few|handful|bottle|pack|packet|box|strip) of|a few) (?:\w+ ){0,2}(?:pills|tablets|capsules|medicines?|medication))\b`,
    String
      .raw`\bbeen poisoned\b|\bpoisoned (?:myself|himself|herself)\b|\bcarbon monoxide\b.{0,40}\b(?:alarm|detector|went off|beep\w*|headaches?|dizzy|poisoning)\b|\bsmell (?:of )?gas\b.{0,40}\b(?:dizzy|headache|faint)\b|\b(?:bitten by an? (?:\w+ )?(?:snake|viper|rattlesnake)|snake (?:has )?bit(?:ten)?|(?:rattle)?snake ?bite)\b`,
  ),
  unconscious: sign(
    String
      .raw`\bunconscious\b|\bunresponsive\b|\bnot responsive\b|\b(?:won't|wont|will not|doesn't|does not|${CANT}) (?:be )?(?:wake|woken|respond|react)\w*\b|\b(?:not|isn't) (?:waking up|responding|reacting)\b|\b(?<!lung )(?<!lungs )collapsed\b(?! lung)|\b${CANT} wake (?:him|her|them|my|the)\b|\blost consciousness\b`,
  ),
  seizureNow: sign(
    String
      .raw`\b(?:is|am|are|keeps|she's|he's|started|just) (?:\w+ )?(?:having|had|seizing|convulsing) ?(?:an? |another |seizures? after )?(?:seizures?|fits?|convulsions?)?\b(?=.{0,2}(?:$|[\s.,!?]))(?<=seizures?|fits?|convulsions?|seizing|convulsing)`,
    String
      .raw`\b(?:seizures?|convulsions?|fit)\b.{0,40}\b(?:won't stop|not stop\w*|doesn't stop|minutes|still going|keeps? going|one after)\b|\bstill (?:seizing|convulsing)\b`,
  ),
  stiffNeck: sign(
    String
      .raw`\b(?:stiff|rigid) neck\b|\bneck\b.{0,15}\b(?:stiff|rigid)\b|\b${CANT} (?:bend|touch) (?:my|his|her|the) (?:neck|chin)\b`,
  ),
  badRash: sign(
    String
      .raw`\b(?:rash|spots)\b.{0,50}\b(?:(?:doesn't|does not|won't|not|don't|do not) (?:fade|disappear|go away)|purple|under (?:a |the )?glass)\b|\bpurple (?:rash|spots|blotches)\b`,
  ),
  confused: sign(
    String
      .raw`\bconfus\w+|\bdelirious\b|\bdisorient\w*|\bdoesn't (?:know|recogni[sz]e)\b|\bhard to wake\b|\bvery drowsy\b|\bmakes no sense\b|\bdoes not (?:know|recogni[sz]e) (?:where|me|us|his|her)\b`,
  ),
  headHit: sign(
    String
      .raw`\b(?:hit|banged|bumped|struck|smashed|cracked|injured|hurt|landed on|fell on) (?:\w+ ){0,3}head\b|\b(?:blow|kick|knock) to (?:the|my|his|her) head\b|\bhead injury\b`,
  ),
  headCompany: sign(
    String
      .raw`\bvomit\w*|\bthrowing up\b|\bthrew up\b|\bconfus\w+|\bsleepy\b|\bdrowsy\b|\bpassed out\b|\bblacked out\b|\bunconscious\b|\bclear fluid\b|\bdoesn't remember\b|\bslurr\w+|\bpupils?\b|\bseizure\b|\bknocked out\b`,
  ),
  pregnant: sign(String.raw`\bpregnan\w*|\bexpecting a baby\b|\btrimester\b|\bweeks along\b`),
  birthTrouble: sign(
    String
      .raw`\bbleed\w*|\b(?:severe|terrible|unbearable|bad) (?:\w+ )?(?:belly|stomach|abdominal|tummy)\b|\bbaby\b.{0,25}\b(?:stopped moving|not moving|not moved|hasn't moved|no longer moves|doesn't move|moves less)\b|\bwaters? (?:has |have )?(?:broke|broken)\b|\bsee(?:ing)? (?:spots|flashes|stars)\b|\bseizure\b`,
  ),
  burned: sign(
    String
      .raw`\b(?:severe|large|deep|third-degree) burns?\b|\bburn\w*\b.{0,30}\b(?:whole (?:arm|leg|face|body|hand|back)|all over|large part|charred)\b|\belectrocuted\b|\b(?:acid|bleach|lye|chemicals?|drain cleaner)\b.{0,25}\b(?:in|into) (?:my|his|her|the) eyes?\b|\belectric shock\b.{0,60}\b(?:chest|faint|burn\w*|unconscious)\b`,
  ),
  drowned: sign(
    String
      .raw`\b(?:nearly|almost|just) drowned\b|\bpulled (?:him|her|my \w+|a \w+) (?:out of|from) (?:the )?(?:water|pool|lake|sea)\b|\bis drowning\b`,
  ),
} as const;

/** The name of a sign. */
export type SignName = keyof typeof SIGNS;

function sign(...alternatives: string[]): RegExp {
  return new RegExp(alternatives.join("|"), "g");
}
