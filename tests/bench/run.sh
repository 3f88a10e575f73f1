#!/usr/bin/env bash
# Measures lmgate beside other proxies and prints one table: from a clean clone, one command.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash tests/bench/run.sh [OPTION]...

Measures lmgate beside nginx, haproxy, Portkey and no proxy at all ("direct") in one interleaved
run, and prints a table. Installs and builds what that needs. Takes about 45 minutes; leave the
machine alone meanwhile.

  --rounds N     repeats of every cell; medians are taken over them (5)
  --secs S       length of one measurement (3)
  --cases LIST   of json1k,json64k,json1m,answer16k,rate,sse_burst,sse_paced,hold_1000,hold_10000,
                 tls_upstream,tls_client,workers (all)
  --peers LIST   of direct,nginx,haproxy,portkey,lmgate (all)
  --out DIR      gets results.json, table.txt and chart.svg (build/bench)
  --quick        one round of one second: shows that it works, and little more
  --help         this text
USAGE
}

fail() {
  printf 'bench: %s\n' "$*" >&2
  exit 1
}

# Exactly as the lock file has it. No scripts of packages are run.
install_portkey() {
  local log=$1
  if [[ tests/bench/portkey/node_modules/.package-lock.json -nt tests/bench/portkey/package-lock.json ]]; then
    return
  fi
  (cd tests/bench/portkey && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 </dev/null ||
    fail "npm ci in tests/bench/portkey failed: $(grep -m 1 -iE '^npm (error|err!)' "$log" || tail -n 1 "$log") (all of it: $log)"
  # npm may leave it older than a lock file that has just been checked out.
  touch tests/bench/portkey/node_modules/.package-lock.json
}

# The options are run.mjs's; this one says where the micro-benches write.
out_directory() {
  local out=build/bench
  while (($# > 0)); do
    if [[ $1 == --out && $# -gt 1 ]]; then out=$2; fi
    shift
  done
  printf '%s\n' "$out"
}

main() {
  local argument
  for argument in "$@"; do
    if [[ $argument == --help || $argument == -h ]]; then
      usage
      return 0
    fi
  done
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  bash deploy/install-deps.sh --bench
  # A wrong option is told before minutes of building.
  node tests/bench/run.mjs --check "$@"

  local out
  out=$(out_directory "$@")
  mkdir -p build/release "$out"
  printf 'bench: building (log: build/release/build.log)\n' >&2
  bash deploy/build.sh release build/release/build.log -DLMGATE_TESTS=ON \
    lmgate-dataplane bench_state bench_load bench_upstream micro_bench
  install_portkey build/release/npm.log
  printf 'bench: micro-benches\n' >&2
  build/release/tests/micro_bench --benchmark_out="$out/micro.json" --benchmark_out_format=json \
    >"$out/micro.log" 2>&1 || fail "micro_bench failed: $(tail -n 1 "$out/micro.log")"
  exec node tests/bench/run.mjs "$@"
}

main "$@"
