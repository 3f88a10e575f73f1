#!/usr/bin/env bash
# Installs the Debian packages that lmgate needs: the one list, used by quickstart.sh, tests/run.sh
# and CI. Needs bash, apt and root (or sudo). A run with nothing to do touches neither apt nor the
# network.
set -euo pipefail

# README.md says what each library is for.
readonly BUILD_PACKAGES=(
  # Tools.
  ca-certificates ccache cmake curl g++ mold ninja-build pkg-config
  protobuf-compiler protobuf-compiler-grpc
  # Libraries. libboost1.81-dev and not libboost-dev, which is 1.74 and conflicts with it.
  libabsl-dev libboost1.81-dev libcli11-dev libgrpc++-dev libnghttp2-dev libprotobuf-dev
  libre2-dev libsimdjson-dev libspdlog-dev libsqlite3-dev libssl-dev libyaml-cpp-dev
  nlohmann-json3-dev prometheus-cpp-dev
)
readonly TEST_PACKAGES=(libgmock-dev libgtest-dev sqlite3 strace valgrind)
# libgtest-dev: the bench's programs are configured with the tests.
readonly BENCH_PACKAGES=(
  haproxy libbenchmark-dev libgtest-dev nginx-light openssl strace valgrind wrk
)
# Says no to every service that a package would start.
readonly POLICY=/usr/sbin/policy-rc.d
# Only when there is no Node.js 18 or later with npm, which may also come from elsewhere.
readonly NODE_PACKAGES=(nodejs npm)
readonly NODE_MAJOR_MIN=18

usage() {
  cat <<'USAGE'
usage: bash deploy/install-deps.sh [--tests] [--bench] [--list]

Installs the Debian packages that building and running lmgate needs.

  --tests  also what tests/run.sh needs (GoogleTest, sqlite3, strace, valgrind, Node.js with npm)
  --bench  also what tests/bench/run.sh needs (other proxies, Google Benchmark, Node.js with npm)
  --list   print the packages that are missing and change nothing
  --help   this text
USAGE
}

say() { printf 'install-deps: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

has_node() {
  local version
  command -v npm >/dev/null || return 1
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  version=${version%%.*}
  [[ $version =~ ^[0-9]+$ ]] && ((version >= NODE_MAJOR_MIN))
}

# Prints those of its arguments that are not installed, one a line.
missing_packages() {
  local -A installed=()
  local package status
  while read -r package status; do
    if [[ $status == installed ]]; then installed[$package]=1; fi
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    if [[ -z ${installed[$package]:-} ]]; then printf '%s\n' "$package"; fi
  done
}

# The line of apt's output that says why, and nothing else of it.
first_error() {
  grep -m 1 -E '^(E|Err|dpkg: error)' "$1" || tail -n 1 "$1"
}

# Installs the packages after the name of the log. nginx and haproxy come with services: for the
# bench they are wanted as programs only, so none is started unless the machine's own policy says.
install_packages() {
  local log=$1 ok=true
  shift
  local with_policy=false
  if [[ " $* " =~ \ (nginx-light|haproxy)\  && ! -e $POLICY ]]; then
    with_policy=true
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$POLICY"
  fi
  "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 </dev/null || ok=false
  if $with_policy; then "${as_root[@]}" rm -f "$POLICY"; fi
  $ok
}

main() {
  local tests=false bench=false list=false
  while (($# > 0)); do
    case $1 in
      --tests) tests=true ;;
      --bench) bench=true ;;
      --list) list=true ;;
      -h | --help)
        usage
        return 0
        ;;
      *) fail "unknown option $1; see --help" ;;
    esac
    shift
  done

  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "this needs Debian's apt-get; on another system install the packages listed in $0 by hand"
  fi
  local id='' version_id=''
  if [[ -r /etc/os-release ]]; then
    # shellcheck source=/dev/null
    id=$(. /etc/os-release && printf '%s' "${ID:-}")
    # shellcheck source=/dev/null
    version_id=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
  fi
  if [[ $id != debian || $version_id != 12 ]]; then
    say "warning: this is ${id:-an unknown system} ${version_id:-}; lmgate is built and tested on Debian 12"
  fi

  local wanted=("${BUILD_PACKAGES[@]}")
  if $tests; then wanted+=("${TEST_PACKAGES[@]}"); fi
  if $bench; then wanted+=("${BENCH_PACKAGES[@]}"); fi
  if { $tests || $bench; } && ! has_node; then wanted+=("${NODE_PACKAGES[@]}"); fi
  local missing
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if $list; then
    if ((${#missing[@]} > 0)); then printf '%s\n' "${missing[@]}"; fi
    return 0
  fi
  if ((${#missing[@]} == 0)); then
    say "all ${#wanted[@]} packages are installed"
    return 0
  fi

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "${#missing[@]} packages are missing, and installing them needs root or sudo: ${missing[*]}"
    sudo -v || fail "sudo did not let us; as root: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  # Not exported: sudo drops the environment, env keeps it on both ways.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
    -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any)

  say "installing ${#missing[@]} packages (a few minutes): ${missing[*]}"
  local log
  log=$(mktemp "${TMPDIR:-/tmp}/lmgate-apt.XXXXXX") || fail "cannot write to ${TMPDIR:-/tmp}"
  "${apt[@]}" update >"$log" 2>&1 </dev/null ||
    fail "apt-get update failed: $(first_error "$log") (all of it: $log)"
  install_packages "$log" "${missing[@]}" ||
    fail "apt-get install failed: $(first_error "$log") (all of it: $log)"
  rm -f "$log"

  if { $tests || $bench; } && ! has_node; then
    fail "the tests and the bench need Node.js $NODE_MAJOR_MIN or later with npm; found $(node --version 2>/dev/null || echo none)"
  fi
  say "done"
}

main "$@"
