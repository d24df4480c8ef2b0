#!/usr/bin/env bash
# llama.cpp for the tests of GGUF files: node-llama-cpp with its build for this machine's CPU, and none of those for GPUs. It is
# no dependency of the project. npm fetches it into a cache folder, once: 20 MB, of which 85 MB are kept. No compiler is
# needed, and no network afterwards.
#
#   . .ci/install-llama.sh     sets KILN_LLAMA to the folder; false when that failed, and says what did
#
# KILN_LLAMA given names a folder that has it. KILN_LLAMA_FOLDER names another folder than ~/.cache/kiln/llama.

KILN_LLAMA_VERSION=3.22.1

kiln_llama_works() { # kiln_llama_works FOLDER: whether the library loads there; says what it lacks
  local said
  said=$(cd "$1" 2>/dev/null && [ "$(cat version 2>/dev/null)" = "$KILN_LLAMA_VERSION" ] && timeout 60 node works.mjs 2>&1)
  [[ $said == *"llama.cpp "* ]] || { echo "$1 holds no working node-llama-cpp $KILN_LLAMA_VERSION: $(tail -n 3 <<<"$said")" && return 1; }
}

kiln_llama_fetch() ( # kiln_llama_fetch FOLDER: puts it there, whole or not at all
  fail() { echo "install-llama: $*" && exit 1; }
  folder=$1
  kiln_llama_works "$folder" >/dev/null && exit 0
  # It will be replaced.
  [ -z "$(ls -A "$folder" 2>/dev/null)" ] || [ -e "$folder/version" ] ||
    fail "$folder holds something else: name another folder in KILN_LLAMA_FOLDER"

  started=$SECONDS
  for tool in node npm; do command -v "$tool" >/dev/null || fail "this needs $tool"; done
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) build=linux-x64 ;;
    Linux-aarch64) build=linux-arm64 ;;
    Darwin-x86_64) build=mac-x64 ;;
    Darwin-arm64) build=mac-arm64-metal ;;
    *) fail "there is no build for $(uname -s) on $(uname -m)" ;;
  esac
  mkdir -p "$(dirname "$folder")" && work=$(mktemp -d "$folder.XXXXXX") || fail "cannot write beside $folder"
  trap 'rm -rf "$work"' EXIT
  cd "$work" || fail "cannot write in $work"
  echo '{ "private": true }' >package.json
  # Optional are the builds for other machines, of up to a gigabyte; the one that is needed is named. The install script only
  # tries out what is there, or else compiles.
  npm install --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact \
    "node-llama-cpp@$KILN_LLAMA_VERSION" "@node-llama-cpp/$build@$KILN_LLAMA_VERSION" >npm.log 2>&1 ||
    fail "npm cannot fetch it: $(tail -n 4 npm.log)"
  cat >works.mjs <<'PROGRAM'
import { getLlama } from "node-llama-cpp";
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, progressLogs: false });
console.log(`llama.cpp ${llama.llamaCppRelease.release}`);
await llama.dispose();
PROGRAM
  # For Deno, which runs it with this configuration.
  echo '{ "nodeModulesDir": "manual" }' >deno.json
  echo "$KILN_LLAMA_VERSION" >version
  lacks=$(kiln_llama_works "$work") || fail "$lacks"
  chmod 755 .
  cd / && rm -rf "$folder" && mv "$work" "$folder" || fail "cannot move the files to $folder"
  echo "llama.cpp: node-llama-cpp $KILN_LLAMA_VERSION, $((SECONDS - started)) s, $(du -sm "$folder" | cut -f1) MB kept"
)

if [ -z "${KILN_LLAMA:-}" ] || ! kiln_llama_works "$KILN_LLAMA" >&2; then
  KILN_LLAMA=$(realpath -m "${KILN_LLAMA_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln/llama}")
  kiln_llama_fetch "$KILN_LLAMA" >&2 || KILN_LLAMA=
fi
if [ -n "$KILN_LLAMA" ]; then
  export KILN_LLAMA
else
  unset KILN_LLAMA
  false
fi
