#!/usr/bin/env bash
# From a clean clone to a working gateway on a fresh Debian 12, in one command: packages, build, a
# control plane, two data-plane replicas, an example configuration, a key, and requests through it.
# Everything it starts ends with it, whichever way it ends.
set -euo pipefail

readonly READY_SECONDS=20    # for a program to become ready
readonly STOP_SECONDS=15     # for a program to end after SIGTERM, before SIGKILL
readonly REQUEST_SECONDS=60  # for one request to the provider

usage() {
  cat <<'USAGE'
usage: bash deploy/quickstart.sh [--check] [--port-base N]

Installs the packages, builds lmgate, starts a control plane and two data planes on loopback,
applies an example configuration, adds a key and sends requests. Ctrl-C stops everything.

  --check        do all that, stop everything and exit 0 (it works) or 1
  --port-base N  data planes at N, N+1 and N+10, N+11, control plane at N+400, N+401, fake
                 provider at N+20 (default 8000, or LMGATE_QUICKSTART_PORT_BASE)
  --help         this text

OPENAI_API_KEY, ANTHROPIC_API_KEY and GEMINI_API_KEY in the environment become connections; without
any of them a fake provider answers. LMGATE_QUICKSTART_MODEL names the model to ask. State, logs and
the key are kept in .lmgate/; remove that directory to begin anew.
USAGE
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

# ---- processes. Each has a process group of its own: Ctrl-C reaches this script only, which then
# ends them in order.

groups=()  # process ids, in the order of their start
names=()   # of the programs, and their logs, in the same order

# start NAME LOG COMMAND...
start() {
  local log=$2
  names+=("$1 (log: $2)")
  shift 2
  set -m
  "$@" >>"$log" 2>&1 </dev/null &
  groups+=($!)
  set +m
}

stop_all() {
  local i pid deadline
  trap '' INT TERM HUP
  # The newest first: data planes go before the control plane.
  for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
    kill -TERM -- "-${groups[i]}" 2>/dev/null || true
  done
  deadline=$((SECONDS + STOP_SECONDS))
  for pid in "${groups[@]}"; do
    while kill -0 -- "-$pid" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.05; done
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  groups=()
}

# ---- checks

# refuse_used_port PORT WHO
refuse_used_port() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    fail "port $1 is in use, and $2 needs it: stop what listens there, or choose others with --port-base"
  fi
}

# Waits until http://127.0.0.1:$1/readyz says 200; $2 is the program's name, $3 its log.
wait_ready() {
  local pid=${groups[-1]} deadline=$((SECONDS + READY_SECONDS))
  until curl -fsS -o /dev/null --noproxy '*' --max-time 2 "http://127.0.0.1:$1/readyz" 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || fail "$2 did not start: $(tail -n 1 "$3") (log: $3)"
    ((SECONDS < deadline)) || fail "$2 is not ready after $READY_SECONDS s: $(tail -n 1 "$3") (log: $3)"
    sleep 0.05
  done
}

# The error in what lmctl wrote to log $1, without the hint that follows it.
reason() {
  sed -n 's/^error: //p' "$1" | head -n 1 | grep . || tail -n 1 "$1"
}

# ---- the example configuration

# Prints it, and sets `model` to the one to ask.
write_config() {
  local file=$1 first=''
  {
    echo "# Written by deploy/quickstart.sh. deploy/examples/lmgate.yaml explains the fields."
    echo "connections:"
    if [[ -n ${OPENAI_API_KEY:-} ]]; then
      echo "  openai: {provider: openai, api_key: env:OPENAI_API_KEY}"
      first=${first:-openai}
    fi
    if [[ -n ${ANTHROPIC_API_KEY:-} ]]; then
      echo "  anthropic: {provider: anthropic, api_key: env:ANTHROPIC_API_KEY}"
      first=${first:-anthropic}
    fi
    if [[ -n ${GEMINI_API_KEY:-} ]]; then
      echo "  gemini: {provider: google, api_key: env:GEMINI_API_KEY}"
      first=${first:-gemini}
    fi
    if [[ -z $first ]]; then
      echo "  fake: {dialect: openai-chat, base_url: http://127.0.0.1:$fake_port/v1, api_key: fake-provider-key}"
      first=fake
    fi
    echo "routes:"
    if [[ -n ${OPENAI_API_KEY:-} ]]; then
      echo '  - {model: ["gpt-*", "o[0-9]*", "text-embedding-*"], to: "openai.*"}'
    fi
    if [[ -n ${ANTHROPIC_API_KEY:-} ]]; then echo '  - {model: "claude-*", to: "anthropic.*"}'; fi
    if [[ -n ${GEMINI_API_KEY:-} ]]; then echo '  - {model: "gemini-*", to: "gemini.*"}'; fi
    echo "  - {name: everything-else, model: \"*\", to: \"$first.*\"}"
    echo "groups:"
    echo '  default: {connections: "*"}'
  } >"$file"
  case $first in
    openai) model=gpt-4o-mini ;;
    anthropic) model=claude-haiku-4-5 ;;
    gemini) model=gemini-2.5-flash ;;
    *) model=demo-model ;;
  esac
  model=${LMGATE_QUICKSTART_MODEL:-$model}
  provider=$first
}

