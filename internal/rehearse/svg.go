package rehearse

// SVG draws it.
func (t Timeline) SVG() []byte { return nil }
