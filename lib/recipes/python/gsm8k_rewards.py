"""The rewards of Kiln for tagged replies, one reply at a time. `text` is the reply with the prefill's tag before it.

Numbers and white space are read as JavaScript reads them, so that every reply gets the reward that it would get there.
"""

import math
import re

# What JavaScript's trim() takes for white space.
WHITE = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
TAGS = ["<think>", "</think>", "<answer>", "</answer>"]


def parse_number(text):
    """The number that a text is, commas, `$` and one `%` aside; None when it is none."""
    bare = text.strip(WHITE)
    bare = bare[:-1] if bare.endswith("%") else bare
    bare = bare.replace("$", "").replace(",", "")
    bare = ("-" + bare[1:] if bare.startswith("\u2212") else bare).strip(WHITE)
    if not re.fullmatch(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", bare):
        return None
    value = float(bare)
    return value if math.isfinite(value) else None


def between(text, opening, closing):
    start = text.find(opening)
    end = text.find(closing, start + len(opening)) if start >= 0 else -1
    return text[start + len(opening) : end] if end >= 0 else None


def last_answer(text):
    start = text.rfind("<answer>")
    end = text.find("</answer>", start) if start >= 0 else -1
    return text[start + len("<answer>") : end].strip(WHITE) if end >= 0 else None


def tag_correctness(text, gold):
    """1 where the number in the first <answer> is the gold one."""
    expected = parse_number(gold)
    if expected is None:
        raise ValueError(f"the gold answer {gold!r} is no number")
    given = parse_number(between(text, "<answer>", "</answer>") or "")
    return 1.0 if given is not None and abs(given - expected) < 1e-5 else 0.0


def tag_format(text, gold=None):
    """1 where the whole reply is <think>...</think>, a line break, <answer>...</answer>, each tag once."""
    framed = text.startswith("<think>") and text.endswith("</answer>") and "</think>\n<answer>" in text
    return 1.0 if framed and all(text.count(tag) == 1 for tag in TAGS) else 0.0


def five_correctness(text, gold):
    """2 where the last answer is the gold one, letter for letter."""
    return 2.0 if last_answer(text) == gold.strip(WHITE) else 0.0


def five_int(text, gold=None):
    """0.5 where the last answer is a whole number."""
    return 0.5 if re.fullmatch(r"[+-]?[0-9]+", last_answer(text) or "") else 0.0


def five_strict_format(text, gold=None):
    """0.5 where each tag stands on its own line and nothing around them."""
    body = text[:-1] if text.endswith("\n") else text
    opening, middle, closing = "<think>\n", "\n</think>\n<answer>\n", "\n</answer>"
    if not body.startswith(opening) or not body.endswith(closing):
        return 0.0
    at = body.find(middle, len(opening))
    return 0.5 if 0 <= at and at + len(middle) <= len(body) - len(closing) else 0.0


def five_soft_format(text, gold=None):
    """0.5 where the reply begins with <think>...</think>, white space, <answer>...</answer>."""
    if not text.startswith("<think>"):
        return 0.0
    last = text.rfind("</answer>")
    at = text.find("</think>", len("<think>"))
    while at >= 0:
        after = at + len("</think>")
        while after < len(text) and text[after] in WHITE:
            after += 1
        if text.startswith("<answer>", after):
            return 0.5 if last >= after + len("<answer>") else 0.0
        at = text.find("</think>", at + 1)
    return 0.0


def five_xmlcount(text, gold=None):
    """0.125 for each tag that stands once on its line, less 0.001 for each character after </answer>."""
    count = sum(0.125 for tag in ["<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"] if text.count(tag) == 1)
    end = text.rfind("\n</answer>")
    if end < 0:
        return count
    # JavaScript counts in UTF-16 code units.
    after = len(text[end + len("\n</answer>") :].encode("utf-16-le")) // 2
    free = 1 if text[end + len("\n</answer>") :].startswith("\n") else 0
    return count - 0.001 * (after - free)