run_lmctl() {
  LMCTL_SERVER=127.0.0.1:$grpc_port "$bin/lmctl" --token-file "$state/controlplane/admin.token" "$@"
}

# The key of an earlier run when it is still good, else a new one. Its secret goes to $key_file,
# which only this user can read, and from there to curl: never to a command line.
ensure_key() {
  local name
  key_file=$state/quickstart.key
  if [[ -s $key_file && -s $state/quickstart.key-name ]]; then
    name=$(<"$state/quickstart.key-name")
    if run_lmctl keys show "$name" -o json 2>/dev/null | grep -q '"state": *"active"'; then
      say "key         $name, from the run before"
      return
    fi
  fi
  for name in quickstart "quickstart-$(date +%Y%m%d-%H%M%S)"; do
    # Not -q, which would also silence what lmctl says of the replicas.
    if run_lmctl keys add "$name" --group default -o json >"$key_file.json" 2>"$logs/lmctl.log"; then
      sed -n 's/.*"secret": *"\([^"]*\)".*/\1/p' "$key_file.json" >"$key_file"
      rm -f "$key_file.json"
      printf '%s\n' "$name" >"$state/quickstart.key-name"
      say "key         $name, added: $(tail -n 1 "$logs/lmctl.log")"
      return
    fi
  done
  fail "cannot add a key: $(reason "$logs/lmctl.log")"
}

# ---- requests

# The first text of an OpenAI answer, shortened.
content_of() {
  grep -o '"content": *"[^"]*"' "$1" | sed 's/^"content": *"//; s/"$//' | tr -d '\n' | cut -c 1-60
}

# ask PORT STREAM: one chat request with curl.
ask() {
  local port=$1 stream=$2 status answer=$state/answer.txt how=plain chunks
  status=$(curl -sS -N --noproxy '*' --max-time "$REQUEST_SECONDS" -o "$answer" -w '%{http_code}' \
    -H @"$state/quickstart.header" -H 'content-type: application/json' \
    --data "{\"model\":\"$model\",\"stream\":$stream,\"messages\":[{\"role\":\"user\",\"content\":\"Say hello in five words.\"}]}" \
    "http://127.0.0.1:$port/v1/chat/completions" 2>"$logs/curl.log") ||
    fail "the request to 127.0.0.1:$port failed: $(tail -n 1 "$logs/curl.log")"
  if [[ $status != 200 ]]; then
    fail "127.0.0.1:$port answered $status: $(tr -d '\n' <"$answer" | cut -c 1-300)"
  fi
  if [[ $stream == true ]]; then
    grep -q '^data: \[DONE\]' "$answer" || fail "the stream from 127.0.0.1:$port ended without [DONE]"
    chunks=$(grep -c '^data: {' "$answer" || true)
    ((chunks > 1)) || fail "the stream from 127.0.0.1:$port had $chunks events"
    how="streamed in $chunks events"
  fi
  say "request     127.0.0.1:$port, $how: 200 \"$(content_of "$answer")\""
}

# ---- the way

