package sandbox

import (
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"anchorctl/internal/sandbox/anywhere"
	"anchorctl/internal/sandbox/iam"
	"anchorctl/internal/sandbox/sigv4"
	"anchorctl/internal/sandbox/sts"
	"anchorctl/internal/sandbox/tagging"
	"anchorctl/internal/sandbox/wire"
	"anchorctl/internal/sandbox/world"
)

// mostBody is more than any request the services take.
const mostBody = 2 << 20

// exchange is one request on its way through the sandbox.
type exchange struct {
	http      *http.Request
	request   wire.Request
	dialect   dialect
	operation world.Operation
	caller    world.Identity
	session   *anywhere.Session // of CreateSession
	record    Request
	begun     time.Time
	faults    []Fault
}

func (s *Server) gateway(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, "the request's body is too large or broken off", http.StatusRequestEntityTooLarge)
		return
	}
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	x := &exchange{
		http: r, dialect: guess(r), begun: s.options.Clock.Now(),
		request: wire.Request{Method: r.Method, Path: path, Query: r.URL.Query(), Header: r.Header, Body: body},
	}
	answer, dropped := s.exchange(x)
	s.write(w, x, answer, dropped)
}

// exchange does a request with the faults it meets; dropped says that the
// connection drops instead of an answer.
func (s *Server) exchange(x *exchange) (answer wire.Answer, dropped bool) {
	if err := s.admit(x); err != nil {
		return x.dialect.refusal(err), false
	}
	if f, ok := has(x.faults, ModeThrottle); ok {
		a := x.dialect.refusal(throttled())
		if f.Seconds > 0 {
			a.Header.Set("Retry-After", strconv.Itoa(f.Seconds))
		}
		return a, false
	}
	if _, ok := has(x.faults, ModeDeny); ok {
		return x.dialect.refusal(denied(x)), false
	}
	if _, ok := has(x.faults, ModeFailBefore); ok {
		return x.dialect.refusal(broken()), false
	}
	if _, ok := has(x.faults, ModeCutBefore); ok {
		return wire.Answer{}, true
	}
	if _, ok := has(x.faults, ModeHold); ok && !s.hold(x) {
		return wire.Answer{}, true
	}
	answer, err := s.do(x)
	if err != nil {
		answer = x.dialect.refusal(err)
	}
	if _, ok := has(x.faults, ModeHoldAfter); ok && !s.hold(x) {
		return wire.Answer{}, true
	}
	if _, ok := has(x.faults, ModeFailAfter); ok {
		return x.dialect.refusal(broken()), false
	}
	_, cut := has(x.faults, ModeCut)
	return answer, cut
}

// admit finds out who asks for what, and counts it.
func (s *Server) admit(x *exchange) error {
	var signature sigv4.Signature
	if x.isSession() {
		x.session = anywhere.ReadSession(x.http, x.request)
		x.operation = x.session.Operation()
		x.dialect = jsonDialect("ThrottlingException", http.StatusTooManyRequests)
		x.record.Service, x.record.Account, x.record.Region = "rolesanywhere", x.session.Account, x.session.Region
		x.record.Serial = x.session.Serial
	} else {
		var err error
		if signature, err = x.route(); err != nil {
			return err
		}
	}
	x.record.Op = x.operation.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.session == nil {
		caller, err := s.authenticate(x, signature)
		if err != nil {
			return err
		}
		x.caller, x.record.Account = caller, caller.Account
	}
	if s.options.RateLimit && x.operation.Family != "" &&
		!s.rates.allow(x.record.Account, x.record.Region, x.operation.Family, s.now()) {
		return throttled()
	}
	x.faults = s.hit(x.record.Service, x.operation.Name, x.record.Account)
	for _, f := range x.faults {
		x.record.Faults = append(x.record.Faults, f.Mode)
	}
	return nil
}

func (x *exchange) isSession() bool {
	return x.request.Method == http.MethodPost && x.request.Path == "/sessions"
}

// route finds the service by the scope of the signature, then the operation.
func (x *exchange) route() (sigv4.Signature, error) {
	signature, err := sigv4.Parse(x.request.Header)
	if err != nil {
		return signature, signatureError(err)
	}
	x.record.Service, x.record.Region = signature.Service, signature.Region
	switch signature.Service {
	case "rolesanywhere":
		x.dialect = jsonDialect("ThrottlingException", http.StatusTooManyRequests)
		x.operation, err = anywhere.Route(x.request)
	case "iam":
		x.dialect = queryDialect("https://iam.amazonaws.com/doc/2010-05-08/")
		x.operation, err = iam.Route(x.request)
	case "sts":
		x.dialect = queryDialect("https://sts.amazonaws.com/doc/2011-06-15/")
		x.operation, err = sts.Route(x.request)
	case "tagging":
		x.dialect = jsonDialect("ThrottledException", http.StatusBadRequest)
		x.operation, err = tagging.Route(x.request)
	default:
		err = wire.NotImplemented("the service %q; it knows rolesanywhere, iam, sts and tagging", signature.Service)
	}
	return signature, err
}

