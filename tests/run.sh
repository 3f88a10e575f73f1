#!/usr/bin/env bash
# Builds everything and runs every test on a fresh Debian 12: unit, integration, repo and e2e.
# Ends with "N passed, N failed" (test cases; see count_results.awk) and exits 1 when any failed.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: bash tests/run.sh [--sanitize address,undefined|thread] [--filter REGEX] [--label LABEL]
       bash tests/run.sh --bench-gate

Installs what the tests need, builds and runs them. Only failed tests show their output.

  --sanitize LIST  a build of its own with sanitizers: address,undefined (build/dev) or thread
                   (build/tsan). Default: Release (build/release), as quickstart.sh builds it.
  --filter REGEX   only the ctest entries whose name matches
  --label LABEL    only unit, integration, repo or e2e
  --bench-gate     no tests, but what a request and an SSE event cost in instructions and system
                   calls, against tests/bench/gate_budgets.json
  --help           this text
USAGE
}

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

# The npm packages of a directory, exactly as its lock file has them, and nothing of theirs is run.
install_node_packages() {
  local directory=$1 log=$2
  local installed=$directory/node_modules/.package-lock.json
  if [[ $installed -nt $directory/package-lock.json ]]; then return; fi
  (cd "$directory" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 </dev/null ||
    fail "npm ci in $directory failed: $(grep -m 1 -iE '^npm (error|err!)' "$log" || tail -n 1 "$log") (all of it: $log)"
  # npm may leave it older than a lock file that has just been checked out.
  touch "$installed"
}

main() {
  local preset=release gate=false select=()
  while (($# > 0)); do
    case $1 in
      --sanitize | --filter | --label) (($# > 1)) || fail "$1 needs a value; see --help" ;;&
      --sanitize)
        case $2 in
          address,undefined) preset=dev ;;
          thread) preset=tsan ;;
          *) fail "--sanitize takes address,undefined or thread, not \"$2\"" ;;
        esac
        shift
        ;;
      --filter)
        select+=(--tests-regex "$2")
        shift
        ;;
      --label)
        select+=(--label-regex "^$2\$")
        shift
        ;;
      --bench-gate) gate=true ;;
      -h | --help)
        usage
        return 0
        ;;
      *) fail "unknown option $1; see --help" ;;
    esac
    shift
  done

  if $gate && { [[ $preset != release ]] || ((${#select[@]} > 0)); }; then
    fail "--bench-gate takes no other option; see --help"
  fi

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  local build=build/$preset
  mkdir -p "$build" || fail "cannot write to $PWD/$build"

  bash deploy/install-deps.sh --tests
  printf 'run.sh: building %s (log: %s/build.log)\n' "$preset" "$build" >&2
  bash deploy/build.sh "$preset" "$build/build.log" -DLMGATE_TESTS=ON
  if $gate; then exec env LMGATE_BUILD="$PWD/$build" node tests/bench/gate.mjs; fi
  install_node_packages tests/e2e "$build/npm.log"
  install_node_packages tests/e2e/agents "$build/npm-agents.log"

  export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
  local results=$build/Testing/Temporary/LastTest.log
  rm -f "$results"
  local ctest_ok=true
  ctest --test-dir "$build" -j 2 --output-on-failure --no-tests=error "${select[@]}" ||
    ctest_ok=false
  [[ -s $results ]] || fail "no test ran"

  local passed failed
  read -r passed failed < <(awk -f tests/count_results.awk "$results")
  if ! $ctest_ok && ((failed == 0)); then failed=1; fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
}

main "$@"
