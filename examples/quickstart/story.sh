#!/bin/sh
# What the quickstart does, inside the sandbox. Each command is shown as you
# would type it.
set -eu

program=$1
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }
anchorctl() { printf '$ anchorctl %s\n' "$*"; "$program" "$@"; }
# arn ADDRESS: the ARN that status shows for it.
arn() { "$program" status --quiet 2>/dev/null | awk -v addr="$1" '$1 == addr { print $NF }'; }

# What session keeps stays in here too.
export XDG_CACHE_HOME="$PWD/cache"

# A passphrase for a root that guards nothing. A real one is typed.
(umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >root-passphrase)

say '1. One file describes three environments that share an AWS account (anchorctl.yaml). Make the estate.'
anchorctl init --passphrase-file root-passphrase
lineage=$("$program" status --quiet 2>/dev/null | awk '$1 == "lineage" { print $2 }')
state=${XDG_STATE_HOME:-$HOME/.local/state}
printf '%s' "$state/anchorctl/$lineage" >.quickstart

say '2. See what would be done, and save it: review.json is what a colleague would review.'
anchorctl plan --out review.json >plan.txt
head -n 1 plan.txt
grep -E '^(Plan|Saved)' plan.txt
echo '  (the whole of it is in plan.txt)'

say '3. Do exactly that. As towards AWS, one request of each kind is sent a second: this takes a minute.'
anchorctl apply review.json --passphrase-file root-passphrase

say '4. Applying again changes nothing.'
anchorctl apply --approve

say '5. Issue certificates, and open a session with each.'
for env in dev staging prod; do
	printf '$ anchorctl issue %s/app\n' "$env"
	"$program" issue "$env/app" | sed -n 's/^\(certificate\|valid until\)/  \1/p'
	printf '$ anchorctl session %s/app\n' "$env"
	"$program" session "$env/app" >credentials.json
	sed -n 's/.*"AccessKeyId": *"\([^"]*\)".*"Expiration": *"\([^"]*\)".*/  credentials \1, until \2/p' credentials.json
	rm -f credentials.json
done

place=111122223333/eu-central-1

# denied WHAT ANCHOR PROFILE REASON: dev's certificate asks for prod's role, and
# is refused for just that reason.
denied() {
	if "$program" session --certificate out/dev/app/cert.pem --private-key out/dev/app/key.pem \
		--trust-anchor-arn "$2" --profile-arn "$3" --role-arn arn:aws:iam::111122223333:role/prod-app --report denied.json >/dev/null 2>denial.txt; then
		echo "quickstart: $1 was given a session; this must never happen" >&2
		exit 1
	fi
	if ! grep -q "$4" denial.txt; then
		echo "quickstart: $1 was refused, but not because of \"$4\":" >&2
		cat denial.txt >&2
		exit 1
	fi
	sed -n 's/^anchorctl: error: /  denied: /p; s/^anchorctl: hint: /  hint:   /p' denial.txt
	rm -f denial.txt
}

say "6. Dev's certificate gets no prod session. At prod's anchor: prod's issuer did not sign it."
denied "dev's certificate at prod's anchor" "$(arn "anchor/prod@$place")" "$(arn "profile/prod/app@$place")" \
	'Untrusted signing certificate'

say "   At dev's own anchor, asking for prod's profile and role: only the role's trust policy stands in the way."
denied "dev's certificate at dev's anchor" "$(arn "anchor/dev@$place")" "$(arn "profile/prod/app@$place")" \
	'Unable to assume role'

say '7. Whoever has the estate can see which check refused it, and why (all of it is in explained.txt).'
anchorctl explain --session denied.json >explained.txt
head -n 2 explained.txt
awk '/ not met$/ { print "  not met: " $1 " " $2 }' explained.txt
sed -n '/^What to change/,$p' explained.txt

say '8. The same for every workload at every anchor, with every profile and role: what was not granted has to be denied.'
anchorctl prove isolation

say 'Done. This directory is yours to play with:'
cat <<EOF

  cd $(pwd)

Next, try:

  $program sandbox exec --state sandbox.json -- $program status
  $program issue prod/backup
  $program sandbox exec --state sandbox.json -- $program check account
  $program sandbox exec --state sandbox.json -- $program rotate rehearse prod      # another issuer for prod, on a copy: who would be denied
  $program check cert root.pem --root root.pem      # refused: the root is never an anchor
EOF
