"""Checks the recipes of `save_recipes.ts` with the tools' own parsers, data sets and, for TRL and LLaMA-Factory, a training
step on the CPU: that every field is known and arrives, that the tokens are those that Kiln trained on, and that the loss of
the first step is Kiln's.

    deno run -A tests/golden/save_recipes.ts /tmp/recipes
    python tests/golden/check_recipes.py trl /tmp/recipes           # in a venv with requirements_recipes_trl.txt
    python tests/golden/check_recipes.py llamafactory /tmp/recipes  # ... _llamafactory.txt
    python tests/golden/check_recipes.py verl /tmp/recipes          # ... _verl.txt
    deno run -A tests/golden/load_recipe_results.ts /tmp/recipes
"""

import json
import sys
from pathlib import Path

import check_recipes_tools as tools

if __name__ == "__main__":
    tool, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    found = sorted(folder.glob(f"*/{tool}-*"))
    if not found:
        raise SystemExit(f"{folder} has no recipes for {tool}: run save_recipes.ts first")
    tools.check_rewards(folder / "rewards.json")
    check = {"trl": "check_recipes_trl", "llamafactory": "check_recipes_llamafactory", "verl": "check_recipes_verl"}
    module = __import__(check[tool])
    for recipe in found:
        method = json.loads((recipe / "mapping.json").read_text())["method"]
        print(f"{recipe.parent.name}/{recipe.name} ({method}): {module.check(recipe, method)}", flush=True)
