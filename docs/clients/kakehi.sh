# shellcheck shell=bash
# Drive kakehi from bash: `source` this file. All it needs is socat.
: "${KAKEHI_SOCKET:=/run/kakehi/command.sock}"

# kakehi_order TYPE [DATA]: sends one order and prints its answers as they come, one a line, the last one final.
# Returns 0 when the order was done, 1 when it was refused, 3 when no proxy answers or it goes away.
kakehi_order() {
  local data=${2:-'{}'} answer='' status=''
  while IFS= read -r -d '' answer; do
    # White space between two answers means nothing: it asks whether we are still there.
    answer=${answer#"${answer%%[!$'\n']*}"}
    printf '%s\n' "$answer"
    status=${answer#*'"status":"'} status=${status%%'"'*}
  done < <(printf '{"id":"1","type":"%s","data":%s}\0' "$1" "$data" |
    socat -t 604800 - "UNIX-CONNECT:$KAKEHI_SOCKET")
  case $status in OK) return 0 ;; ERROR) return 1 ;; *) return 3 ;; esac
}

# kakehi_orders: sends many orders, one a line of stdin, each with an id of its own, without waiting between them.
kakehi_orders() {
  tr '\n' '\0' | socat -t 604800 - "UNIX-CONNECT:$KAKEHI_SOCKET" | tr '\0' '\n' | awk 'NF { print; fflush() }'
}
