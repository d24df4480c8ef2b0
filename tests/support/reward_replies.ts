/** Replies of all kinds, right, wrong and strange, with gold answers, drawn with a seed. */
import { Random } from "../../lib/random/mod.ts";

const PIECES = [
  ..."<think> </think> <answer> </answer> <think>\n \n</think>\n \n<answer>\n \n</answer>".split(" "),
  ..."7 -7 +7 7.0 $1,200.00 1200 25% .5 5. 1e3 \u22123 \u0663 \u00bd seven <answer".split(" "),
  ...[
    "\n",
    " ",
    "\t",
    "\u00a0",
    "\ufeff",
    "\u001c",
    "\u0085",
    "\u2028",
    "3+4=7",
    "\u{1f600}",
    "a",
    "",
    "%",
    "$",
    ",",
    "7%%",
  ],
];

/** Rows of a reply and its gold answer. */
export function rewardReplies(count = 4000): { replies: string[]; golds: string[] } {
  const random = new Random("reward replies");
  const draw = (count: number) => random.integer(0, count - 1);
  const replies: string[] = [
    "3+4=7\n</think>\n<answer>\n7\n</answer>",
    "<think>\n3+4=7\n</think>\n<answer>\n7\n</answer>",
    "<think>\n3+4=7\n</think>\n<answer>\n7\n</answer>\n",
    "<think>3+4=7</think> \ufeff<answer>7</answer>, so 7",
    "",
  ];
  while (replies.length < count) {
    const isFramed = draw(2) === 0;
    const pieces = Array.from({ length: draw(9) }, () => PIECES[draw(PIECES.length)]).join("");
    const given = PIECES[draw(PIECES.length)];
    replies.push(
      isFramed ? `<think>\n${pieces}\n</think>\n<answer>\n${given}\n</answer>${PIECES[draw(PIECES.length)]}` : pieces,
    );
  }
  const golds = replies.map(() => ["7", "-7", "1,200", "0.5", " 7 "][draw(5)]);
  return { replies, golds };
}
