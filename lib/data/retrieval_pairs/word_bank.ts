/**
 * Common English words by their part of speech. Sentences made of them need no sense: a retriever learns from them which words
 * there are, and that a passage with the words of a query is the one to find.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const NOUNS = words(`
  account actor address age agency agreement air aircraft airport album animal answer apple architect area arm army art article artist
  association athlete attack author autumn award baby baker ball band bank bark base basin battle bay beach bear beer bell bench bicycle
  bird birth blood board boat body bone book border bottle box boy branch bread bridge brother building bus business butter button cabin
  camera camp campaign canal candle capital captain car card career carpet castle cat cathedral cattle cave center century chain chair
  champion chapel chapter character cheese chemist chief child choir church circle citizen city claim class clock cloth cloud club coach
  coal coast coffee coin college color comedy command committee community company composer computer concert constitution contract
  copper corner cotton council country county course court cousin cow craft creek crew crime critic crop crown culture cup current
  dance daughter dawn day death debate decade deer degree desert design desk detective diamond diary dictionary dinner director disease
  district doctor document dog dollar door drama dream dress drink driver drum duke duty eagle ear earth east economy edge editor
  education egg election electricity elephant emperor empire energy engine engineer entrance episode estate evening event examination
  exchange exhibition expedition experiment eye fabric face factory failure fair family farm farmer fashion father feature federation
  festival fiction field fight film finger fire fish flag fleet flight floor flower food foot football forest fort fortune foundation
  fountain fox frame freedom friend frog fruit fuel funeral future gallery game garage garden gas gate general ghost giant girl glass
  glove goal goat god gold golf government governor grain grass grave guard guest guide guitar gun habitat hair hall hammer hand harbor
  harvest hat head health heart heat height heir helmet herb heritage hero hill historian history holiday home honey honor horn horse
  hospital hotel hour house hunter husband ice idea illness image income industry infantry inn insect institute instrument insurance
  invention iron island jacket jazz jewel job journal journey judge juice jungle jury justice key king kingdom kitchen knee knife knight
  labor lake lamp land language law lawyer lead leader leaf league leather lecture leg legend lemon lesson letter level library license
  life light lighthouse lion list literature lodge loss magazine magic magnet mail mammal manager manor manuscript map marble market
  marriage master match material meadow meal measure meat medal medicine meeting member memory merchant metal meter method metropolis
  milk mill mind mine mineral minister minute mirror mission model monarch monastery money monkey month monument moon morning mosque
  mother motor mountain mouse mouth movement museum music musician muscle mystery myth name nation navy neck needle nerve network
  newspaper night north nose novel number nurse oak object ocean office officer oil opera orchestra orchid organ origin outcome oven
  owner ox oxygen page painter painting palace paper parade parent park parliament party passenger path patient peace peasant pen people
  pepper performance period person petition philosopher photograph physician pianist piano pig pilot pioneer pipe pirate place plain
  plane planet plant plate platform play player poem poet poison police policy politician pond pool pope population port portrait post
  pot potato powder power prayer premiere president price priest prince princess prison prize producer product professor profit program
  project province publisher pump purpose queen question rabbit race radio rail railway rain ranch range rank rat reader record reform
  refugee regiment region religion report republic research reserve resort restaurant revolution rhythm rice rider rifle ring river road
  robot rock rocket role roof room root rope rose route rule ruler sailor saint salt sand satellite scene school science scientist score
  screen sculptor sea season seat secret secretary section seed senate senator sentence series servant service session settlement shadow
  shape sheep shell shelter ship shirt shoe shop shore show shrine silk silver singer sister site skin sky slave sleep smoke snake snow
  soap soccer society soil soldier son song sound soup south space species speech speed spider spirit sport spring square squadron stadium
  staff stage stamp star state station statue steam steel stem step stock stomach stone storm story stranger stream street strike student
  studio style subject suburb success sugar suit summer summit sun surface surgeon swamp sword symbol syndicate system table tail tale tank
  tax tea teacher team technology telegraph telephone television temple tennis territory test textile theater theory thief thread throat
  throne thunder ticket tide tiger timber time title tobacco tomb tongue tool tooth tour tournament tower town toy track trade tradition
  tragedy trail train treasure treaty tree trial tribe trip troop truck tunnel uncle uniform union university valley value vehicle verse
  vessel victim victory village violin virus visitor voice volcano volume vote voyage wagon wall war warehouse warrior watch water wave
  weapon weather wedding week weight well west whale wheat wheel widow wife wildlife wind window wine wing winner winter witness wolf
  woman wood wool word work worker world writer yacht yard year youth zone
`);

export const ADJECTIVES = words(`
  active agricultural ancient annual aquatic armed artificial automatic bitter black blind blue bold brave brief bright broad bronze brown
  calm careful central cheap chief civil classical clean clear clever coastal cold colonial common complete complex constant cool correct
  criminal cruel cultural curious daily dangerous dark dead deep democratic dense distant domestic double dramatic dry early eastern
  economic electric elegant empty endangered entire equal eternal exotic experimental extreme fair faithful false famous fast federal fierce
  final financial fine firm first flat foreign formal fragile free frequent fresh friendly frozen full funny general gentle giant global
  golden good grand gray great green happy hard heavy hidden high historic hollow holy honest hot huge human humid imperial important
  independent indigenous industrial infinite inner international invisible iron joint junior large last late legal liberal light little
  living local lonely long loose lost loud low lucky magnetic major male marine maritime massive mechanical medieval military minor mobile
  modern moral municipal musical mysterious naked narrow national native natural naval near new nocturnal noble northern nuclear official
  old open orange ordinary original outer pale parallel parliamentary perfect permanent personal pink plain poisonous polar polite political
  poor popular portable practical precious pregnant primary private professional proud public pure purple quick quiet radical rapid rare raw
  real red regional regular religious remote rich rigid rocky romantic rough round royal rude rural sacred safe salty scarlet scientific
  second secret secure senior sharp short sick silent silver simple single slow small smooth social soft solar solid southern special
  spiritual stable standard steep strange strict strong sudden summer sweet swift tall temporary tender thick thin third tiny tired
  tough toxic traditional tropical true twin unique universal upper urban useful vast vertical violent visible warm weak wealthy western
  wet white wide wild winter wise wooden yellow young
`);

/** Verbs in their past form; it is the participle too. */
export const VERBS = words(`
  abandoned absorbed accepted accused achieved acquired adapted admired adopted advised announced appointed approved arranged arrested
  assembled assisted attacked attended attracted awarded banned baptized blocked borrowed bought broadcast built buried burned captured
  carried celebrated changed charged chased cleaned climbed closed collected combined commanded commissioned compared completed composed
  condemned conducted confirmed connected conquered considered constructed contained controlled converted cooked copied corrected covered
  crossed crowned cultivated cured damaged decided declared decorated defeated defended delayed delivered demolished described deserted
  designed destroyed detected developed directed discovered discussed dismissed displayed divided donated doubled edited educated elected
  employed encouraged ended engraved established examined executed expanded explained explored exported exposed extended featured filled
  financed finished followed forgot formed fought found founded freed gathered governed guarded guided hated heard heated helped hired
  honored hosted hunted ignored illustrated imported improved included increased influenced inherited inspected inspired installed
  interviewed introduced invaded invented invested investigated invited joined judged killed kissed launched led left licensed lifted
  linked liked lost loved maintained managed manufactured marked married measured melted mentioned merged met mixed modified mounted moved
  murdered named observed occupied offered opened operated opposed ordered organized owned painted passed performed photographed planned
  planted played pleased portrayed praised preached predicted prepared presented preserved printed produced promised promoted protected
  proved provided published pulled punished purchased pushed raised ranked reached received recognized recommended recorded recovered
  reduced refused registered rejected released removed renamed rented repaired replaced reported represented rescued restored retired
  returned revealed reviewed rewarded ruined ruled sampled saved scored searched selected sent separated served settled sheltered signed
  silenced sold solved sponsored started stole stopped studied supplied supported surrounded survived taught tested tracked traded trained
  translated transported trapped treated unified used visited voted warned washed watched welcomed won wrote
`);

