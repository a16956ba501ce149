package issuance

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"anchorctl/internal/config"
	"anchorctl/internal/folder"
	"anchorctl/internal/hint"
	"anchorctl/internal/keys"
	"anchorctl/internal/pki"
	"anchorctl/internal/plan"
)

// Request says which certificate is wanted.
type Request struct {
	Environment, Workload string
	Instance              string        // "" unless it is one of several
	Out                   string        // the folder of its files; "" is out/ENV/WORKLOAD[@INSTANCE] of the estate
	Lifetime              time.Duration // 0 is the configured one; it may only be shorter
	KeyType               keys.Type     // "" is ecdsa-p256
	Format                Format        // "" is pem
	// Generation of the issuer, for certificates without files; 0 is the one that
	// signs.
	Generation int
	// Passphrase asks for that of the key's file; only encrypted needs it.
	Passphrase func(context.Context) ([]byte, error)

	CSR     []byte // a certificate request, PEM or DER: its key is certified, and none is made
	CSRName string // what people call it
	// New: with a request, a new certificate even where the recorded one is good.
	New bool
}

// Result is what was issued and how to use it.
type Result struct {
	Address         string    `json:"address"`
	Instance        string    `json:"instance,omitempty"`
	Subject         string    `json:"subject"`
	URI             string    `json:"uri"`
	DNS             []string  `json:"dns,omitempty"`
	Format          Format    `json:"format"`
	KeyFile         string    `json:"keyFile,omitempty"`
	CertificateFile string    `json:"certificateFile,omitempty"`
	ChainFile       string    `json:"chainFile,omitempty"`
	SerialHex       string    `json:"serialHex"`
	SerialDecimal   string    `json:"serialDecimal"`
	Fingerprint     string    `json:"fingerprint"`
	NotBefore       time.Time `json:"notBefore"`
	NotAfter        time.Time `json:"notAfter"`
	Issuer          string    `json:"issuer"` // address of the generation that signed
	Chain           []Link    `json:"chain"`  // from the workload to the root
	// Resumed: an earlier run had recorded the certificate. Without a request, it
	// was stopped before its files were complete.
	Resumed bool     `json:"resumed"`
	Ignored []string `json:"ignored,omitempty"` // what the request asked for and the certificate does not have
	Stanzas []Stanza `json:"stanzas"`           // for ~/.aws/config, one per role that can be taken now
	Missing []string `json:"missing,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Link is one certificate of a chain.
type Link struct {
	Subject     string    `json:"subject"`
	Fingerprint string    `json:"fingerprint"`
	NotAfter    time.Time `json:"notAfter"`
}

// ParseName reads "ENV/WORKLOAD" or "ENV/WORKLOAD@INSTANCE".
func ParseName(text string) (environment, workload, instance string, err error) {
	environment, name, _ := strings.Cut(text, "/")
	workload, instance, err = pki.SplitWorkloadName(name)
	if environment == "" || strings.ContainsAny(environment, ".@") || err != nil {
		wrong := fmt.Errorf("reading workload name %q: want ENVIRONMENT/WORKLOAD or ENVIRONMENT/WORKLOAD@INSTANCE", text)
		if len(hint.Of(err)) > 0 { // a dot before an instance
			wrong = hint.With(wrong, fmt.Sprintf("write %q: the name of an instance follows an @", strings.Replace(text, ".", "@", 1)))
		}
		return "", "", "", wrong
	}
	return environment, workload, instance, nil
}

// Issue gives a workload a key and a certificate.
func Issue(ctx context.Context, f *folder.Folder, r Request) (Result, error) {
	result, err := issue(ctx, f, r)
	if err != nil {
		return Result{}, fmt.Errorf("issuing certificate for %s/%s: %w", r.Environment, pki.WorkloadName(r.Workload, r.Instance), err)
	}
	return result, nil
}

func issue(ctx context.Context, f *folder.Folder, r Request) (Result, error) {
	w, err := hold(f, r)
	if err != nil {
		return Result{}, err
	}
	if w.form, err = openForm(ctx, r); err != nil {
		return Result{}, err
	}
	defer clear(w.form.passphrase)
	signer, err := openSigner(ctx, f, r.Environment, 0)
	if err != nil {
		return Result{}, err
	}
	if err := w.admit(ctx, f); err != nil {
		return Result{}, err
	}
	set, release, err := openSet(ctx, f, w)
	if err != nil {
		return Result{}, err
	}
	made, err := w.complete(ctx, f, signer, set)
	if err := errors.Join(err, release()); err != nil {
		return Result{}, err
	}
	return describe(ctx, f, w, signer, set, made)
}

// wanted is a request that the configuration allows.
type wanted struct {
	request     Request
	environment *config.Environment
	spec        pki.WorkloadSpec
	keyType     keys.Type
	anyKeyType  bool // the request named none: a staged key of another type will do
	out         string
	form        form
	csr         *pki.Request // what brought the key, if anything did
}

// hold holds a request against the configuration, and finds its folder.
func hold(f *folder.Folder, r Request) (wanted, error) {
	w, err := allowed(f, r)
	if err != nil {
		return wanted{}, err
	}
	out := r.Out
	if out == "" {
		out = filepath.Join(f.Dir, "out", r.Environment, pki.WorkloadName(r.Workload, r.Instance))
	}
	if w.out, err = filepath.Abs(out); err != nil {
		return wanted{}, fmt.Errorf("finding the folder %q: %w", out, err)
	}
	if strings.ContainsFunc(w.out, unquotable) {
		return wanted{}, fmt.Errorf("the folder %q has a character in its name that ~/.aws/config cannot carry", w.out)
	}
	return w, nil
}

// allowed holds a request of a person against the configuration.
func allowed(f *folder.Folder, r Request) (wanted, error) {
	if r.Workload == config.ProbeWorkload {
		return wanted{}, fmt.Errorf("%q is the built-in probe: only rotations and proofs get certificates for it, and their keys never leave memory", r.Workload)
	}
	return configured(f, r)
}

// configured holds a request against the configuration.
func configured(f *folder.Folder, r Request) (wanted, error) {
	env, err := f.Config.Environment(r.Environment)
	if err != nil {
		return wanted{}, err
	}
	if env.Workload(r.Workload) == nil {
		return wanted{}, fmt.Errorf("environment %s has no workload %q; it has %s", r.Environment, r.Workload, listed(env.WorkloadNames()))
	}
	lifetime, err := lifetimeOf(env, r)
	if err != nil {
		return wanted{}, err
	}
	w := wanted{request: r, environment: env, keyType: r.KeyType, anyKeyType: r.KeyType == ""}
	if w.anyKeyType {
		w.keyType = keys.P256
	}
	if err := w.read(); err != nil {
		return wanted{}, err
	}
	w.spec = Spec(f.Config, env, r.Workload, r.Instance)
	w.spec.Lifetime, w.spec.Now = lifetime, f.Clock.Now()
	// Before any key is made: a name that no certificate can carry.
	if err := w.spec.Check(); err != nil {
		return wanted{}, err
	}
	return w, nil
}

// Spec is what the certificates of a workload say, with the configured
// lifetime and without a time.
func Spec(c *config.Config, env *config.Environment, workload, instance string) pki.WorkloadSpec {
	s := pki.WorkloadSpec{
		Environment: env.Name, Workload: workload, Instance: instance,
		Organization: c.Estate.Organization, TrustDomain: c.Estate.TrustDomain, Lifetime: env.LifetimeOf(workload),
	}
	if w := env.Workload(workload); w != nil {
		s.DNS = w.DNS
	}
	return s
}

func lifetimeOf(env *config.Environment, r Request) (time.Duration, error) {
	longest := env.LifetimeOf(r.Workload)
	switch {
	case r.Lifetime == 0:
		return longest, nil
	case r.Lifetime < 0:
		return 0, fmt.Errorf("a lifetime of %s is too short", r.Lifetime)
	case r.Lifetime > longest:
		return 0, hint.With(fmt.Errorf("a lifetime of %s is longer than the configured %s, and may only be shorter", r.Lifetime, longest),
			fmt.Sprintf("raise environments.%s.workloads.%s.certificateLifetime in anchorctl.yaml", r.Environment, r.Workload))
	}
	return r.Lifetime, nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// explain says what to do when the issuer ends too soon: a lifetime is never
// capped without a word.
func (w wanted) explain(err error) error {
	if errors.Is(err, pki.ErrSignsNothing) {
		return hint.With(err, fmt.Sprintf("run \"anchorctl rotate start %s --renew\" to give the issuer new dates", w.spec.Environment))
	}
	var tooLong *pki.LifetimeError
	if !errors.As(err, &tooLong) {
		return err
	}
	name := w.spec.Environment + "/" + pki.WorkloadName(w.spec.Workload, w.spec.Instance)
	return hint.With(err,
		fmt.Sprintf("run \"anchorctl issue %s --lifetime %s\" for one that ends with its issuer", name, tooLong.Longest.Truncate(time.Second)))
}

// address is the workload's.
func (w wanted) address() plan.Addr { return plan.Workload(w.spec.Environment, w.spec.Workload) }
