#!/usr/bin/env bash
# Runs the tests of dashboards and alerts against a real Prometheus. Installs Debian's package where it is
# missing and this is root; the service that comes with the package is not started.
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
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends prometheus
}

if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "scripts/prometheus.sh: no prometheus and promtool on the PATH; install them (Debian: apt-get install prometheus)" >&2
    exit 1
  fi
  install
fi
# The named class alone: the other modules are only built.
# shellcheck disable=SC2086 # several words in MVN are wanted
${MVN:-mvn -B -ntp} -Ptest-monitoring -pl services/standalone -am verify \
  -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=PrometheusIT -Dfailsafe.failIfNoSpecifiedTests=false