main() {
  local check=false port_base=${LMGATE_QUICKSTART_PORT_BASE:-8000}
  while (($# > 0)); do
    case $1 in
      --check) check=true ;;
      --port-base)
        (($# > 1)) || fail "--port-base needs a number"
        port_base=$2
        shift
        ;;
      --port-base=*) port_base=${1#*=} ;;
      -h | --help)
        usage
        return 0
        ;;
      *) fail "unknown option $1; see --help" ;;
    esac
    shift
  done
  if [[ ! $port_base =~ ^[0-9]{1,5}$ ]] || ((10#$port_base < 1 || 10#$port_base > 65000)); then
    fail "the port base must be a number from 1 to 65000, not \"$port_base\""
  fi
  port_base=$((10#$port_base))
  http_ports=("$port_base" "$((port_base + 10))")
  admin_ports=("$((port_base + 1))" "$((port_base + 11))")
  fake_port=$((port_base + 20))
  grpc_port=$((port_base + 400))
  control_http_port=$((port_base + 401))

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  bin=$PWD/build/release/bin
  state=$PWD/.lmgate
  logs=$state/logs
  if ! (umask 077 && mkdir -p "$logs" && : >"$logs/lmctl.log") 2>/dev/null; then
    fail "cannot write to $state: no permission, or the disk is full"
  fi

  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP

  # Before the long part, so that a mistake shows at once.
  refuse_used_port "$grpc_port" "the control plane"
  refuse_used_port "$control_http_port" "the control plane"
  local i
  for i in 0 1; do
    refuse_used_port "${http_ports[i]}" "data plane $((i + 1))"
    refuse_used_port "${admin_ports[i]}" "data plane $((i + 1))"
  done
  local fake=false
  if [[ -z ${OPENAI_API_KEY:-}${ANTHROPIC_API_KEY:-}${GEMINI_API_KEY:-} ]]; then
    fake=true
    refuse_used_port "$fake_port" "the fake provider"
  fi

  bash deploy/install-deps.sh || exit 1

  local configure=() began=$SECONDS
  # Without GoogleTest; a build directory that tests/run.sh has set up stays as it is.
  if [[ ! -f build/release/CMakeCache.txt ]]; then configure=(-DLMGATE_TESTS=OFF); fi
  say "build       Release, into build/release (log: .lmgate/logs/build.log)"
  set -m
  bash deploy/build.sh release "$logs/build.log" "${configure[@]}" \
    lmgate-controlplane lmgate-dataplane lmctl lmgate-fakeprovider &
  groups+=($!)
  set +m
  wait "${groups[-1]}" || exit 1
  groups=()
  say "build       done in $((SECONDS - began)) s"

  # Secrets are written from here on.
  umask 077
  for i in controlplane dataplane-1 dataplane-2 fakeprovider; do : >"$logs/$i.log"; done
  mkdir -p "$state/controlplane" "$state/dataplane-1" "$state/dataplane-2"

  if $fake; then
    start lmgate-fakeprovider "$logs/fakeprovider.log" "$bin/lmgate-fakeprovider" --listen "127.0.0.1:$fake_port"
    say "started     lmgate-fakeprovider at 127.0.0.1:$fake_port, as there is no provider's key in the environment"
  fi

  # The control plane resolves no provider credential, so it is not given any.
  start lmgate-controlplane "$logs/controlplane.log" env -u OPENAI_API_KEY -u ANTHROPIC_API_KEY -u GEMINI_API_KEY \
    "$bin/lmgate-controlplane" --grpc-listen "127.0.0.1:$grpc_port" \
    --http-listen "127.0.0.1:$control_http_port" --state-dir "$state/controlplane" \
    --database "sqlite:$state/controlplane/lmgate.db"
  wait_ready "$control_http_port" lmgate-controlplane "$logs/controlplane.log"
  say "started     lmgate-controlplane at 127.0.0.1:$grpc_port (gRPC) and :$control_http_port (health, metrics)"

  for i in 0 1; do
    start "lmgate-dataplane $((i + 1))" "$logs/dataplane-$((i + 1)).log" "$bin/lmgate-dataplane" \
      --listen "127.0.0.1:${http_ports[i]}" --admin-listen "127.0.0.1:${admin_ports[i]}" \
      --control-plane "127.0.0.1:$grpc_port" --token-file "$state/controlplane/replica.token" \
      --state-dir "$state/dataplane-$((i + 1))" --replica-id "dataplane-$((i + 1))"
    wait_ready "${admin_ports[i]}" "lmgate-dataplane $((i + 1))" "$logs/dataplane-$((i + 1)).log"
    say "started     lmgate-dataplane $((i + 1)) at 127.0.0.1:${http_ports[i]} and :${admin_ports[i]} (health, metrics)"
  done

  write_config "$state/quickstart.yaml"
  run_lmctl apply -f "$state/quickstart.yaml" >"$logs/lmctl.log" 2>&1 ||
    fail "the example configuration was refused: $(reason "$logs/lmctl.log")"
  say "applied     .lmgate/quickstart.yaml, provider $provider: $(tail -n 1 "$logs/lmctl.log")"

  ensure_key
  printf 'authorization: Bearer %s\n' "$(<"$key_file")" >"$state/quickstart.header"
  for i in 0 1; do
    ask "${http_ports[i]}" false
    ask "${http_ports[i]}" true
  done

  cat >"$state/env" <<ENV
export PATH="$bin:\$PATH"
export LMCTL_SERVER=127.0.0.1:$grpc_port
export LMCTL_TOKEN=\$(cat "$state/controlplane/admin.token")
ENV

  if $check; then
    stop_all
    say "check       passed, everything is stopped"
    return 0
  fi
  cat <<NEXT

It works. Your key: $(<"$key_file")
Any OpenAI client can use it at http://127.0.0.1:${http_ports[0]}/v1 and http://127.0.0.1:${http_ports[1]}/v1.

In another terminal, in this directory:
  . .lmgate/env
  lmctl status
  lmctl routes test $model --key $(<"$state/quickstart.key-name")
  lmctl keys add ci --group default
  lmctl keys block ci
  lmctl history

Ctrl-C stops everything.
NEXT
  trap 'printf "\n"; stop_all; say "stopped"; exit 0' INT TERM
  # bash itself says "Killed" here, which is said better below.
  { wait -n "${groups[@]}"; } 2>/dev/null || true
  for i in "${!groups[@]}"; do
    kill -0 "${groups[i]}" 2>/dev/null || fail "${names[i]} ended unexpectedly"
  done
}

main "$@"
