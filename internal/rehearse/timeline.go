package rehearse

// Timeline is a rotation in time.
type Timeline struct{}

func (f *fleet) timeline(Report) Timeline { return Timeline{} }
