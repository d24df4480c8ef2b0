"""Lets LLaMA-Factory be imported where torchaudio is not installed, and with newer libraries than it names: no sound is
ever read here, and only its parsers and its tokenizing are used."""

import importlib.machinery
import os
import sys
import types

os.environ["DISABLE_VERSION_CHECK"] = "1"
stub = types.ModuleType("torchaudio")
stub.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
sys.modules.setdefault("torchaudio", stub)