export const COUNTRIES = words(`
  America Argentina Australia Austria Belgium Brazil Britain Canada Chile China Colombia Cuba Denmark Egypt England Estonia Ethiopia
  Finland France Germany Ghana Greece Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan Kenya Korea Malaysia
  Mexico Morocco Nepal Netherlands Nigeria Norway Pakistan Peru Philippines Poland Portugal Romania Russia Scotland Serbia Singapore
  Slovakia Spain Sweden Switzerland Thailand Turkey Ukraine Venezuela Vietnam Wales California Texas Florida Ohio Virginia
`);

export const NATIONALITIES = words(`
  American Argentine Australian Austrian Belgian Brazilian British Canadian Chinese Cuban Danish Dutch Egyptian English Finnish French
  German Greek Hungarian Icelandic Indian Iranian Irish Israeli Italian Japanese Kenyan Korean Mexican Norwegian Pakistani Polish
  Portuguese Romanian Russian Scottish Serbian Spanish Swedish Swiss Turkish Ukrainian Welsh
`);

export const JOBS = words(`
  actor actress architect artist astronaut athlete author baker banker biologist boxer chef chemist comedian composer conductor dancer
  designer diplomat director doctor drummer economist editor engineer explorer farmer footballer guitarist historian inventor journalist
  judge lawyer linguist magician mathematician merchant model musician novelist nurse painter philosopher photographer physicist pianist
  pilot playwright poet politician preacher priest producer programmer rapper sailor scientist screenwriter sculptor senator singer
  skater soldier songwriter surgeon swimmer teacher violinist wrestler writer
`);

export const MONTHS = words("January February March April May June July August September October November December");
