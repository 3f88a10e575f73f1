#!/usr/bin/env bash
# Configures and builds one preset of CMakePresets.json, with as many compilers at once as the
# memory allows. Used by quickstart.sh and tests/run.sh; prints one line when it fails.
set -euo pipefail

# A unit that sees gRPC or Asio coroutines takes up to this while it is compiled.
readonly COMPILER_MIB=1000
# What a cold build writes, programs only and with tests: 760 and 2010 MiB, and 200 of ccache.
readonly DISK_PROGRAMS_MIB=1200
readonly DISK_TESTS_MIB=2800
# What linking again may need when most is there already.
readonly DISK_WARM_MIB=200

usage() {
  cat <<'USAGE'
usage: bash deploy/build.sh PRESET LOG [-DNAME=VALUE...] [TARGET...]

Builds PRESET (release, dev, tsan, clang) into build/PRESET; what cmake and the compiler say goes
to LOG. Without TARGET everything is built. LMGATE_JOBS sets how many compilers run at once.
USAGE
}

fail() {
  printf 'build: %s\n' "$*" >&2
  exit 1
}

# Free memory in MiB: of the machine, or of the control group when that has less.
available_mib() {
  local name value mib=0 limit
  while read -r name value _; do
    if [[ $name == MemAvailable: ]]; then mib=$((value / 1024)); fi
  done </proc/meminfo
  if [[ -r /sys/fs/cgroup/memory.max ]]; then
    read -r limit </sys/fs/cgroup/memory.max
    if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1048576 < mib)); then mib=$((limit / 1048576)); fi
  fi
  printf '%d\n' "$mib"
}

job_count() {
  local jobs by_memory
  if [[ ${LMGATE_JOBS:-} =~ ^[1-9][0-9]*$ ]]; then
    printf '%d\n' "$LMGATE_JOBS"
    return
  fi
  jobs=$(nproc)
  by_memory=$(($(available_mib) / COMPILER_MIB))
  if ((by_memory < jobs)); then jobs=$by_memory; fi
  if ((jobs < 1)); then jobs=1; fi
  printf '%d\n' "$jobs"
}

check_disk() {
  local preset=$1 tests=$2 needed=$DISK_WARM_MIB free
  if [[ ! -e build/$preset/bin/lmgate-dataplane ]]; then
    needed=$DISK_PROGRAMS_MIB
    if $tests; then needed=$DISK_TESTS_MIB; fi
  fi
  free=$(df --output=avail -BM . | tail -n 1)
  free=${free//[!0-9]/}
  if ((free < needed)); then
    fail "not enough disk space: $PWD has $free MiB free, the build needs $needed MiB"
  fi
}

# The line of the log that says why.
first_error() {
  grep -m 1 -E 'No space left on device|(fatal )?error:|Killed signal|^ninja: error' "$1" ||
    # CMake names the place first and says what is wrong in the lines below.
    grep -m 1 -A 4 'CMake Error' "$1" | tr -s ' \n' '  ' | grep . ||
    tail -n 1 "$1"
}

# Waits for process $1 and shows how far ninja is, by what it wrote to log $2.
wait_with_progress() {
  local pid=$1 log=$2 line shown='' ticks=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    ticks=$((ticks + 1))
    line=$(tail -n 1 "$log")
    if [[ $line =~ ^\[([0-9]+/[0-9]+)\] && ${BASH_REMATCH[1]} != "$shown" ]]; then
      if [[ -t 2 ]]; then
        printf '\rbuild: step %s  ' "${BASH_REMATCH[1]}" >&2
        shown=${BASH_REMATCH[1]}
      elif ((ticks >= 120)); then
        printf 'build: step %s\n' "${BASH_REMATCH[1]}" >&2
        shown=${BASH_REMATCH[1]}
        ticks=0
      fi
    fi
  done
  if [[ -t 2 && -n $shown ]]; then printf '\r%40s\r' '' >&2; fi
  wait "$pid"
}

stop_ninja() {
  kill -TERM "$ninja_pid" 2>/dev/null || true
  wait "$ninja_pid" 2>/dev/null || true
  exit "$1"
}

main() {
  if (($# < 2)) || [[ $1 == -* ]]; then
    usage
    [[ ${1:-} == --help || ${1:-} == -h ]] && return 0
    return 1
  fi
  local preset=$1 log=$2
  shift 2
  local defines=() targets=() argument
  for argument in "$@"; do
    if [[ $argument == -D* ]]; then defines+=("$argument"); else targets+=("$argument"); fi
  done
  cd "$(dirname "${BASH_SOURCE[0]}")/.."

  local tests=true
  if ((${#targets[@]} > 0)); then tests=false; fi
  check_disk "$preset" $tests
  : >"$log" || fail "cannot write $log"

  if ! cmake --preset "$preset" "${defines[@]}" >"$log" 2>&1 </dev/null; then
    fail "configuring failed: $(first_error "$log") (all of it: $log)"
  fi
  # Ninja itself, not `cmake --build`, so that a signal reaches the process that ends the compilers.
  ninja -C "build/$preset" -j "$(job_count)" "${targets[@]}" >>"$log" 2>&1 </dev/null &
  ninja_pid=$!
  trap 'stop_ninja 130' INT
  trap 'stop_ninja 143' TERM HUP
  if ! wait_with_progress "$ninja_pid" "$log"; then
    fail "building failed: $(first_error "$log") (all of it: $log)"
  fi
}

main "$@"
