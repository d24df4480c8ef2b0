/**
 * The cost of a regular expression from a stranger's tokenizer.json. JavaScript matches by backtracking and cannot be
 * interrupted: `(a+)+b` on thirty letters runs for minutes. Patterns that could do so are refused before they run.
 */

/** More repetitions than these of something that can match in several ways are too many: 2^10 ways are tried in no time. */
const fewRepetitions = 10;
/** Neighbouring unbounded repetitions multiply: with four, time may grow with the fifth power of a text's length. */
const mostUnbounded = 4;
/** Counted repetitions are unrolled when a pattern is compiled. */
const mostAtoms = 20_000;

/** What one alternative of a group holds. */
interface Branch {
  /** Atoms after unrolling. */
  atoms: number;
  /** Repetitions without a bound, one after the other. */
  unbounded: number;
  /** The character it must begin with, where that is certain. */
  first?: string;
}

/** A group, or the whole pattern. */
interface Group {
  branches: Branch[];
  /** Whether something in it may match different lengths of the same text. */
  isAmbiguous: boolean;
}

/** What a quantifier may stand behind. */
interface Atom {
  atoms: number;
  unbounded: number;
  isAmbiguous: boolean;
  /** The character, if it is just one. */
  literal?: string;
}

const quantifier = /^(?:([*+?])|\{(\d+)(,?)(\d*)\}|\{,(\d+)\})[?+]?/;
const groupStart = /^\((?:\?(?:<?[=!]|<\w+>|[a-z-]*:|>))?/;
const escape = /^\\(?:[pPxu]\{[^}]*\}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[^])/;

/**
 * Says why matching a pattern (Oniguruma's syntax) may take forever or a lot of memory; nothing when it is fine. Some
 * harmless patterns are refused too, but none that a known tokenizer has: repeated groups hold neither repetitions nor
 * alternatives that could match the same text in two ways.
 */
export function patternRisk(pattern: string): string | undefined {
  if (pattern.length > mostAtoms) return `it has ${pattern.length} characters; at most ${mostAtoms} are read`;
  const open: Group[] = [{ branches: [{ atoms: 0, unbounded: 0 }], isAmbiguous: false }];
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at, at + 200);
    const group = open[open.length - 1];
    let atom: Atom = { atoms: 1, unbounded: 0, isAmbiguous: false };
    if (pattern[at] === "(") {
      if (open.length > 100) return "its groups are nested more than 100 levels deep";
      open.push({ branches: [{ atoms: 0, unbounded: 0 }], isAmbiguous: false });
      at += groupStart.exec(rest)![0].length;
      continue;
    } else if (pattern[at] === "|") {
      group.branches.push({ atoms: 0, unbounded: 0 });
      at++;
      continue;
    } else if (pattern[at] === ")" && open.length > 1) {
      atom = asAtom(open.pop()!);
      at++;
    } else if (pattern[at] === "[") {
      at = endOfClass(pattern, at);
    } else if (pattern[at] === "\\") {
      at += escape.exec(rest)?.[0].length ?? 1;
    } else {
      if (!"^$.".includes(pattern[at])) atom.literal = pattern[at].toLowerCase();
      at++;
    }
    // A quantifier may itself be quantified.
    for (let found; (found = quantifier.exec(pattern.slice(at, at + 40))) !== null; at += found[0].length) {
      const [least, most] = bounds(found);
      if (atom.isAmbiguous && most > fewRepetitions) {
        return `it repeats something that can match the same text in several ways (before ${
          JSON.stringify(pattern.slice(at, at + 10))
        }), which may take forever`;
      }
      atom = {
        atoms: atom.atoms * Math.max(1, Number.isFinite(most) ? most : least),
        unbounded: most === Infinity ? Math.max(1, atom.unbounded) : atom.unbounded,
        isAmbiguous: atom.isAmbiguous || least !== most,
        ...(least > 0 ? { literal: atom.literal } : {}),
      };
    }
    const branch = open[open.length - 1].branches.at(-1)!;
    if (branch.atoms === 0 && atom.literal !== undefined) branch.first = atom.literal;
    branch.atoms += atom.atoms;
    branch.unbounded += atom.unbounded;
    if (atom.isAmbiguous) open[open.length - 1].isAmbiguous = true;
    if (branch.atoms > mostAtoms) return `its counted repetitions multiply to more than ${mostAtoms} characters`;
    if (branch.unbounded > mostUnbounded) return `it has more than ${mostUnbounded} unbounded repetitions in a row`;
  }
  return undefined;
}

function asAtom({ branches, isAmbiguous }: Group): Atom {
  const firsts = branches.map(({ first }) => first);
  // Alternatives that begin with different characters exclude each other.
  const isClear = branches.length === 1 || (!firsts.includes(undefined) && new Set(firsts).size === firsts.length);
  return {
    atoms: branches.reduce((sum, { atoms }) => sum + atoms, 0),
    unbounded: Math.max(...branches.map(({ unbounded }) => unbounded)),
    isAmbiguous: isAmbiguous || !isClear,
    literal: branches.length === 1 ? branches[0].first : undefined,
  };
}

function bounds([, sign, least, comma, most, upTo]: RegExpExecArray): [least: number, most: number] {
  if (sign !== undefined) return [sign === "+" ? 1 : 0, sign === "?" ? 1 : Infinity];
  if (upTo !== undefined) return [0, Number(upTo)];
  return [Number(least), comma === "" ? Number(least) : most === "" ? Infinity : Number(most)];
}

/** The position after a character class, in which others may be nested. */
function endOfClass(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "[") {
      depth++;
      if (pattern[at + 1] === "^") at++;
      // At the beginning of a class it stands for itself.
      if (pattern[at + 1] === "]") at++;
    } else if (pattern[at] === "]" && --depth === 0) return at + 1;
  }
  return pattern.length;
}
