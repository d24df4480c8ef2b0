"""Metrics of random rankings and answers, as trec_eval, scikit-learn and SQuAD's own script compute them.

Not with requirements.txt but with these alone: numpy==2.4.6 scikit-learn==1.9.1 pytrec-eval-terrier==0.5.11
transformers==4.57.6 (which carries the official evaluation script of SQuAD 2.0). HotpotQA's script, which is on no index,
is SQuAD's with two exceptions for F1: 0 when only one side is yes, no or noanswer, and 0 for two empty texts.
"""

import importlib.metadata
import json
import random
from pathlib import Path

import numpy as np
import pytrec_eval
from sklearn.metrics import ndcg_score
from transformers.data.metrics.squad_metrics import compute_exact, compute_f1, normalize_answer

FILE = Path(__file__).parent / "retrieval_metrics" / "metrics.json"
PACKAGES = ["numpy", "scikit-learn", "pytrec-eval-terrier", "transformers"]
RANDOM = random.Random(6)
KS = [1, 2, 5, 10]


def ranking_case() -> dict:
    pool = [f"d{i}" for i in range(RANDOM.randint(3, 25))]
    ranking = RANDOM.sample(pool, RANDOM.randint(1, len(pool)))
    top = RANDOM.choice([1, 1, 3])
    gains = {d: RANDOM.randint(1, top) for d in RANDOM.sample(pool, RANDOM.randint(1, min(6, len(pool))))}
    # trec_eval breaks ties by name and ranks by score.
    run = {d: float(len(ranking) - i) for i, d in enumerate(ranking)}
    cuts = ",".join(map(str, KS))
    measures = {f"recall.{cuts}", f"P.{cuts}", f"ndcg_cut.{cuts}", "recip_rank"}
    found = pytrec_eval.RelevanceEvaluator({"q": gains}, measures).evaluate({"q": run})["q"]
    case = {
        "ranking": ranking,
        "gains": gains,
        "recall": [found[f"recall_{k}"] for k in KS],
        "precision": [found[f"P_{k}"] for k in KS],
        "ndcg": [found[f"ndcg_cut_{k}"] for k in KS],
        "reciprocalRank": found["recip_rank"],
    }
    # scikit-learn ranks everything, so only whole rankings can be compared with it.
    if len(ranking) == len(pool):
        truth = np.array([[gains.get(d, 0) for d in ranking]])
        scores = np.array([[run[d] for d in ranking]])
        for k, ndcg in zip(KS, case["ndcg"]):
            assert abs(ndcg_score(truth, scores, k=k) - ndcg) < 1e-12
        case["confirmedBy"] = "scikit-learn"
    return case


WORDS = ["the", "The", "a", "an", "An", "apple", "Apple!", "red-hot", "U.S.", "12", "2,400", "naïve", "été", "theater",
         "yes", "no", "noanswer", "Dr.", "(a)", "x_y", "it's", "“quoted”", "–", "β", "a1"]


def answer_case() -> dict:
    def text() -> str:
        return RANDOM.choice([" ", "  ", "\t", " "]).join(RANDOM.choices(WORDS, k=RANDOM.randint(0, 5)))

    gold = text()
    given = RANDOM.choice([text(), gold + RANDOM.choice(["", ".", " the", " apple"])])
    f1 = float(compute_f1(gold, given))
    sides = [normalize_answer(given), normalize_answer(gold)]
    if sides[0] != sides[1] and set(sides) & {"yes", "no", "noanswer"}:
        f1 = 0.0
    if sides == ["", ""]:
        f1 = 0.0
    return {"gold": gold, "given": given, "normalized": sides, "exactMatch": compute_exact(gold, given), "f1": f1}


golden = {
    "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    "ks": KS,
    "rankings": [ranking_case() for _ in range(60)],
    "answers": [answer_case() for _ in range(120)],
}
FILE.parent.mkdir(exist_ok=True)
FILE.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
print(FILE, FILE.stat().st_size, sum("confirmedBy" in case for case in golden["rankings"]), "confirmed by scikit-learn")
