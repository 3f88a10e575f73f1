#!/usr/bin/env bash
# One lmgate-dataplane for measuring, by this project's bench or any other rig: with no control
# plane, 1,000 keys, access log and metrics on, one worker. It knows the virtual key
# sk-virtual-0123456789abcdef0123456789abcdef and sends every model to the upstream.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash tests/bench/peer.sh PORT UPSTREAM [-- OPTION...]

  PORT      serves 127.0.0.1:PORT; /metrics is on the port after it
  UPSTREAM  a port (http://127.0.0.1:UPSTREAM/v1), or a base URL
  OPTION    further options of lmgate-dataplane

Environment, all optional: LMGATE_BUILD, the build; LMGATE_PEER_DIR, where it keeps its state and
its access log (BUILD/bench); LMGATE_PEER_CA, a PEM file to trust for an https upstream;
LMGATE_BENCH_KEYS, how many keys it knows.

Needs a release build: cmake --preset release -DLMGATE_TESTS=ON && cmake --build --preset release
USAGE
}

fail() {
  printf 'peer.sh: %s\n' "$*" >&2
  exit 1
}

main() {
  if [[ ${1:-} == --help || ${1:-} == -h ]]; then
    usage
    return 0
  fi
  if (($# < 2)); then
    usage >&2
    exit 2
  fi
  local port=$1 upstream=$2
  shift 2
  if [[ ${1:-} == -- ]]; then shift; fi
  [[ $port =~ ^[0-9]+$ ]] || fail "PORT must be a number, not \"$port\""
  if [[ $upstream =~ ^[0-9]+$ ]]; then upstream=http://127.0.0.1:$upstream/v1; fi

  local root build
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  build=${LMGATE_BUILD:-$root/build/release}
  [[ -x $build/bin/lmgate-dataplane ]] || fail "$build/bin/lmgate-dataplane is not built; see --help"
  [[ -x $build/tests/bench_state ]] || fail "$build/tests/bench_state is not built; see --help"
  local directory=${LMGATE_PEER_DIR:-$build/bench}
  local state=$directory/peer-$port
  mkdir -p "$directory"
  "$build/tests/bench_state" "$state" "$upstream" "${LMGATE_BENCH_KEYS:-1000}" \
    ${LMGATE_PEER_CA:+"$LMGATE_PEER_CA"}

  cd "$directory"
  # As variables, so that an option given wins.
  export LMGATE_WORKERS=1 LMGATE_ACCESS_LOG=$directory/access-$port.log
  exec "$build/bin/lmgate-dataplane" --listen "127.0.0.1:$port" \
    --admin-listen "127.0.0.1:$((port + 1))" --control-plane none --state-dir "$state" \
    --env-file "" "$@"
}

main "$@"
