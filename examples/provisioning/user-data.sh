#!/bin/sh
# Prints the cloud-init user-data of the hosts of one workload. Run it in the
# estate's directory, after apply. There is nothing secret in it: everybody on a
# host can read its user-data.
#
#   user-data.sh ENV PROFILE ROLE ACCOUNT/REGION
set -eu

[ $# -eq 4 ] || { echo "usage: user-data.sh ENV PROFILE ROLE ACCOUNT/REGION" >&2; exit 2; }
environment=$1 profile=$2 role=$3 place=$4

status=$(anchorctl status --quiet)
# arn ADDRESS: the ARN that status shows for it.
arn() {
	found=$(printf '%s\n' "$status" | awk -v addr="$1" '$1 == addr { print $NF }')
	case $found in
	arn:*) printf '%s' "$found" ;;
	*) echo "user-data.sh: $1 is not there; run \"anchorctl apply\" first" >&2; exit 1 ;;
	esac
}
anchor=$(arn "anchor/$environment@$place")
profile=$(arn "profile/$environment/$profile@$place")
partition=$(printf '%s' "$anchor" | cut -d: -f2)

cat <<USERDATA
#cloud-config
write_files:
  - path: /etc/workload/aws/config
    permissions: '0644'
    content: |
      [default]
      region = ${place#*/}
      credential_process = anchorctl session --certificate /etc/workload/aws/cert.pem --private-key /etc/workload/aws/key.pem --trust-anchor-arn $anchor --profile-arn $profile --role-arn arn:$partition:iam::${place%/*}:role/$role
  - path: /etc/profile.d/workload-aws.sh
    permissions: '0644'
    content: |
      export AWS_CONFIG_FILE=/etc/workload/aws/config
  - path: /usr/local/sbin/workload-request
    permissions: '0755'
    content: |
      #!/bin/sh
      # Makes the host's own key, once, and a request for a certificate. Where
      # the issuing machine brings a key, its file takes this one's place.
      set -eu
      umask 077
      cd /etc/workload/aws
      [ -e key.pem ] || openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out request.pem -subj /CN=any 2>/dev/null
runcmd:
  - [chmod, '700', /etc/workload/aws]
  - [/usr/local/sbin/workload-request]
USERDATA
