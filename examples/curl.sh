#!/usr/bin/env bash
# Holdfast with curl: screen a file, look a hash up, put a file on a list, read events.
#
#   export HOLDFAST_URL=https://holdfast.example.org
#   export HOLDFAST_UPLOAD_KEY=hf_...    # role: uploader
#   export HOLDFAST_LEAD_KEY=hf_...      # role: lead
#   ./curl.sh screen FILE REFERENCE      # 0: may be shown, 3: hold it, 1: no answer (hold it, and ask again)
#   ./curl.sh lookup ALGORITHM HASH
#   ./curl.sh bank NAME
#   ./curl.sh add BANK FILE LABEL
#   ./curl.sh events [AFTER]
set -euo pipefail

# The key goes in by a file descriptor: on the command line every user of this machine could read it.
# Tried again are 408, 429 and 5xx, as Retry-After says; an idempotency key makes a second time harmless.
ask() {
  local key=$1
  shift
  curl --silent --show-error --fail-with-body --retry 4 --retry-connrefused --retry-max-time 60 \
    --connect-timeout 5 --max-time 60 --config <(printf 'header = "Authorization: Bearer %s"\n' "$key") "$@"
}

once() {
  printf 'Idempotency-Key: %s' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}

screen() {
  local answer
  answer=$(ask "$HOLDFAST_UPLOAD_KEY" --header "$(once)" --header 'Content-Type: application/octet-stream' \
    --header "Holdfast-Context: {\"content_reference\": \"$2\", \"surface\": \"public\", \"country\": \"US\"}" \
    --request POST --upload-file "$1" "$HOLDFAST_URL/v1/screen") || {
    printf '%s\n' "${answer:-}" >&2
    echo 'No answer: nothing is known about it. Hold it back, and ask again.' >&2
    return 1
  }
  printf '%s\n' "$answer"
  case ${answer//[[:space:]]/} in
    *'"block":false,"quarantine":false,"allow":true,'*) return 0 ;;
    *) return 3 ;;
  esac
}

lookup() {
  ask "$HOLDFAST_LEAD_KEY" --header 'Content-Type: application/json' \
    --data "{\"algorithm\": \"$1\", \"value\": \"$2\"}" "$HOLDFAST_URL/v1/lookup"
}

bank() {
  ask "$HOLDFAST_LEAD_KEY" --header "$(once)" --header 'Content-Type: application/json' \
    --data "{\"name\": \"$1\"}" "$HOLDFAST_URL/v1/banks"
}

# Only its hashes are kept.
add() {
  ask "$HOLDFAST_LEAD_KEY" --header "$(once)" --header 'Content-Type: application/octet-stream' \
    --request POST --upload-file "$2" --url-query "label=$3" "$HOLDFAST_URL/v1/banks/$1/media"
}

# "next" of the answer is the AFTER of the next time.
events() {
  ask "$HOLDFAST_LEAD_KEY" "$HOLDFAST_URL/v1/events?after=${1:-0}"
}

case ${1:-} in
  screen | lookup | bank | add | events) "$@" ;;
  *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
