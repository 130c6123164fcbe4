#!/usr/bin/env bash
# A GPU for tests on a machine that has none: a Vulkan driver that computes on the CPU. As root, on Debian 12.
# Prints what to export. Mesa's lavapipe comes from bookworm-backports (the one of Debian 12 is too old for Dawn); where that cannot
# be reached, the SwiftShader inside Debian's Chromium does, more slowly. The machine's own list of sources stays as it is.
set -euo pipefail
folder="${XDG_CACHE_HOME:-$HOME/.cache}/dl-ci/software-gpu"
driver=/usr/share/vulkan/icd.d/lvp_icd.json
mkdir -p "$folder/lists/partial" "$folder/runtime"
chmod 700 "$folder/runtime"

apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$folder/lists" "$@" >&2
}

if [ ! -e "$driver" ]; then
  key=/usr/share/keyrings/debian-archive-keyring.gpg
  for suite in bookworm bookworm-backports; do
    echo "deb [signed-by=$key] http://deb.debian.org/debian $suite main"
  done >"$folder/sources.list"
  if ! { apt update && apt install -y --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1; }; then
    echo "software-gpu: no lavapipe from bookworm-backports; SwiftShader instead" >&2
    apt-get -qq install -y --no-install-recommends libvulkan1 chromium >&2
    driver=/usr/lib/chromium/vk_swiftshader_icd.json
  fi
fi
[ -e "$driver" ] || { echo "software-gpu: expected a driver at $driver, got none" >&2; exit 1; }

echo "export VK_ICD_FILENAMES=$driver XDG_RUNTIME_DIR=$folder/runtime"
