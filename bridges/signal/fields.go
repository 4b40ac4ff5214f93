// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"encoding/json"
	"strconv"
)

// fields is one JSON object of signal-cli, read field by field: the daemon may be newer or older than we are, so a field
// that cannot be read is noted and left out, and the rest of the object still counts. The zero value is an empty object.
type fields struct {
	m map[string]json.RawMessage
	// bad collects the names of fields that were there and could not be read; shared with nested objects.
	bad *[]string
}

// readFields reads an object. ok is false when raw is none.
func readFields(raw json.RawMessage, bad *[]string) (f fields, ok bool) {
	f.bad = bad
	if json.Unmarshal(raw, &f.m) != nil || f.m == nil {
		return fields{bad: bad}, false
	}
	return f, true
}

// has reports whether the field is there and not null.
func (f fields) has(key string) bool {
	raw, ok := f.m[key]
	return ok && string(raw) != "null"
}

func (f fields) note(key string) {
	const enough = 8 // one is as telling as a thousand
	if f.bad != nil && len(*f.bad) < enough {
		*f.bad = append(*f.bad, key)
	}
}

func (f fields) text(key string) string            { return read[string](f, key) }
func (f fields) flag(key string) bool              { return read[bool](f, key) }
func (f fields) list(key string) []json.RawMessage { return read[[]json.RawMessage](f, key) }

// number reads a whole number; 0 when it is not there.
func (f fields) number(key string) int64 {
	if !f.has(key) {
		return 0
	}
	n, err := strconv.ParseInt(string(f.m[key]), 10, 64)
	if err != nil { // the value is then cut to what fits
		f.note(key)
		return 0
	}
	return n
}

// stamp reads a timestamp; 0 when it is none.
func (f fields) stamp(key string) uint64 { return uint64(max(f.number(key), 0)) }

// object reads a nested object; empty when it is not there.
func (f fields) object(key string) fields {
	if !f.has(key) {
		return fields{bad: f.bad}
	}
	sub, ok := readFields(f.m[key], f.bad)
	if !ok {
		f.note(key)
	}
	return sub
}

// objects reads an array of objects and leaves out those that are none.
func (f fields) objects(key string) []fields {
	var out []fields
	for _, raw := range f.list(key) {
		sub, ok := readFields(raw, f.bad)
		if !ok {
			f.note(key)
			continue
		}
		out = append(out, sub)
	}
	return out
}

func read[T any](f fields, key string) T {
	var out T
	if !f.has(key) {
		return out
	}
	if json.Unmarshal(f.m[key], &out) != nil {
		f.note(key)
		var none T
		return none
	}
	return out
}
