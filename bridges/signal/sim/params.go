// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// params are the named parameters of a call. A list goes by its name or its plural, and a scalar is a list of one; names
// that nobody asks for are ignored.
type params struct {
	raw  map[string]any
	used map[string]bool
}

func newParams(raw map[string]any) *params {
	return &params{raw: raw, used: map[string]bool{"account": true}}
}

// cast is what the daemon says of a value of the wrong type.
func cast(v any, want string) *failure {
	return fail(codeInternal, "class %s cannot be cast to class %s (ClassCastException)", className(v), want)
}

func className(v any) string {
	switch v := v.(type) {
	case string:
		return "java.lang.String"
	case bool:
		return "java.lang.Boolean"
	case []any:
		return "java.util.ArrayList"
	case map[string]any:
		return "java.util.LinkedHashMap"
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			if n == int64(int32(n)) {
				return "java.lang.Integer"
			}
			return "java.lang.Long"
		}
		return "java.lang.Double"
	}
	return fmt.Sprintf("%T", v)
}

// get is a value, nil when it is absent or null.
func (p *params) get(name string) any {
	p.used[name] = true
	return p.raw[name]
}

func (p *params) has(name string) bool { return p.get(name) != nil }

func (p *params) text(name string) (string, *failure) {
	switch v := p.get(name).(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	default:
		return "", cast(v, "java.lang.String")
	}
}

func (p *params) flag(name string) (bool, *failure) {
	switch v := p.get(name).(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	default:
		return false, cast(v, "java.lang.Boolean")
	}
}

// number is a small integer; 0 when it is absent.
func (p *params) number(name string) (int, *failure) {
	v := p.get(name)
	if v == nil {
		return 0, nil
	}
	if className(v) != "java.lang.Integer" {
		return 0, cast(v, "java.lang.Integer")
	}
	n, err := strconv.Atoi(v.(json.Number).String())
	if err != nil {
		return 0, cast(v, "java.lang.Integer")
	}
	return n, nil
}

// stamp is a time in milliseconds: an integer that needs more than 31 bits. 0 when it is absent.
func (p *params) stamp(name string) (uint64, *failure) {
	v := p.get(name)
	if v == nil {
		return 0, nil
	}
	return stampOf(v)
}

func stampOf(v any) (uint64, *failure) {
	if className(v) != "java.lang.Long" {
		return 0, cast(v, "java.lang.Long")
	}
	n, _ := strconv.ParseInt(v.(json.Number).String(), 10, 64) // className has looked
	return uint64(max(n, 0)), nil
}

// list is a value as a list.
func (p *params) list(name string) []any {
	v := p.get(name)
	if v == nil {
		v = p.get(name + "s")
	}
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

func (p *params) texts(name string) ([]string, *failure) {
	var out []string
	for _, v := range p.list(name) {
		text, ok := v.(string)
		if !ok {
			return nil, cast(v, "java.lang.String")
		}
		out = append(out, text)
	}
	return out, nil
}

// peek is a list of texts, without a word about what is none.
func (p *params) peek(name string) []string {
	other := params{raw: p.raw, used: map[string]bool{}}
	list, _ := other.texts(name)
	return list
}

func (p *params) numbers(name string) ([]int, *failure) {
	var out []int
	for _, v := range p.list(name) {
		one := params{raw: map[string]any{name: v}, used: map[string]bool{}}
		n, f := one.number(name)
		if f != nil {
			return nil, f
		}
		out = append(out, n)
	}
	return out, nil
}

func (p *params) stamps(name string) ([]uint64, *failure) {
	var out []uint64
	for _, v := range p.list(name) {
		n, f := stampOf(v)
		if f != nil {
			return nil, f
		}
		out = append(out, n)
	}
	return out, nil
}

// ignored lists names that nobody asked for.
func (p *params) ignored() []string {
	var out []string
	for name := range p.raw {
		if !p.used[name] {
			out = append(out, name)
		}
	}
	return out
}

// first is the first failure of several readings.
func first(list ...*failure) *failure {
	for _, f := range list {
		if f != nil {
			return f
		}
	}
	return nil
}
