#!/usr/bin/env bash
# Runs a test class of browser-tests: the console in a headless Chromium, on the whole loop. Debian's packages
# chromium and chromium-driver are installed when they are missing and this runs as root.
#   scripts/browser.sh ConsoleBrowserIT
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
class=${1:?name the test class, such as ConsoleBrowserIT}
packages=(chromium chromium-driver fonts-dejavu-core)

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "no chromium or no chromedriver on the PATH; install both (on Debian: apt-get install ${packages[*]})" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends "${packages[@]}" ||
    { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; }
fi

# The named class alone: the other modules are only built.
# shellcheck disable=SC2086 # several words in MVN are wanted
exec ${MVN:-mvn -B -ntp} -Ptest-console -pl browser-tests -am verify \
  -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dweir.it.forks=1 -Dit.test="$class" -Dfailsafe.failIfNoSpecifiedTests=false
