package world

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// Identity is who sent a request.
type Identity struct {
	Account   string
	Partition string
	ARN       string
	UserID    string
	// Role is set for a session of a role, RoleARN then is the role's.
	Role    bool
	RoleARN string
	Session *Session
}

// Key is what an access key id belongs to: the identity, the secret, the
// token that has to come with it, and when it expires (zero: never).
type Key struct {
	Identity   Identity
	Secret     string
	Token      string
	Expiration time.Time
}

// Key finds an access key by its id.
func (w *World) Key(id string) (Key, bool) {
	if s := w.Sessions[id]; s != nil {
		return w.sessionKey(s)
	}
	for _, aid := range w.AccountIDs() {
		a := w.Accounts[aid]
		for _, k := range a.AccessKeys {
			if k.ID == id {
				return Key{Secret: k.Secret, Identity: Identity{
					Account: a.ID, Partition: a.Partition, UserID: k.UserID, ARN: a.ARN("iam", "", "user/"+k.User),
				}}, true
			}
		}
	}
	return Key{}, false
}

func (w *World) sessionKey(s *Session) (Key, bool) {
	a := w.Accounts[s.Account]
	if a == nil {
		return Key{}, false
	}
	return Key{Secret: s.Secret, Token: s.Token, Expiration: s.Expiration, Identity: Identity{
		Account: a.ID, Partition: a.Partition, UserID: s.RoleID + ":" + s.Name, ARN: s.ARN(a),
		Role: true, RoleARN: s.RoleARN, Session: s,
	}}, true
}

// ARN is the ARN of the session as GetCallerIdentity shows it: without the
// role's path.
func (s *Session) ARN(a *Account) string {
	return a.ARN("sts", "", "assumed-role/"+s.RoleName+"/"+s.Name)
}

// Grant gives out credentials for a session whose other fields are set, and
// forgets sessions that expired more than a day ago.
func (w *World) Grant(s Session, now time.Time) (*Session, error) {
	var err error
	if s.AccessKeyID, err = NewID("ASIA"); err != nil {
		return nil, err
	}
	if s.Secret, err = randomText(30); err != nil {
		return nil, err
	}
	if s.Token, err = randomText(180); err != nil {
		return nil, err
	}
	for id, old := range w.Sessions {
		if now.Sub(old.Expiration) > 24*time.Hour {
			delete(w.Sessions, id)
		}
	}
	if w.Sessions == nil {
		w.Sessions = map[string]*Session{}
	}
	w.Sessions[s.AccessKeyID] = &s
	return &s, nil
}

// NewID is a new unique id of IAM: four letters that say of what, and 16 or
// 17 random ones.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func NewID(prefix string) (string, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	for i, b := range random {
		random[i] = letters[int(b)%len(letters)]
	}
	return prefix + string(random), nil
}

func randomText(n int) (string, error) {
	random := make([]byte, n)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("making a secret: %w", err)
	}
	return base64.StdEncoding.EncodeToString(random), nil
}
