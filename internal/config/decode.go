package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decoder fills the types from nodes and remembers where each value stands.
type decoder struct {
	*report
	places map[string]place // by path; of a mapping's entry, the value's
	keys   map[string]place // by path: where the key stands
	broken map[string]bool  // paths whose value could not be read
	within map[string]bool  // paths with something broken at or below them
}

// spoil notes that the value at path could not be read.
func (d *decoder) spoil(path string) {
	d.broken[path] = true
	for p := path; p != ""; p = parent(p) {
		d.within[p] = true
	}
}

// parent is the path that path is below. Of a quoted key with dots in it, it
// cuts off a piece that is no path; such pieces are never asked for.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

var plainKey = compiled(`^[A-Za-z][A-Za-z0-9-]*$`)

// below is the path of what stands under a key. Keys that could be taken for
// more path are quoted.
func below(path, key string) string {
	if !plainKey().MatchString(key) {
		return path + "[" + strconv.QuoteToASCII(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func (d *decoder) fail(n *node, path, remedy, format string, args ...any) {
	d.spoil(path)
	d.add(n.at, path, remedy, format, args...)
}

// decode fills dst, which must be settable.
func (d *decoder) decode(n *node, path string, dst reflect.Value) {
	d.places[path] = n.at
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	if text, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, path, text)
		return
	}
	switch dst.Kind() {
	case reflect.Struct:
		d.structure(n, path, dst)
	case reflect.Map:
		d.table(n, path, dst)
	case reflect.Slice:
		d.list(n, path, dst)
	default:
		d.scalar(n, path, dst)
	}
}

// text reads a type that has a text form of its own.
func (d *decoder) text(n *node, path string, dst encoding.TextUnmarshaler) {
	if n.kind == aNumber {
		unit := `write the unit, as in "12h"`
		if _, isDuration := dst.(*Duration); isDuration {
			unit = fmt.Sprintf("write the unit: %[1]sd for days, %[1]sh for hours, %[1]sm for minutes, %[1]ss for seconds", n.text)
		}
		d.fail(n, path, unit, "expected text, found the number %s", n.text)
		return
	}
	if !d.expect(n, path, aText) {
		return
	}
	if err := dst.UnmarshalText([]byte(n.text)); err != nil {
		d.fail(n, path, "", "%q %s", n.text, err)
	}
}

func (d *decoder) scalar(n *node, path string, dst reflect.Value) {
	switch dst.Kind() {
	case reflect.String:
		if d.expect(n, path, aText) {
			if n.text == "" {
				d.fail(n, path, "leave the key out, or write what is meant", "is empty")
			}
			dst.SetString(n.text)
		}
	case reflect.Bool:
		if d.expect(n, path, aTruth) {
			dst.SetBool(n.text == "true" || n.text == "True" || n.text == "TRUE")
		}
	case reflect.Int:
		if d.expect(n, path, aNumber) {
			d.number(n, path, dst)
		}
	}
}

// wholeNumber leaves out what YAML's versions disagree about: leading zeros,
// underscores, hexadecimals.
var wholeNumber = compiled(`^[1-9][0-9]{0,8}$`)

func (d *decoder) number(n *node, path string, dst reflect.Value) {
	v, err := strconv.Atoi(n.text)
	if err != nil || !wholeNumber().MatchString(n.text) {
		d.fail(n, path, "", "expected a whole number from 1, found %s", n.text)
		return
	}
	dst.SetInt(int64(v))
}

// expect holds a node to a kind and says how to write it.
func (d *decoder) expect(n *node, path string, want kind) bool {
	if n.kind == want {
		return true
	}
	remedy := ""
	switch {
	case want == aText && n.kind == aNumber:
		remedy = `put it in quotes ("` + n.text + `"): `
		if strings.HasPrefix(n.text, "0") {
			remedy += "a number that begins with 0 is read as an octal one, or loses its zero"
		} else {
			remedy += "it is a name made of digits, not a number"
		}
	case want == aText && n.kind == aTruth:
		remedy = `put it in quotes if it is meant as text`
	case want == aMapping && n.kind == nothing:
		remedy = "write {} for a mapping without keys"
	case want == aList && n.kind == nothing:
		remedy = "write [] for a list without items"
	case want == aList && n.kind == aText:
		remedy = "write it as a list: [" + n.text + "]"
	case want == aTruth, want == aNumber && n.kind == aText:
		remedy = "write it without quotes"
	}
	found := string(n.kind)
	if n.kind == aNumber || n.kind == aTruth {
		found += " (" + n.text + ")"
	}
	d.fail(n, path, remedy, "expected %s, found %s", want, found)
	return false
}

// field is a key of a mapping that is decoded into a struct.
type field struct {
	key      string
	index    int
	required bool
}

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		key, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if key == "-" {
			continue
		}
		fields = append(fields, field{key: key, index: i, required: options != "omitempty"})
	}
	return fields
}

func (d *decoder) structure(n *node, path string, dst reflect.Value) {
	if !d.expect(n, path, aMapping) {
		return
	}
	fields := fieldsOf(dst.Type())
	for _, e := range n.entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == e.key })
		if i < 0 {
			d.unknown(e, path, fields)
			continue
		}
		d.keys[below(path, e.key)] = e.at
		d.decode(e.value, below(path, e.key), dst.Field(fields[i].index))
	}
	for _, f := range fields {
		_, there := d.keys[below(path, f.key)]
		if f.required && !there {
			d.spoil(below(path, f.key))
			d.add(n.at, path, "add it", "the key %q is missing", f.key)
		}
	}
}

func (d *decoder) unknown(e entry, path string, fields []field) {
	var known []string
	for _, f := range fields {
		known = append(known, f.key)
	}
	d.spoil(path)
	remedy := "the keys here are " + strings.Join(known, ", ")
	if likely := d.nearest(e.key, known); likely != "" {
		remedy = "did you mean " + strconv.Quote(likely) + "?"
	}
	d.add(e.at, path, remedy, "unknown key %q", e.key)
}

func (d *decoder) table(n *node, path string, dst reflect.Value) {
	if !d.expect(n, path, aMapping) {
		return
	}
	dst.Set(reflect.MakeMap(dst.Type()))
	for _, e := range n.entries {
		at := below(path, e.key)
		d.keys[at] = e.at
		v := reflect.New(dst.Type().Elem()).Elem()
		d.decode(e.value, at, v)
		dst.SetMapIndex(reflect.ValueOf(e.key), v)
	}
}

func (d *decoder) list(n *node, path string, dst reflect.Value) {
	if !d.expect(n, path, aList) {
		return
	}
	if len(n.items) > maxItems {
		d.fail(n, path, "", "more than %d items", maxItems)
		return
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(n.items), len(n.items)))
	for i, v := range n.items {
		d.decode(v, item(path, i), dst.Index(i))
	}
}

// nearest is the known word that somebody who wrote word most likely meant, or
// "" when none is near, or nobody would read it.
func (r *report) nearest(word string, known []string) string {
	if r.total >= maxShown {
		return ""
	}
	best, distance := "", 3
	for _, k := range known {
		near := edits(strings.ToLower(word), strings.ToLower(k))
		if near < distance && near*2 < max(len(k), 2) {
			best, distance = k, near
		}
	}
	return best
}

// edits is the Levenshtein distance. Words longer than any key are far away.
func edits(a, b string) int {
	const long = 64
	if len(a) > long || len(b) > long {
		return long
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
