package world

import (
	"time"

	"anchorctl/internal/sandbox/wire"
)

// Call is one operation on the world: who calls, where and when.
type Call struct {
	World   *World
	Account *Account // of the caller
	Caller  Identity
	Region  string
	Now     time.Time
	// MaxPage bounds the pages of lists when a fault asks for small ones; 0
	// does not.
	MaxPage int
}

// Here are the objects of the caller's account in the request's region.
func (c *Call) Here() *Region { return c.Account.In(c.Region) }

// PageSize is the size of a page, given the size asked for.
func (c *Call) PageSize(asked int) int {
	if c.MaxPage > 0 {
		return min(asked, c.MaxPage)
	}
	return asked
}

// Operation is an operation that a request was routed to.
type Operation struct {
	Name   string
	Family string // what shares a rate limit; empty when nothing does
	Reads  bool   // changes nothing
	Do     func(*Call) (wire.Answer, error)
}
