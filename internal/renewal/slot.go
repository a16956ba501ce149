package renewal

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"
)

// A certificate is due when two thirds of its life are over, and at the latest
// after three quarters: in between, each workload has a slot of its own, so that
// a fleet that was issued at once is not renewed at once.
const (
	dueNumerator, dueDenominator = 2, 3
	spreadDenominator            = 12
	slots                        = 1024
)

// Slot is the slot of a workload. It depends on names alone: the same on every
// machine and at every renewal.
func Slot(lineage, environment, workload, instance string) int {
	sum := sha256.Sum256([]byte(strings.Join([]string{"anchorctl.renewal", lineage, environment, workload, instance}, "\x00")))
	return int(binary.BigEndian.Uint32(sum[:4]) % slots)
}

// Due is when a certificate that lives from issued to ends is due, to the second.
func Due(issued, ends time.Time, slot int) time.Time {
	life := ends.Sub(issued)
	return issued.Add(life * dueNumerator / dueDenominator).Add(life / spreadDenominator * time.Duration(slot) / slots).Truncate(time.Second)
}
