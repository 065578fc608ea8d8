#!/usr/bin/env bash
# Runs the tests of dashboards and alerts against a real Prometheus, and of notifications through a real Alertmanager.
# Installs Debian's packages where they are missing and this is root; the services that come with them are not started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

install() {
  # Debian asks this file whether a package may start its service; some containers have one that says no.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -q
  # The lock may be held by another installation for a while.
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends \
    prometheus prometheus-alertmanager
}

# Debian's name for it is the longer one.
if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null ||
  { ! command -v alertmanager >/dev/null && ! command -v prometheus-alertmanager >/dev/null; }; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/prometheus.sh: prometheus, promtool and alertmanager are not all on the PATH; install them (Debian: apt-get install prometheus prometheus-alertmanager)" >&2
    exit 1
  fi
  install
fi
# The named classes alone: the other modules are only built.
# shellcheck disable=SC2086 # several words in MVN are wanted
${MVN:-mvn -B -ntp} -Ptest-monitoring -pl services/standalone -am verify \
  -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dweir.it.forks=1 -Dit.test="${TESTS:-PrometheusIT,AlertChainIT}" -Dfailsafe.failIfNoSpecifiedTests=false
