package hint

import "errors"

type hinted struct {
	err   error
	hints []string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// With returns err carrying the hints. A hint is one imperative line, with the
// command to type where there is one. With(nil) is nil.
func With(err error, hints ...string) error {
	if err == nil || len(hints) == 0 {
		return err
	}
	return &hinted{err: err, hints: hints}
}

// Of collects the hints of err and of everything it wraps, outermost first,
// each once.
func Of(err error) []string {
	var all []string
	seen := map[string]bool{}
	collect(err, func(h string) {
		if !seen[h] {
			seen[h] = true
			all = append(all, h)
		}
	})
	return all
}

func collect(err error, add func(string)) {
	if err == nil {
		return
	}
	if h, ok := err.(*hinted); ok { //nolint:errorlint // each link of the chain is visited by this walk itself
		for _, line := range h.hints {
			add(line)
		}
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // as above
		for _, e := range many.Unwrap() {
			collect(e, add)
		}
		return
	}
	collect(errors.Unwrap(err), add)
}