// authenticate finds the owner of the key that signed. Dates are not held
// against the sandbox's clock, which tests move and clients do not know.
func (s *Server) authenticate(x *exchange, signature sigv4.Signature) (world.Identity, error) {
	key, ok := s.world.Key(signature.KeyID)
	if !ok || key.Identity.Partition != world.PartitionOf(signature.Region) ||
		subtle.ConstantTimeCompare([]byte(key.Token), []byte(signature.Token)) != 1 {
		return world.Identity{}, wire.Errorf(http.StatusForbidden, codeUnknownKey, "The security token included in the request is invalid.")
	}
	if !key.Expiration.IsZero() && !s.now().Before(key.Expiration) {
		return world.Identity{}, wire.Errorf(http.StatusForbidden, codeExpired, "The security token included in the request is expired")
	}
	if err := signature.Verify(x.http, x.request.Body, key.Secret); err != nil {
		return world.Identity{}, signatureError(err)
	}
	return key.Identity, nil
}

// do runs the operation on the state, or on a past one, and keeps the result.
func (s *Server) do(x *exchange) (wire.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed() {
		return wire.Answer{}, broken()
	}
	on := s.world
	if f, ok := has(x.faults, ModeStale); ok && x.operation.Reads && len(s.past) > 0 {
		past, err := s.ago(f.Seconds)
		if err != nil {
			return wire.Answer{}, err
		}
		on = past
	}
	call := &world.Call{World: on, Account: on.Accounts[x.record.Account], Caller: x.caller, Region: x.record.Region, Now: s.now()}
	if call.Account == nil && x.session == nil {
		return wire.Answer{}, broken()
	}
	if _, ok := has(x.faults, ModeSmallPages); ok {
		call.MaxPage = 1
	}
	answer, err := x.operation.Do(call)
	if x.session != nil {
		x.record.Detail = x.session.Detail
	}
	if !x.operation.Reads {
		if failed := s.keep(); failed != nil {
			return wire.Answer{}, failed
		}
	}
	return answer, err
}

// keep saves the state. What cannot be saved did not happen.
func (s *Server) keep() error {
	if s.closed() {
		return broken()
	}
	if err := s.keeper.save(s.world); err != nil {
		if back, undone := s.keeper.back(); undone == nil {
			s.world = back
		}
		return err
	}
	s.remember()
	return nil
}

// write sends the answer, or drops the connection, and logs the request.
func (s *Server) write(w http.ResponseWriter, x *exchange, a wire.Answer, dropped bool) {
	s.mu.Lock()
	now := s.now()
	s.mu.Unlock()
	x.record.Time, x.record.Millis = now, s.options.Clock.Now().Sub(x.begun).Milliseconds()
	if !dropped {
		x.record.Status = a.Status
	}
	// Logged first: who has the answer finds its request in the log.
	s.note(x.record)
	if dropped {
		drop(w)
		return
	}
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Amzn-Requestid", wire.RequestID())
	// The sandbox's time, so that a client can tell how far off it is.
	w.Header().Set("Date", now.Format(http.TimeFormat))
	w.WriteHeader(a.Status)
	_, err := w.Write(a.Body)
	_ = err // the client left; there is nobody to tell
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // no connection to drop: the answer stays empty
	}
	err = conn.Close()
	_ = err // it is to be gone either way
}

func throttled() error {
	return wire.Errorf(http.StatusTooManyRequests, codeThrottled, "Rate exceeded")
}

func signatureError(err error) error {
	switch {
	case errors.Is(err, sigv4.ErrMissing):
		return wire.Errorf(http.StatusForbidden, codeMissing, "Missing Authentication Token")
	case errors.Is(err, sigv4.ErrIncomplete):
		return wire.Errorf(http.StatusForbidden, codeIncomplete, "%s", strings.TrimPrefix(err.Error(), sigv4.ErrIncomplete.Error()+": "))
	default:
		return wire.Errorf(http.StatusForbidden, codeMismatch, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
}
