#!/usr/bin/env bash
# A GPU with float16 for tests on machines without one: lavapipe, Mesa's Vulkan on the CPU. (SwiftShader has no float16;
# the Mesa of Debian 12 itself lacks what WebGPU asks for, so there it comes from bookworm-backports.) Nothing is
# installed: apt-get fetches the driver, and the libraries that it needs and this machine lacks, into a cache folder,
# once. With the package lists that is 35 MB where LLVM 15 and libxcb are there already, 68 MB on a bare machine; 11 to
# 180 MB are kept.
#
#   . .ci/install-lavapipe.sh     sets what the WebGPU tests need, KILN_WEBGPU=1 and KILN_WEBGPU_F16=1 included; false
#                                 when that failed, and says what did
#
# KILN_LAVAPIPE names another folder than ~/.cache/kiln/lavapipe. Compiled shaders are kept there too: the first run of
# a test is several times slower than the next.

# kiln_lavapipe_loads FOLDER: whether the driver there finds every library; says what it lacks
kiln_lavapipe_loads() {
  local file links
  for file in libvulkan.so.1 libvulkan_lvp.so lvp_icd.json; do
    [ -s "$1/$file" ] || { echo "there is no $1/$file" && return 1; }
  done
  links=$(LD_LIBRARY_PATH=$1 ldd "$1/libvulkan_lvp.so" 2>&1) || { echo "$links" && return 1; }
  ! grep 'not found' <<<"$links"
}

kiln_lavapipe_fetch() ( # kiln_lavapipe_fetch FOLDER: puts the files there, all or none
  fail() { echo "install-lavapipe: $*" && exit 1; }
  folder=$1
  kiln_lavapipe_loads "$folder" >/dev/null && exit 0
  # It will be replaced.
  [ -z "$(ls -A "$folder" 2>/dev/null)" ] || [ -e "$folder/libvulkan_lvp.so" ] ||
    fail "$folder holds something else: name another folder in KILN_LAVAPIPE"

  started=$SECONDS
  for tool in apt-get dpkg ldd; do command -v "$tool" >/dev/null || fail "this needs Debian's $tool"; done
  release=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-sid}") ||
    fail "this needs Debian 12 or later: the driver comes from its archive, built for its C library"
  newest=$release
  [ "$release" = bookworm ] && newest=bookworm-backports
  mkdir -p "$(dirname "$folder")" && work=$(mktemp -d "$folder.XXXXXX") || fail "cannot write beside $folder"
  trap 'rm -rf "$work"' EXIT
  cd "$work" && mkdir -p lists/partial archives/partial unpacked kept || fail "cannot write in $work"

  # Package lists and archives of our own; this machine is only asked which packages it has.
  signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  for suite in "$release" "$newest"; do echo "deb $signed http://deb.debian.org/debian $suite main"; done |
    uniq >sources.list
  own_apt() {
    apt-get -q -y -o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
      -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=1 \
      -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@" >>"$work/apt.log" 2>&1
  }
  own_apt update --error-on=any || fail "cannot read the package lists of $newest: $(tail -n 4 "$work/apt.log")"
  own_apt install --download-only --no-install-recommends -t "$newest" mesa-vulkan-drivers libvulkan1 ||
    fail "cannot fetch mesa-vulkan-drivers of $newest: $(tail -n 4 "$work/apt.log")"
  # What is installed already is not in that download; the driver and its loader are copied all the same.
  cd archives || exit 1
  for package in mesa-vulkan-drivers libvulkan1; do
    ls "$package"_*.deb >/dev/null 2>&1 || own_apt download -t "$newest" "$package" ||
      fail "cannot fetch $package of $newest: $(tail -n 4 "$work/apt.log")"
  done
  cd ..
  for package in archives/*.deb; do dpkg -x "$package" unpacked || fail "cannot unpack $package"; done

  driver=$(find "$work/unpacked" -name libvulkan_lvp.so)
  loader=$(find "$work/unpacked" -name libvulkan.so.1)
  [ -n "$driver" ] && [ -n "$loader" ] || fail "no libvulkan_lvp.so or no libvulkan.so.1 in $(ls archives)"
  folders=$(find "$work/unpacked" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd :)
  libraries=$(LD_LIBRARY_PATH=$folders ldd "$driver" | awk -v work="$work/" 'index($3, work) == 1 { print $3 }')
  for library in "$driver" "$loader" $libraries; do
    cp -L "$library" kept/ || fail "cannot copy $library"
  done
  echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "./libvulkan_lvp.so", "api_version": "1.3.0"}}' \
    >kept/lvp_icd.json
  lacks=$(kiln_lavapipe_loads "$work/kept") || fail "the driver would not load: $lacks"

  rm -rf "$folder" && mv kept "$folder" || fail "cannot move the files to $folder"
  echo "lavapipe: $(basename archives/mesa-vulkan-drivers_*.deb .deb), $(grep ^Fetched apt.log | paste -sd ';')" \
    "$((SECONDS - started)) s in all, $(du -sm "$folder" | cut -f1) MB kept"
)

KILN_LAVAPIPE=$(realpath -m "${KILN_LAVAPIPE:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln/lavapipe}")
if kiln_lavapipe_fetch "$KILN_LAVAPIPE" >&2; then
  export LD_LIBRARY_PATH="$KILN_LAVAPIPE${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export VK_ICD_FILENAMES="$KILN_LAVAPIPE/lvp_icd.json" MESA_SHADER_CACHE_DIR="$KILN_LAVAPIPE"
  export VK_DRIVER_FILES=$VK_ICD_FILENAMES XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} KILN_WEBGPU=1 KILN_WEBGPU_F16=1
  # Vectors of 4 floats compile in half the time that 8 take, and the tests' tensors are small.
  export LP_NATIVE_VECTOR_WIDTH=${LP_NATIVE_VECTOR_WIDTH:-128}
else
  false
fi
