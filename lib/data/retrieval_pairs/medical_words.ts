/** Medical words and what people say for them, as in everyday_words.ts. Synthetic; common knowledge, not medical advice. */
import { phraseLines } from "./everyday_wording.ts";

export const MEDICAL_WORDS = phraseLines(`
  abdomen, belly, tummy, stomach, midriff, gut
  abdominal pain, belly ache, tummy ache, stomach pain, stomach ache, sore belly
  belly, tummy, stomach
  bowel, gut, intestine, insides, bowels
  intestine, gut, bowel, insides
  bowel movements, going to the toilet, pooping, number two
  stool, poop, poo, number two, what comes out on the toilet
  diarrhea, the runs, loose poop, watery poop, the trots
  constipation, trouble pooping, not being able to go, being stopped up
  vomiting, throwing up, puking, being sick, barfing
  vomit, throw up, puke, be sick
  nausea, feeling sick, queasiness, upset stomach, feeling like throwing up
  urine, pee, wee, water
  urination, peeing, passing water, going for a pee
  urinate, pee, go to the bathroom
  bladder, where the pee is kept
  fever, high temperature, running a temperature, burning up, being hot
  chills, shivering, the shivers
  sweating, sweaty, dripping with sweat, clammy
  tiredness, being worn out, no energy, fatigue, exhaustion, always tired
  tired, worn out, exhausted, drained, without energy
  weakness, feeling weak, no strength
  weak, feeble, without strength
  dizziness, feeling dizzy, lightheaded, woozy, the room spinning
  fainting, passing out, blacking out, collapsing
  unconscious, knocked out, passed out, out cold
  consciousness, being awake
  confusion, being muddled, being mixed up, not thinking straight
  memory loss, forgetfulness, forgetting things
  memory, remembering things
  dementia, losing one's mind in old age, growing forgetful
  headache, sore head, pain in the head, head hurting, pounding head
  pain, hurting, ache, soreness
  painful, sore, hurting, achy
  painless, does not hurt, without pain
  hurts, aches, is sore, is painful
  tender, sore to the touch, hurts when pressed
  cramps, spasms, tight painful muscles
  swelling, puffiness, being swollen, lump
  swollen, puffy, bloated, puffed up
  swell, puff up, get fat
  edema, swelling, water in the legs, puffy ankles
  rash, spots on the skin, red skin, breaking out
  itching, itchiness, having to scratch
  itchy, scratchy, makes you scratch
  hives, itchy welts, raised itchy bumps
  blisters, bubbles on the skin, fluid filled bumps
  spots, dots, bumps, pimples
  bruises, black and blue marks, blue spots
  bruise, black and blue mark
  bleeding, losing blood, blood coming out
  bleed, lose blood
  wound, cut, injury, gash
  injury, getting hurt, damage, accident
  injured, hurt, damaged
  fracture, broken bone, break, crack in the bone
  broken, snapped, busted
  sprain, twisted joint, rolled ankle
  ligaments, bands that hold a joint
  joint, knee or finger
  stiffness, being stiff, hard to bend
  stiff, hard to bend, rigid
  muscle, meat of the arm
  bone, skeleton
  bones, skeleton
  spine, backbone, back
  thigh, upper leg
  shin, lower leg
  calf, lower leg
  scalp, head skin
  chest pain, pain in the chest, hurting behind the breastbone, tight chest
  chest, breast, ribs
  breathlessness, being short of breath, out of breath, trouble breathing, puffing, gasping
  shortness of breath, out of breath, trouble breathing, can't catch my breath
  breathing, getting air, drawing breath
  wheezing, whistling breath, whistling chest
  cough, coughing, hacking, barking
  mucus, snot, slime, gunk, phlegm
  phlegm, slime from the lungs, gunk coughed up
  sneezing, achoo
  runny nose, dripping nose, sniffles, nose keeps running
  blocked nose, stuffy nose, stuffed up nose, can't breathe through the nose
  sore throat, throat hurting, scratchy throat, hurts to swallow
  throat, gullet, neck inside
  hoarseness, rough voice, losing my voice
  tonsils, lumps at the back of the throat
  swallowing, getting food down, gulping
  heartbeat, pulse, ticking of the heart
  palpitations, racing heart, heart pounding, heart skipping
  irregular, uneven, out of rhythm, all over the place
  irregular heartbeat, heart skipping beats, heart fluttering, heart out of rhythm
  pulse, heart rate, heartbeat
  blood pressure, pressure reading, the cuff reading
  high blood pressure, hypertension, pressure is too high
  cholesterol, blood fat
  blood clot, clump of blood, clot, thick blood stuck in a vein
  blood clots, clumps of blood, clots
  blood thinner, anticoagulant, medicine against clots
  anticoagulants, blood thinners, medicines against clots
  artery, blood vessel, blood pipe
  arteries, blood vessels, blood pipes
  vein, blood vessel
  vessels, blood pipes, tubes
  narrow, tight, clogged up, thin
  narrowed, clogged, tightened, furred up
  blocked, clogged, plugged, shut off
  blockage, clog, plug, something in the way
  heart attack, coronary, myocardial infarction, heart giving out
  stroke, brain attack, clot in the brain
  cardiac arrest, heart stops beating, heart stopped
  CPR, chest pumping, heart massage, reviving somebody, resuscitation
  defibrillator, AED, shock machine
  electrocardiogram, ECG, EKG, heart tracing, heart wires test
  electrodes, stickers with wires, sticky patches
  ultrasound, sonogram, echo scan
  x-ray, bone picture
  scan, picture of the inside, imaging
  CT scan, CAT scan, the doughnut scanner
  MRI scan, magnet scan, the noisy tube, MRI
  contrast dye, contrast agent, injected dye
  radiation, x-rays, rays
  blood test, lab work, having blood taken, blood sample
  complete blood count, CBC, blood count, blood work
  red blood cells, red cells, oxygen carriers
  white blood cells, white cells, infection fighters
  platelets, thrombocytes, cells that make blood clot
  hemoglobin, red stuff of the blood, blood color
  anemia, low blood, poor blood, low blood count, lack of red cells
  pale, white as a sheet, washed out, no color
  paleness, pale skin, looking white
  iron, iron pills
  glucose, sugar, blood sugar
  blood sugar, sugar level, glucose level, my sugars
  low blood sugar, sugar low, hypo, hypoglycemia, sugar crash
  high blood sugar, sugar too high, hyperglycemia
  diabetes, sugar disease, sugar sickness, diabetic
  insulin, sugar shots, diabetic injections
  hypoglycemia, low sugar, hypo, sugar crash
  thirst, being thirsty, dry mouth
  dehydration, drying out, lack of water, losing too much water
  appetite, hunger, feeling hungry
  weight loss, losing weight, getting thinner, losing pounds
  weight gain, putting on weight, gaining pounds, getting fatter
  obesity, being very fat, being very heavy
  overweight, too heavy, fat
  thyroid, gland in the neck, butterfly gland
  overactive, working too hard, in overdrive
  underactive, working too slowly, sluggish
  goiter, lump in the neck, swollen neck
  gland, organ
  hormone, body messenger, body chemical
  hormones, body messengers, body chemicals
  pancreas, gland behind the stomach
  liver, organ that cleans blood
  jaundice, yellow skin, yellow eyes, turning yellow
  yellow, yellowish
  gallbladder, bile bag
  kidney, organ that makes pee
  kidneys, organs that make pee
  kidney stones, stones in the pee, stones passed when peeing
  dialysis, blood washing machine
  organ, body part
  transplant, new organ, organ from a donor
  donor, giver, somebody who gives
  tremor, shaking, trembling, shaky hands
  trembling, shaking, shaky, shivery
  shaking, trembling, jittery
  seizure, fit, convulsion, attack of shaking
  seizures, fits, convulsions
  numbness, no feeling, gone dead, asleep
  numb, without feeling, dead, asleep
  tingling, pins and needles, prickling
  paralysis, not being able to move
  speech, talking, words
  slurred, slurry, mumbled, drunk sounding
  vision, sight, eyesight, seeing
  blurred vision, blurry sight, fuzzy sight, can't see clearly
  blurred, fuzzy, blurry
  blindness, going blind, losing sight
  blind, can't see
  eyelid, lid
  conjunctivitis, pink eye, red sticky eye
  contact lenses, contacts, lenses
  hearing loss, going deaf, hard of hearing
  hearing, how well I hear
  earache, ear pain, sore ear, hurting ear
  eardrum, skin inside the ear
  skin, hide, complexion
  nails, fingernails, toenails
  hair loss, going bald, hair falling out
  scar, mark left behind
  ulcer, open sore, raw spot
  heartburn, acid coming up, burning behind the breastbone, burning chest after meals
  acid, stomach juice
  indigestion, upset stomach
  bloating, swollen belly, full of gas, gassy
  gas, wind, farting, burping
  digestion, breaking down food
  digest, break down, handle
  infection, bug, germs, catching something
  infected, caught a bug, full of germs
  infectious, catching, contagious
  contagious, catching, can be passed on, spreads easily
  spread, pass on, catch, get around
  spreads, is passed on, is caught, gets around
  bacteria, germs, bugs
  virus, bug, germ
  viruses, bugs, germs
  parasite, bug, tiny creature
  germs, bugs, microbes
  pus, yellow goo, matter
  inflammation, swelling and redness, being inflamed, irritation
  inflamed, red and sore, irritated, swollen
  immune system, body's defenses, resistance
  immunity, being protected, resistance, can't catch it again
  antibodies, defenders in the blood
  autoimmune, body attacking itself
  vaccine, shot, jab, vaccination, needle
  vaccines, shots, jabs
  vaccination, getting shots, jabs, immunization
  booster, top-up shot, another jab
  allergy, bad reaction, being allergic
  allergic reaction, allergy attack, reaction to something
  anaphylaxis, allergic shock, severe allergy attack
  epinephrine, adrenaline, EpiPen, allergy pen
  antihistamine, allergy pill
  nuts, peanuts
  bee sting, sting, wasp sting
  stings, bee stings, wasp stings
  tick, bug that bites into the skin
  mosquito, bug that bites
  mosquitoes, biting bugs
  bite, nip, sting
  repellent, bug spray
  medicine, drug, medication, pills, meds
  medicines, drugs, medications, pills, meds
  drug, medicine, medication
  tablet, pill, capsule
  tablets, pills, capsules
  dose, amount, how much to take
  overdose, took too many pills, too much of the medicine
  side effects, bad effects, unwanted effects, problems from the pills
  side effect, bad effect, unwanted effect
  prescribe, write a prescription, put somebody on
  prescription, doctor's slip
  over the counter, without a prescription, from the drugstore
  painkiller, pain reliever, something for the pain
  pain relievers, painkillers, pain pills
  acetaminophen, Tylenol, paracetamol
  ibuprofen, Advil, Motrin
  naproxen, Aleve
  aspirin, blood thinning pain pill
  nonsteroidal anti-inflammatory drugs, NSAIDs, Advil and the like, anti-inflammatories
  antibiotic, germ killer, penicillin
  antibiotics, germ killers, penicillin
  antiviral, virus medicine
  steroid, cortisone, prednisone
  inhaler, puffer, spray
  inhaled, breathed in, puffed
  injection, shot, needle, jab
  injected, given by needle, shot in
  drip, infusion, by vein
  cream, ointment, salve, lotion
  eye drops, drops
  diuretics, water pills
  statins, cholesterol pills
  beta blockers, heart slowing pills
  metformin, sugar pill, diabetes tablet
  levothyroxine, thyroid pill
  pregnancy, being pregnant, expecting, having a baby
  pregnant, expecting, with child
  breastfeeding, nursing
  birth, delivery
  menopause, change of life
  menstrual periods, monthly bleeding, periods, time of the month
  newborn, new baby
  surgery, operation, being cut open, going under the knife
  operation, surgery
  keyhole surgery, small cut surgery
  anesthesia, being put to sleep
  hospital, clinic, ward, ER
  emergency, call an ambulance, 911, urgent
  emergency services, ambulance, 911
  first aid, what to do right away, quick help
  nurse, sister
  surgeon, doctor who operates
  depression, feeling down, the blues, no joy in anything
  anxiety, worry, nerves, being anxious
  panic attack, sudden fear, freak out, anxiety attack
  mood, spirits, how one feels
  suicide, ending one's life, killing oneself
  sleep, rest, shut-eye
  stress, pressure, strain, worries
  psychotherapy, talk therapy, counseling
  cancer, tumor, growth
  lump, bump, knot
  chronic, long-term, lasting, that won't go away
  acute, short-term, sudden
  inherited, runs in the family, from the parents, in the genes
  genes, family, what parents pass on
  genetic, in the family
  fatal, deadly, can kill
  death, dying
  survive, live through, pull through
  life expectancy, how long people live
  vitamin, nutrient
  calcium, bone mineral
  salt, sodium, salty food
  sodium, salt
  potassium, banana mineral
  fiber, roughage, bran
  milk, dairy, cow's milk
  lactose, milk sugar
  gluten, wheat protein
  wheat, bread, flour
  grains, cereals, bread and pasta
  vegetables, veggies, greens
  fruit, apples and oranges
  meat, beef, steak
  sunlight, sun, being outdoors
  sunburn, burned by the sun
  burn, scald
  burns, scalds
  choking, something stuck in the throat, food going down the wrong way
  ice, cold pack, ice pack
  crutches, walking sticks
  bandage, wrap, dressing
  soap, suds
  washing hands, hand hygiene, scrubbing hands
`);
