package plan

import (
	"encoding/json"
	"fmt"
)

func document(fields any) (json.RawMessage, error) {
	if fields == nil {
		return nil, nil
	}
	raw, err := Canonical(fields)
	if err != nil || string(raw) == "{}" {
		return nil, err
	}
	return raw, nil
}

// FieldsOf reads what NewAction wrote of an action's fields: no document is
// nothing set.
func FieldsOf[T any](document json.RawMessage) (T, error) {
	var fields T
	if len(document) == 0 {
		return fields, nil
	}
	if err := json.Unmarshal(document, &fields); err != nil {
		return fields, fmt.Errorf("reading the action: %w", err)
	}
	return fields, nil
}
