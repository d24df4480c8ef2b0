#!/usr/bin/env bash
# A GPU for tests on machines without one: SwiftShader, Vulkan on the CPU, from Debian's package chromium-common (32 MB,
# of which 6 MB are kept). Nothing is installed; the files lie in a cache folder and are fetched once.
#
#   . .ci/install-swiftshader.sh     sets what the WebGPU tests need, KILN_WEBGPU=1 included; false when that failed
#
# KILN_SWIFTSHADER names another folder than ~/.cache/kiln/swiftshader.

kiln_swiftshader_fetch() ( # kiln_swiftshader_fetch FOLDER: puts the files there, all or none
  files="libvk_swiftshader.so vk_swiftshader_icd.json libvulkan.so.1"
  folder=$1
  missing=0
  for file in $files; do [ -s "$folder/$file" ] || missing=1; done
  [ "$missing" -eq 0 ] && exit 0
  # It will be replaced.
  [ -z "$(ls -A "$folder" 2>/dev/null)" ] || [ -e "$folder/libvk_swiftshader.so" ] ||
    { echo "install-swiftshader: $folder holds something else: name another in KILN_SWIFTSHADER" && exit 1; }

  mkdir -p "$(dirname "$folder")" && work=$(mktemp -d "$folder.XXXXXX") || exit 1
  trap 'rm -rf "$work"' EXIT
  cd "$work" && chmod 755 . || exit 1 # apt's own user writes here
  # The package lists may be missing, or name a version that has left the mirror.
  apt-get -qq download chromium-common 2>/dev/null ||
    { apt-get -qq update && apt-get -qq download chromium-common; } || exit 1
  dpkg -x chromium-common_*.deb package && mkdir kept || exit 1
  for file in $files; do mv "package/usr/lib/chromium/$file" kept/ || exit 1; done
  rm -rf "$folder" && mv kept "$folder"
)

KILN_SWIFTSHADER=${KILN_SWIFTSHADER:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln/swiftshader}
if kiln_swiftshader_fetch "$KILN_SWIFTSHADER" >&2; then
  export LD_LIBRARY_PATH="$KILN_SWIFTSHADER${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export VK_ICD_FILENAMES="$KILN_SWIFTSHADER/vk_swiftshader_icd.json"
  export VK_DRIVER_FILES=$VK_ICD_FILENAMES XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} KILN_WEBGPU=1
else
  echo "install-swiftshader: no SwiftShader; this needs Debian's apt-get and dpkg, and a network" >&2
  false
fi
