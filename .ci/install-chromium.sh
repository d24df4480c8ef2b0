#!/usr/bin/env bash
# A browser for the tests of the page: headless Chromium, the one that is installed or else Debian's package `chromium`.
# Nothing is installed: apt-get fetches it, and the libraries that it needs and this machine lacks, into a cache folder,
# once. With the package lists that is 140 MB on a bare machine; 370 MB are kept.
#
#   . .ci/install-chromium.sh     sets KILN_CHROMIUM to the program; false when that failed, and says what did
#
# KILN_CHROMIUM given names the program to use. KILN_CHROMIUM_FOLDER names another folder than ~/.cache/kiln/chromium.

# kiln_chromium_works PROGRAM: whether it renders a page; says what it lacks
kiln_chromium_works() {
  local said profile
  profile=$(mktemp -d) || return 1
  said=$(timeout 60 "$1" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$profile" \
    --dump-dom 'data:text/html,<p>kiln</p>' 2>&1)
  rm -rf "$profile"
  [[ $said == *'<p>kiln</p>'* ]] || { echo "$1 does not work: $(tail -n 3 <<<"$said")" && return 1; }
}

kiln_chromium_fetch() ( # kiln_chromium_fetch FOLDER: puts the browser there, whole or not at all
  fail() { echo "install-chromium: $*" && exit 1; }
  folder=$1
  kiln_chromium_works "$folder/chromium" >/dev/null && exit 0
  # It will be replaced.
  [ -z "$(ls -A "$folder" 2>/dev/null)" ] || [ -e "$folder/chromium" ] ||
    fail "$folder holds something else: name another folder in KILN_CHROMIUM_FOLDER"

  started=$SECONDS
  for tool in apt-get dpkg; do command -v "$tool" >/dev/null || fail "this needs Debian's $tool"; done
  release=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-sid}") ||
    fail "this needs Debian: the browser comes from its archive, built for its C library"
  mkdir -p "$(dirname "$folder")" && work=$(mktemp -d "$folder.XXXXXX") || fail "cannot write beside $folder"
  trap 'rm -rf "$work"' EXIT
  cd "$work" && mkdir -p lists/partial archives/partial kept/root kept/lib || fail "cannot write in $work"

  # Package lists and archives of our own; this machine is only asked which packages it has.
  signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  {
    echo "deb $signed http://deb.debian.org/debian $release main"
    [ "$release" = sid ] || echo "deb $signed http://deb.debian.org/debian-security $release-security main"
  } >sources.list
  own_apt() {
    apt-get -q -y -o Dir::State::lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
      -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=1 \
      -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@" >>"$work/apt.log" 2>&1
  }
  own_apt update --error-on=any || fail "cannot read the package lists of $release: $(tail -n 4 apt.log)"
  own_apt install --download-only --no-install-recommends chromium fonts-liberation fontconfig-config ||
    fail "cannot fetch chromium of $release: $(tail -n 4 apt.log)"
  # What is installed already is not in that download; the browser and a font are taken all the same.
  for package in chromium chromium-common fonts-liberation fontconfig-config; do
    ls archives/"$package"_*.deb >/dev/null 2>&1 || (cd archives && own_apt download "$package") || fail "cannot fetch $package"
  done
  for package in archives/*.deb; do dpkg -x "$package" kept/root || fail "cannot unpack $package"; done

  # The libraries into one folder, the fonts into another, and a program that knows where they are.
  root=kept/root
  find "$root" \( -path '*/lib/*-linux-gnu/*.so*' -o -path '*/lib/*-linux-gnu/nss/*.so*' \) -exec cp -dn {} kept/lib/ \; ||
    fail "cannot copy the libraries"
  mv "$root/usr/lib/chromium" kept/browser && mv "$root/usr/share/fonts" kept/fonts && rm -rf "$root" ||
    fail "the packages are laid out in another way: $(ls archives)"
  cat >kept/fonts.conf <<'CONF'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>serif</family><prefer><family>Liberation Serif</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Liberation Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Liberation Mono</family></prefer></alias>
</fontconfig>
CONF
  cat >kept/chromium <<'PROGRAM'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_FILE="$here/fonts.conf" exec "$here/browser/chromium" "$@"
PROGRAM
  chmod +x kept/chromium
  lacks=$(kiln_chromium_works "$work/kept/chromium") || fail "$lacks"

  rm -rf "$folder" && mv kept "$folder" || fail "cannot move the files to $folder"
  echo "chromium: $(basename archives/chromium_*.deb .deb), $(grep ^Fetched apt.log | paste -sd ';')" \
    "$((SECONDS - started)) s in all, $(du -sm "$folder" | cut -f1) MB kept"
)

KILN_CHROMIUM=${KILN_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
if [ -z "$KILN_CHROMIUM" ] || ! kiln_chromium_works "$KILN_CHROMIUM" >&2; then
  KILN_CHROMIUM=$(realpath -m "${KILN_CHROMIUM_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/kiln/chromium}")/chromium
  kiln_chromium_fetch "$(dirname "$KILN_CHROMIUM")" >&2 || KILN_CHROMIUM=
fi
if [ -n "$KILN_CHROMIUM" ]; then
  export KILN_CHROMIUM
else
  unset KILN_CHROMIUM
  false
fi
