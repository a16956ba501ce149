
func TestWhatAnEstateKnowsOfChains(t *testing.T) {
	f := open(t)
	e, err := vetting.Chain(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Roots) != 1 {
		t.Errorf("%d roots", len(e.Roots))
	}
	var names []string
	for _, i := range e.Issuers {
		name := i.By + " of " + i.Environment
		if i.Retired {
			name += "(retired)"
		}
		if i.Certificate == nil || i.TrustDomain != "example.internal" || i.Limit != time.Duration(f.Config.Environments[i.Environment].Limits.CertificateLifetime) {
			t.Errorf("%s: %+v", name, i)
		}
		names = append(names, name)
	}
	if got, want := strings.Join(names, ", "), "issuer/dev#1 of dev, issuer/prod#1 of prod(retired), issuer/prod#2 of prod"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
