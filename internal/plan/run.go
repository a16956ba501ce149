package plan

// Status is how far an action, or a run, has come.
type Status string

// The states of actions and runs. A run is open until it is done, held,
// failed or superseded; an action that was begun and nothing else may or may
// not have happened.
const (
	Begun       Status = "begun"
	Done        Status = "done"
	Held        Status = "held"
	Failed      Status = "failed"
	Interrupted Status = "interrupted"
	Superseded  Status = "superseded"
)

// Object is the AWS identity of something of ours. The store lists it; its
// tags must confirm it.
type Object struct {
	Addr   Addr
	ARN    string
	Intent string // the id under which it was created; also in its tag
}

// Outcome is what came of an action.
type Outcome struct {
	Status  Status
	Created *Object // recorded with the outcome, in one transaction
	Deleted bool    // the object at the action's address is gone
	Notes   []string
}

// Intent is an action that was begun and whose outcome was never recorded.
type Intent struct {
	Run    string
	Action Action
	ID     string // what its tag anchorctl:intent holds, if it reached AWS
	Begun  int64  // Unix seconds
}

// Run is the record of one execution of a plan.
type Run struct {
	ID      string
	Digest  string // of the plan
	Command string // apply or destroy
	Actor   string // who ran it, as the operating system says
	Status  Status
	Started int64 // Unix seconds
	Ended   int64
	Done    []string // IDs of the actions that are done
}
