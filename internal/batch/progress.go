package batch

import "time"

// Progress is how far a run is.
type Progress struct {
	Done, Total int
	PerSecond   float64       // certificates that this run issued; 0 until there are some
	Left        time.Duration // what the rest takes at this rate; 0 when it is not known
}

func (b *run) progress() {
	if b.request.Progress == nil {
		return
	}
	p := Progress{Done: b.result.Done(), Total: b.result.Total}
	if took := b.estate.Clock.Now().Sub(b.begun).Seconds(); took > 0 && b.result.Issued > 0 {
		p.PerSecond = float64(b.result.Issued) / took
		p.Left = time.Duration(float64(p.Total-p.Done) / p.PerSecond * float64(time.Second))
	}
	b.request.Progress(p)
}
