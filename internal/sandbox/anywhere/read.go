package anywhere

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"

	"anchorctl/internal/sandbox/limits"
	"anchorctl/internal/sandbox/wire"
)

const validation = "ValidationException"

// read fills in, a pointer to a structure: members come from the JSON body,
// those tagged "path" from the id in the path, those tagged "query" from the
// query. Members nobody knows are ignored, as the service does.
func read(r wire.Request, id string, in any) error {
	if len(bytes.TrimSpace(r.Body)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(r.Body))
		if err := dec.Decode(in); err != nil {
			return wire.Errorf(http.StatusBadRequest, "SerializationException", "%s", jsonProblem(err))
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return wire.Errorf(http.StatusBadRequest, "SerializationException", "there is something after the JSON object")
		}
	}
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		if tag.Get("path") != "" {
			v.Field(i).SetString(id)
		}
		if name := tag.Get("query"); name != "" {
			if err := readQuery(v.Field(i), name, r.Query[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func readQuery(f reflect.Value, name string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	switch p := f.Addr().Interface().(type) {
	case **string:
		*p = &values[0]
	case *[]string:
		*p = values
	case **int:
		n, err := strconv.ParseInt(values[0], 10, 32)
		if err != nil {
			return wire.Errorf(http.StatusBadRequest, "SerializationException", "%s is not a number", name)
		}
		number := int(n)
		*p = &number
	}
	return nil
}

func jsonProblem(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return "a " + kind.Value + " cannot be the value of " + kind.Field
	}
	return "the body is not a JSON object of this operation"
}

// idInput is the input of operations that take nothing but an id.
type idInput struct {
	ID string `json:"-" path:"id"`
}

func (in *idInput) check(at string) error {
	var c wire.Checks
	c.Text(at, &in.ID, limits.UUID)
	return c.Err(validation)
}

// listInput is the input of lists.
type listInput struct {
	NextToken *string `json:"-" query:"nextToken"`
	PageSize  *int    `json:"-" query:"pageSize"`
}

// defaultPage is how many items a page has when nobody asks; mostPage bounds
// what is asked for. The service documents neither.
const (
	defaultPage = 50
	mostPage    = 1000
)

// cut makes a page of items, which are in the order of their numbers.
func cut[T any](in *listInput, list string, items []*T, bound func(int) int, seq func(*T) int) ([]*T, *string, error) {
	var c wire.Checks
	c.Text("nextToken", in.NextToken, limits.NextToken)
	if in.PageSize != nil && *in.PageSize < 1 {
		shown := strconv.Itoa(*in.PageSize)
		c.Fail("pageSize", &shown, "Member must have value greater than or equal to 1")
	}
	if err := c.Err(validation); err != nil {
		return nil, nil, err
	}
	size, token := defaultPage, ""
	if in.PageSize != nil {
		size = min(*in.PageSize, mostPage)
	}
	if in.NextToken != nil {
		token = *in.NextToken
	}
	page, next, err := wire.Page(items, list, token, bound(size), func(t *T) string { return padded(seq(t)) })
	if err != nil {
		return nil, nil, wire.Errorf(http.StatusBadRequest, validation, "Invalid nextToken")
	}
	if next == "" {
		return page, nil, nil
	}
	return page, &next, nil
}

// padded sorts as text in the order of the numbers.
func padded(n int) string {
	s := strconv.Itoa(n)
	const zeros = "00000000000000000000"
	return zeros[:len(zeros)-len(s)] + s
}
