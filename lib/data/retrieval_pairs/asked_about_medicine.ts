/**
 * What people say who mean the subject of a medical article and do not use its name. From general knowledge, about the subject as such
 * and not about what an article says of it. Synthetic, not medical advice.
 */
import { askedAbout } from "./asked_about.ts";

export const ASKED_ABOUT_MEDICINE = askedAbout(`
  ACE inhibitors: lisinopril; enalapril; ramipril; blood pressure pill that makes me cough; dry cough since I take the pressure pill; pressure pills ending in pril; pill that widens the vessels
  Acetaminophen: Tylenol; paracetamol; Panadol; pain and fever pill that is gentle on the stomach; too many Tylenol; pain pill and my liver; fever pill for kids; pill against fever
  Acute bronchitis: chest cold; cough that hangs on after a cold; bringing up slime when coughing; coughing for weeks after a cold; cold gone to the chest
  Alzheimer disease: grandma forgets everything; losing memory in old age; dementia; gets lost on the way home; does not know her family any more; keeps asking the same thing; senile
  Anaphylaxis: severe reaction to a bee sting; throat closing up after peanuts; allergic shock; EpiPen; adrenaline pen; lips and tongue swell after food; whole body allergy attack
  Angina: tight chest when climbing stairs; chest hurts when I hurry and stops at rest; narrow heart arteries; heart pain on effort; spray under the tongue for the chest; nitro
  Ankle sprain: twisted my ankle; rolled my foot; hurt foot at soccer; swollen ankle after a wrong step; turned ankle; torn ligament in the foot
  Antibiotic resistance: superbugs; germs that no drug kills any more; pills no longer work against bacteria; MRSA; why not take antibiotics for every cold
  Antibiotics: penicillin; amoxicillin; pills against bacteria; germ killing medicine; does it work against the flu; stomach trouble from amoxicillin; finishing the pack of pills
  Anticoagulants: blood thinners; warfarin; Coumadin; heparin; Xarelto; Eliquis; pills against clots; my blood is too thin; bleeding easily because of a pill
  Appendicitis: pain in the lower right belly; sharp pain low on the right side; appendix burst; pain that wanders from the navel to the right; blind gut
  Asthma: inhaler; puffer; whistling breath; attacks of breathlessness; wheezy kid; can't breathe out; breathless when running in cold air; tight airways
  Atrial fibrillation: heart flutters; heart all over the place; uneven pulse; AFib; skipping heart; heart beats without any order
  Beta blockers: metoprolol; bisoprolol; propranolol; atenolol; pills that slow the heart; tablets for a racing heart; pills for stage fright; lol pills
  Bladder infection: burns when I pee; have to pee all the time; UTI; cystitis; stinging when passing water; cloudy smelly pee; water infection
  Burns: burned my hand on the stove; spilled hot water on the skin; hot oil on the arm; scalded by tea; touched the iron; blister from something hot
  Cardiac arrest: collapsed and not breathing; no pulse; dropped to the ground lifeless; heart stopped; shock from a machine on the wall; AED; sudden cardiac death
  Cardiopulmonary resuscitation: CPR; pressing on the chest of somebody lifeless; pumping the chest; mouth to mouth; how fast to push on the breastbone; heart massage; reviving somebody
  Cataract: cloudy lens; fog before the eyes in old age; glare of headlights at night; milky eye; new lens put in the eye; colors look faded
  Celiac disease: can't eat bread; gluten; wheat makes me sick; allergic to flour; gluten free; belly trouble from pasta; no bread or beer
  Chickenpox: itchy blisters all over a child; varicella; spots that turn into crusts; pox; kid with itchy spots and fever
  Choking: food stuck in the windpipe; swallowed a grape the wrong way; Heimlich; can't speak or breathe after a bite; back slaps; baby swallowed a toy; something went down the wrong pipe
  Chronic kidney disease: kidneys failing slowly; dialysis; weak kidneys; kidneys that no longer clean the blood; kidney function going down; new kidney
  Chronic obstructive pulmonary disease: COPD; smoker's lung; smoker's cough; emphysema; short of breath after years of cigarettes; damaged lungs from tobacco; oxygen at home
  Common cold: sniffles; runny nose; stuffed up nose; sneezing for days; catching a cold; head cold; just a cold
  Complete blood count: CBC; blood work; white cells too high; platelets low; what the numbers of my blood test mean; hemoglobin value on the lab sheet
  Concussion: hit my head; knock on the head; bump on the head; blow to the skull at football; dazed after a fall; head injury at sport
  Crohn disease: inflamed gut from mouth to end; bouts of belly cramps and the runs for months; bowel disease of young people; IBD; fistula
  CT scan: CAT scan; doughnut shaped x-ray machine; slices of the body in pictures; how much radiation from a scanner; dye for the scan
  Deep vein thrombosis: clot in the leg; one swollen calf after a long flight; DVT; leg hurts and is thick after sitting in a plane; blocked leg vein
  Depression: feeling down for weeks; no joy in anything; can't get out of bed; feeling worthless; sad all the time; the blues; thoughts of ending it all; lost interest in everything
  Diabetic ketoacidosis: DKA; fruity breath; acid blood from missing insulin; breath smells of nail polish remover; diabetic throwing up and breathing deeply; ketones
  Dietary fiber: roughage; bran; whole grain bread; what to eat to go to the toilet better; oats and beans; food that fills and keeps bowels moving
  Diuretics: water pills; furosemide; Lasix; hydrochlorothiazide; pills that make you pee; tablets that wash out water; run to the toilet because of a pill
  Eczema: itchy dry skin in the bends of the elbows; atopic dermatitis; neurodermatitis; baby with itchy red cheeks; skin cracks and itches; scratching at night
  Electrocardiogram: ECG; EKG; wires on the chest; heart tracing; squiggly line of the heart; stickers on the chest; recording the heart's current; Holter
  Epilepsy: fits; seizures; convulsions; shakes all over and foams; jerking on the floor; falling sickness; child stares into space for seconds; what to do when somebody has a fit
  Folate deficiency anemia: lack of folic acid; vitamin B9; too few green vegetables; folic acid before pregnancy; spina bifida; tired from lack of leafy greens
  Gallstones: pain under the right ribs after fatty food; stones in the gallbladder; bile stones; cramps after greasy dinner; gallbladder out
  Gastroesophageal reflux disease: heartburn; acid coming up at night; sour taste in the mouth; burning behind the breastbone; GERD; acid reflux; antacids; omeprazole
  Gestational diabetes: sugar too high while expecting; pregnant with diabetes; sugary drink test in pregnancy; big baby because of sugar; diabetes that comes with a baby
  Glaucoma: high pressure in the eye; losing side vision; eye drops against pressure; tunnel vision; halos around lights with a painful red eye; green star
  Gout: big toe hot and swollen; uric acid; toe hurts at night after beer and meat; crystals in the joint; rich man's disease; allopurinol
  Handwashing: cleaning hands; soap and water; scrubbing hands; hand gel; sanitizer; how long to wash; germs on the fingers; clean hands before cooking
  Heart attack: crushing chest pain; pain into the left arm and jaw; coronary; myocardial infarction; blocked heart artery; stent; elephant on my chest
  Heart failure: weak heart; swollen ankles and breathless lying flat; heart pumps too little; water in the legs and lungs; needs several pillows to sleep
  Heat stroke: too long in the sun; overheated; collapsed in the heat; worker confused on a hot day; hot skin and muddled; child in a hot car; marathon in the heat
  Hemoglobin A1c test: long-term sugar; three month sugar; average sugar; HbA1c; A1c; blood test for the last months' sugar
  Hemophilia: bleeder; blood does not clot; bleeding disease of boys; bleeding into joints; missing clotting factor; royal disease; bleeds for ages from a small cut
  Herd immunity: enough people vaccinated; protecting those who cannot get shots; when most are immune; community protection; why should I get the jab if everyone else did
  High blood pressure: hypertension; pressure too high; 150 over 95; cuff on the arm; too much salt and pressure; upper and lower number
  Hyperthyroidism: overactive thyroid; bulging eyes; nervous and thin and sweaty; Graves; thyroid in overdrive; losing weight although I eat a lot; heart races and hands shake
  Hypoglycemia: sugar too low; sugar crash; shaky and sweaty when I skip a meal; hypo; diabetic who is trembling and pale; juice for low sugar; took too much insulin
  Hypothyroidism: underactive thyroid; slow thyroid; always cold and tired and putting on weight; Hashimoto; levothyroxine; thyroid pills; sluggish gland
  Influenza: flu; the real flu; flu shot; flu jab; aches and high fever all at once; Tamiflu; grippe
  Insulin: sugar shots; injecting for diabetes; pen for diabetics; where to keep the insulin pen; pump for sugar; needle into the belly fat; hormone that lets sugar into cells
  Iodine: iodized salt; seaweed; mineral for the thyroid; lack of it gives a thick neck; element in sea fish; iodine pills at a nuclear accident
  Iron deficiency anemia: low iron; iron pills; iron too low; heavy periods and tired; pale and craving ice; ferritin; black stool from iron tablets; blood loss from the gut
  Irritable bowel syndrome: IBS; nervous gut; belly cramps and bloating without a cause; nervous stomach; sensitive bowel; runs and then stopped up
  Kidney infection: fever and pain in the flank; back pain with a water infection; pyelonephritis; chills and pee that burns; infection climbed up from the bladder
  Kidney stones: terrible cramps in the side; stone in the pee; waves of pain from back to groin; passed a stone; crystals in the kidney; blood in the pee and awful pain in the flank
  Kidneys: bean-shaped organs; where pee is made; filter of the blood; how many filters; organs in the back under the ribs; what makes urine
  Lactose intolerance: milk gives me gas; dairy gives me the runs; can't drink milk; belly ache after ice cream; lactase drops; milk sugar
  Liver: biggest organ inside; organ under the right ribs; where alcohol is broken down; makes bile; cirrhosis; organ that grows back; detox organ
  Lyme disease: tick bite; red ring on the skin; bull's-eye rash; borrelia; pulling out a tick; bug stuck in the skin after a walk in the woods
  Malaria: fever after a trip to Africa; mosquito fever; fever that comes and goes after the tropics; bed net; pills before a tropical trip; chills every other day
  Measles: red spots and high fever in a child; MMR; white dots inside the cheeks; rash that begins behind the ears; most contagious childhood disease; rubeola
  Metformin: Glucophage; first pill for sugar; diabetes tablet; pill for type 2; diabetes pill that upsets the stomach; sugar pill and contrast dye
  Middle ear infection: otitis media; toddler pulls at the ear and has a fever; ear ache after a cold; pressure behind the eardrum; tubes in the ears; fluid behind the eardrum
  Migraine: throbbing on one side of the head; flickering lights before a headache; aura; has to lie in a dark room; sick headache; triptans; can't stand light and noise
  MRI scan: magnet tube; noisy tunnel; scan without radiation; claustrophobic in the scanner; pacemaker and magnet; banging noise; magnetic pictures; lying in the tube
  Nonsteroidal anti-inflammatory drugs: ibuprofen; Advil; Motrin; Aleve; naproxen; diclofenac; NSAIDs; pain pills that hurt the stomach; anti-inflammatory pills; pain pills and kidneys
  Oral rehydration: sugar and salt drink; drink for a dried out child; mix water with salt and sugar; replacing lost water; child with the runs won't drink; electrolyte drink; dried out baby
  Osteoarthritis: worn out joints; worn knees; wear and tear; knees ache in old age; cartilage gone; new hip; new knee; stiff knee in the morning for a few minutes; bone on bone
  Osteoporosis: brittle bones; thin bones; weak bones in old women; broke a hip from a little fall; shrinking with age; bone density; grandma broke her wrist
  Outer ear infection: swimmer's ear; ear hurts when I pull on it; itchy ear canal after swimming; water in the ear; cotton swabs; otitis externa
  Pancreas: gland behind the stomach; organ that makes insulin; digestive juice; islets; organ hurt by alcohol and gallstones
  Panic attack: sudden fear of dying; heart pounding and trembling out of nowhere; freaking out; hyperventilating; fear that peaks in minutes; feels like I am going crazy
  Parkinson disease: shaking hand at rest; slow shuffling walk; stiff and slow; frozen face; lack of dopamine; grandpa's hand trembles; small handwriting
  Peptic ulcer: hole in the stomach; stomach sore; Helicobacter; open sore in the stomach; gnawing pain in the upper belly; black tarry poop; stomach bleeding from painkillers
  Pink eye: conjunctivitis; red sticky eye; eyes glued shut in the morning; runny red eyes; goo in the eye; itchy eyes from pollen
  Pneumonia: lung infection; infected lungs; fever with cough and chills; water in the lung on the x-ray; sharp pain when breathing in; walking pneumonia; inflamed lung
  Psoriasis: silvery scales on elbows and knees; flaky red patches; thick scaly skin; dots in the nails; skin that grows too fast; scaly scalp
  Pulmonary embolism: clot in the lung; sudden breathlessness after an operation; clot traveled to the lungs; coughing blood and a swollen leg; PE
  Rheumatoid arthritis: swollen finger joints on both hands; stiff hands for hours in the morning; rheumatism; immune system attacks joints; methotrexate; crooked fingers
  Shingles: painful blisters in a stripe on one side; band of blisters; zoster; chickenpox coming back in old age; burning belt of rash; nerve pain after a rash
  Sickle cell disease: bent red cells; banana shaped blood cells; inherited pain attacks; moon shaped cells; pain crisis; blood disease common in Africans
  Sinusitis: pressure in the face; pain behind the cheeks and forehead; blocked sinuses; thick snot and headache when bending over; sinus infection; face hurts when I lean forward
  Spleen: organ under the left ribs; organ that filters old blood cells; had it taken out; burst after an accident; kissing disease and contact sports
  Statins: cholesterol pills; atorvastatin; Lipitor; simvastatin; muscle pain from cholesterol pills; lowering LDL; pills for blood fat; grapefruit and pills
  Strep throat: sore throat with white spots on the tonsils; throat infection from bacteria; throat swab; scarlet fever; kid's throat and penicillin; streptococcus
  Stroke: face droops; arm goes weak and speech slurred; brain attack; FAST; clot in the brain; half the body goes limp; can't speak suddenly; crooked smile
  Tension headache: band around the head; pressing headache from stress; tight neck and head; head in a vise; dull ache on both sides after a day at the computer
  Thyroid gland: butterfly-shaped gland; gland in the neck; Adam's apple; gland for metabolism; lump in the neck; thick neck; nodules
  Transient ischemic attack: mini stroke; TIA; arm went numb for ten minutes and came back; warning stroke; speech gone for a short time and then fine; stroke signs that vanish
  Tuberculosis: TB; coughing blood and night sweats; consumption; lung disease with months of pills; skin test; cough for weeks and losing weight; latent germs in the lung
  Type 1 diabetes: child diabetes; juvenile diabetes; needs shots for life; kid drinks and pees all the time and gets thin; pancreas makes no insulin; born with sugar disease
  Type 2 diabetes: adult onset diabetes; sugar from being overweight; old age sugar; fat belly and sugar; insulin no longer works well; sugar sickness of grown-ups
  Ulcerative colitis: bloody runs for weeks; inflamed colon; large bowel inflammation; bloody poop with slime; IBD of the large intestine; colon removed
  Vaccination: shots; jabs; getting vaccinated; immunization; sore arm after the needle; kids' shots; boosters; measles shot
  Viral gastroenteritis: stomach flu; stomach bug; norovirus; whole family throwing up; throwing up and the runs; cruise ship bug; rotavirus; tummy bug
  Viral sore throat: throat hurts with a cold; sore throat without bacteria; what soothes a scratchy throat; lozenges; gargling; throat sore and runny nose
  Vitamin B12 deficiency anemia: vegan and tired; tingling feet from a vitamin; B12 shots; cobalamin; pernicious anemia; numb feet and sore tongue; no meat or eggs for years
  Vitamin C: scurvy; ascorbic acid; oranges and lemons; sailors' bleeding gums; does it help against colds; citrus fruit
  Vitamin D: sunshine vitamin; rickets; made in the skin by the sun; bowed legs in children; vitamin for the bones; drops for babies; cod liver oil
`);
