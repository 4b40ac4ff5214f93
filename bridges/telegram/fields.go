// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"encoding/json"
	"strconv"
)

// fields is one JSON object of the Bot API, read field by field. Telegram is always newer than we are: a field that
// cannot be read is noted and left out, and the rest of the object still counts. The zero value is an empty object.
type fields struct {
	list []field // as they stand in the object
	// bad collects the names of fields that were there and could not be read; shared with nested objects.
	bad *[]string
}

// field is one field of an object: both are pieces of the JSON that it was read from.
type field struct{ key, raw []byte }

// readFields reads an object. ok is false when raw is none. The JSON is checked once, here; what is nested in it is not
// looked at again before it is asked for.
func readFields(raw json.RawMessage, bad *[]string) (f fields, ok bool) {
	if !json.Valid(raw) {
		return fields{bad: bad}, false
	}
	return partFields(raw, bad)
}

// partFields is readFields for a part of JSON that has been checked.
func partFields(raw []byte, bad *[]string) (f fields, ok bool) {
	list, ok := splitObject(raw)
	return fields{list: list, bad: bad}, ok
}

// raw returns a field as it stands there, nil when it is not there. Of several with one name the last counts.
func (f fields) raw(key string) []byte {
	for i := len(f.list) - 1; i >= 0; i-- {
		if string(f.list[i].key) == key {
			return f.list[i].raw
		}
	}
	return nil
}

// has reports whether the field is there and not null.
func (f fields) has(key string) bool {
	raw := f.raw(key)
	return raw != nil && string(raw) != "null"
}

func (f fields) note(key string) {
	const enough = 8 // one is as telling as a thousand
	if f.bad != nil && len(*f.bad) < enough {
		*f.bad = append(*f.bad, key)
	}
}

// text reads a string; empty when it is not there.
func (f fields) text(key string) string {
	raw := f.raw(key)
	if text, ok := plainString(raw); ok {
		return text
	}
	return read[string](f, key)
}

// flag reads a boolean; false when it is not there.
func (f fields) flag(key string) bool { return read[bool](f, key) }

// array reads an array; nil when it is not there.
func (f fields) array(key string) []json.RawMessage {
	if !f.has(key) {
		return nil
	}
	list, ok := splitArray(f.raw(key))
	if !ok {
		f.note(key)
	}
	return list
}

// number reads a whole number; 0 when it is not there.
func (f fields) number(key string) int64 {
	if !f.has(key) {
		return 0
	}
	n, err := strconv.ParseInt(string(f.raw(key)), 10, 64)
	if err != nil { // the value is then cut to what fits
		f.note(key)
		return 0
	}
	return n
}

// decimal reads a number; ok is false when it is not there.
func (f fields) decimal(key string) (n float64, ok bool) {
	if !f.has(key) {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(f.raw(key)), 64)
	if err != nil { // the value is then what fits
		f.note(key)
		return 0, false
	}
	return n, true
}

// object reads a nested object; empty when it is not there.
func (f fields) object(key string) fields {
	if !f.has(key) {
		return fields{bad: f.bad}
	}
	sub, ok := partFields(f.raw(key), f.bad)
	if !ok {
		f.note(key)
	}
	return sub
}

// objects reads an array of objects and leaves out those that are none.
func (f fields) objects(key string) []fields {
	var out []fields
	for _, raw := range f.array(key) {
		sub, ok := partFields(raw, f.bad)
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
	if json.Unmarshal(f.raw(key), &out) != nil {
		f.note(key)
		var none T
		return none
	}
	return out
}
