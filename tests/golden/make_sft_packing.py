"""Makes sft_packing/packing.json: what TRL's own pack_dataset makes of random documents.

Run alone: `python make_sft_packing.py`. Token ids count up through all documents of a case, so that a piece of a row is
told by its first id and its length. Lengths collide often: the order among equals is part of what is compared.
"""

import random

from datasets import Dataset, disable_caching, disable_progress_bars
from trl import pack_dataset

from golden_files import save_json

CASES = 300
STRATEGIES = ["bfd", "bfd_split"]


def draw_case(generator: random.Random) -> tuple[int, list[int]]:
    """A row length, and lengths of documents: some empty, some longer than two rows."""
    max_length = generator.choice([1, 2, 4, 7, 8, 16, 33, 100])
    longest = max(1, int(max_length * generator.choice([0.4, 1.0, 1.5, 3.0])))
    lengths = [generator.randint(0 if generator.random() < 0.1 else 1, longest) for _ in range(generator.randint(1, 24))]
    return max_length, lengths


def pack(lengths: list[int], max_length: int, strategy: str) -> str:
    """The rows, separated by spaces; in each the first id and the length of its pieces, as in "0:4 7:3+10:1"."""
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    documents = [list(range(end - length, end)) for length, end in zip(lengths, ends)]
    packed = pack_dataset(Dataset.from_dict({"input_ids": documents}), max_length, strategy)
    rows = []
    for row in packed:
        pieces, at = [], 0
        for length in row["seq_lengths"]:
            piece = row["input_ids"][at : at + length]
            assert piece == list(range(piece[0], piece[0] + length))
            pieces.append(f"{piece[0]}:{length}")
            at += length
        assert at == len(row["input_ids"])
        rows.append("+".join(pieces))
    return " ".join(rows)


if __name__ == "__main__":
    disable_caching()
    disable_progress_bars()
    generator = random.Random(5)
    cases = []
    while len(cases) < CASES:
        max_length, lengths = draw_case(generator)
        if sum(lengths) == 0:
            continue
        packed = {strategy: pack(lengths, max_length, strategy) for strategy in STRATEGIES}
        cases.append({"maxLength": max_length, "lengths": lengths, **packed})
    save_json("sft_packing/packing.json", {"cases": cases})
