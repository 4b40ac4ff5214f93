// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// What follows takes JSON apart that is known to be valid, one level at a time and without a copy: an update is read where
// it lies in the answer, while encoding/json would walk through each object once for every object around it.

// splitObject returns the fields of an object; ok is false when raw is something else.
func splitObject(raw []byte) (list []field, ok bool) {
	i := space(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return nil, false
	}
	for i = space(raw, i+1); i < len(raw) && raw[i] != '}'; i = next(raw, i) {
		end := stringEnd(raw, i)
		key := objectKey(raw[i:end])
		from := space(raw, space(raw, end)+1) // behind the colon
		i = valueEnd(raw, from)
		list = append(list, field{key: key, raw: raw[from:i]})
	}
	return list, true
}

// splitArray returns the elements of an array; ok is false when raw is something else.
func splitArray(raw []byte) (list []json.RawMessage, ok bool) {
	i := space(raw, 0)
	if i == len(raw) || raw[i] != '[' {
		return nil, false
	}
	list = []json.RawMessage{}
	for i = space(raw, i+1); i < len(raw) && raw[i] != ']'; i = next(raw, i) {
		from := i
		i = valueEnd(raw, from)
		list = append(list, raw[from:i])
	}
	return list, true
}

// space passes over white space.
func space(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\r' || raw[i] == '\t') {
		i++
	}
	return i
}

// next passes over what stands between two elements.
func next(raw []byte, i int) int {
	i = space(raw, i)
	if i < len(raw) && raw[i] == ',' {
		i = space(raw, i+1)
	}
	return i
}

// valueEnd finds the end of the value at i.
func valueEnd(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return stringEnd(raw, i)
	case '{', '[':
		return nestedEnd(raw, i)
	}
	for ; i < len(raw); i++ {
		switch raw[i] {
		case ',', ']', '}', ' ', '\n', '\r', '\t':
			return i
		}
	}
	return i
}

// stringEnd finds the end of the string at i, behind its quote.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(raw))
}

// nestedEnd finds the end of the object or array at i.
func nestedEnd(raw []byte, i int) int {
	for depth := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = stringEnd(raw, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}

// objectKey is a key without quotes and escapes.
func objectKey(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var key string
	_ = json.Unmarshal(quoted, &key) // valid
	return []byte(key)
}

// plainString reads a string that stands for itself; ok is false when raw is something else, or has escapes.
func plainString(raw []byte) (s string, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 || !utf8.Valid(raw) {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}
