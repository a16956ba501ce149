package admission

import (
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"

	"anchorctl/internal/pki"
)

// The sizes of RSA keys that are taken. Beyond the upper one, verifiers refuse
// or take their time.
const (
	leastRSA = 2048
	mostRSA  = pki.MaxRSA
)

func badRSA(key *rsa.PublicKey) string {
	length := key.N.BitLen()
	switch {
	case length < leastRSA:
		return fmt.Sprintf("the RSA key has %d bits, at least %d are needed", length, leastRSA)
	case length > mostRSA:
		return fmt.Sprintf("the RSA key has %d bits, at most %d are taken", length, mostRSA)
	case key.N.Bit(0) == 0:
		return "the RSA key has an even modulus"
	case key.E%2 == 0:
		return fmt.Sprintf("the RSA key has the even exponent %d", key.E)
	case key.E < 65537:
		return fmt.Sprintf("the RSA key has the small exponent %d, at least 65537 is needed", key.E)
	case int64(key.E) > 1<<31-1:
		return fmt.Sprintf("the RSA key has the exponent %d, which verifiers do not take", key.E)
	}
	return badModulus(key.N)
}

// badModulus recognises moduli whose factors anybody can find.
func badModulus(n *big.Int) string {
	primes := smallPrimes()
	if p := smallFactor(n, primes); p != 0 {
		return fmt.Sprintf("the modulus of the RSA key has the factor %d: anybody can work out the private key", p)
	}
	switch {
	case roca(n, primes):
		return "the RSA key has the mark of a broken generator (ROCA, CVE-2017-15361): its private key can be worked out"
	case n.ProbablyPrime(0):
		return "the modulus of the RSA key is a prime: anybody can work out the private key"
	case power(n, primes):
		return "the modulus of the RSA key is the power of a number: anybody can work out the private key"
	case closePrimes(n):
		return "the two primes of the RSA key lie close together: anybody can work out the private key"
	}
	return ""
}

// smallPrimes are the primes below 131,072.
func smallPrimes() []int64 {
	const below = 1 << 17
	var composite [below]bool
	var primes []int64
	for p := 2; p < below; p++ {
		if composite[p] {
			continue
		}
		primes = append(primes, int64(p))
		for m := p * p; m < below; m += p {
			composite[m] = true
		}
	}
	return primes
}

// smallFactor is a small prime that divides n, or 0. It divides by the products
// of as many primes as a word holds: one by one would take ten times as long.
func smallFactor(n *big.Int, primes []int64) int64 {
	words := wordsOf(n)
	for from := 0; from < len(primes); {
		product, to := uint64(primes[from]), from+1
		for ; to < len(primes); to++ {
			high, low := bits.Mul64(product, uint64(primes[to]))
			if high > 0 {
				break
			}
			product = low
		}
		var rest uint64
		for _, word := range words {
			_, rest = bits.Div64(rest, word, product)
		}
		for _, p := range primes[from:to] {
			if rest%uint64(p) == 0 {
				return p
			}
		}
		from = to
	}
	return 0
}

// wordsOf are the digits of a positive number to the base of 2^64, the highest
// first.
func wordsOf(n *big.Int) []uint64 {
	const octets = 8
	words := make([]uint64, (n.BitLen()+63)/64)
	raw := n.FillBytes(make([]byte, octets*len(words)))
	for i := range words {
		words[i] = binary.BigEndian.Uint64(raw[octets*i:])
	}
	return words
}

func mod(n *big.Int, p int64) int64 { return new(big.Int).Mod(n, big.NewInt(p)).Int64() }

// roca: primes of the broken generator are a power of 65537 modulo the product
// of the first primes, and so is what they multiply to (Nemec and others, The
// Return of Coppersmith's Attack, section 2.3). By chance, a modulus is so for
// all primes up to 167 about once in 2^28.
func roca(n *big.Int, primes []int64) bool {
	for _, p := range primes[1:] {
		if p > 167 {
			return true
		}
		rest, in := mod(n, p), false
		for power, i := int64(1), int64(0); i < p && !in; i++ {
			in = power == rest
			power = power * 65537 % p
		}
		if !in {
			return false
		}
	}
	return true
}

// power reports whether n is a whole number to the power of a prime.
func power(n *big.Int, primes []int64) bool {
	for _, k := range primes {
		// Numbers of fewer bits have been tried as factors.
		if int64(n.BitLen()) < 12*k {
			return false
		}
		root := rootOf(n, k)
		if root.Exp(root, big.NewInt(k), nil).Cmp(n) == 0 {
			return true
		}
	}
	return false
}

// rootOf is the k-th root of n, rounded down, by Newton's method from above.
func rootOf(n *big.Int, k int64) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(1), uint(int64(n.BitLen())/k+1))
	for {
		next := new(big.Int).Exp(x, big.NewInt(k-1), nil)
		next.Quo(n, next)
		next.Add(next, new(big.Int).Mul(x, big.NewInt(k-1)))
		next.Quo(next, big.NewInt(k))
		if next.Cmp(x) >= 0 {
			return x
		}
		x = next
	}
}

// fermatRounds finds primes that share about half of their leading bits; those
// of a sound generator differ in the first hundred.
const fermatRounds = 100

// closePrimes is Fermat's method: n = a² - b² with a little above the root of n.
func closePrimes(n *big.Int) bool {
	a, one := new(big.Int).Sqrt(n), big.NewInt(1)
	rest, b := new(big.Int), new(big.Int)
	for range fermatRounds {
		a.Add(a, one)
		rest.Sub(rest.Mul(a, a), n)
		// A square ends in 0, 1, 4 or 9 as a hexadecimal digit.
		switch rest.Bit(0) | rest.Bit(1)<<1 | rest.Bit(2)<<2 | rest.Bit(3)<<3 {
		case 0, 1, 4, 9:
		default:
			continue
		}
		b.Sqrt(rest)
		if b.Mul(b, b).Cmp(rest) == 0 {
			return true
		}
	}
	return false
}

// sharedPrime reports whether two moduli have a prime in common: then both
// private keys can be worked out.
func sharedPrime(a, b *rsa.PublicKey) bool {
	return a.N.Cmp(b.N) != 0 && a.N.Sign() > 0 && b.N.Sign() > 0 &&
		new(big.Int).GCD(nil, nil, a.N, b.N).Cmp(big.NewInt(1)) != 0
}
