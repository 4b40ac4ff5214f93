// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strconv"
)

// decoder turns a validated tree into the structs. Broken and missing values become their defaults.
type decoder struct{ base string }

// absolute resolves a path that stands in a config from the folder of the config.
func absolute(base, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

func (d decoder) structure(v reflect.Value, n *node) {
	for f := range fields(v.Type()) {
		val := usable(n.get(f.Tag.Get("yaml")))
		if val == nil && f.Tag.Get("default") != "" {
			val = &node{kind: scalar, text: f.Tag.Get("default")}
		}
		target := v.FieldByIndex(f.Index)
		if val != nil || f.Type.Kind() == reflect.Struct && f.Type != secretType && f.Type != chatType {
			d.value(target, val)
		}
		if f.Tag.Get("format") == "path" {
			target.SetString(absolute(d.base, target.String()))
		}
	}
}

func usable(n *node) *node {
	if n == nil || n.kind == broken || n.kind == null {
		return nil
	}
	return n
}

func (d decoder) value(v reflect.Value, n *node) {
	if n != nil && d.special(v, n) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem(), n)
	case reflect.Struct:
		d.structure(v, n)
	case reflect.Map:
		d.mapped(v, n)
	case reflect.Slice:
		d.list(v, n)
	case reflect.Bool:
		v.SetBool(n.text == "true")
	case reflect.String:
		v.SetString(n.text)
	}
}

// special decodes the types that are written in a way of their own.
func (d decoder) special(v reflect.Value, n *node) bool {
	var x any
	switch v.Type() {
	case durationType:
		x, _ = parseDuration(n.text)
	case secretType:
		x = NewSecret(n.text)
	case chatType:
		x, _ = parseChat(n.text)
	case rateType:
		x, _ = parseRate(n.text)
	case sizeType:
		x, _ = parseSize(n.text)
	case ratesType:
		if n.kind != scalar {
			return false
		}
		rate, _ := parseRate(n.text)
		x = []Rate{rate}
	case limitsType:
		if n.kind != scalar {
			return false
		}
		x = Limits{Off: true}
	case linkType:
		if n.kind == scalar {
			d.structure(v, &node{kind: mapping, fields: []field{{key: "chat", val: n}}})
			return true
		}
		return false
	default:
		return false
	}
	v.Set(reflect.ValueOf(x))
	return true
}

func (d decoder) mapped(v reflect.Value, n *node) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, f := range n.fields {
		if usable(f.val) == nil {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(item, f.val)
		v.SetMapIndex(reflect.ValueOf(f.key), item)
	}
}

func (d decoder) list(v reflect.Value, n *node) {
	for _, i := range n.items {
		if usable(i) == nil {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(item, i)
		v.Set(reflect.Append(v, item))
	}
}

// document makes what a bridge is sent: the keys that it described, with its defaults, and the proxy.
func (d decoder) document(account *node, network, common *Schema) Secret {
	out := map[string]any{}
	for _, p := range network.Properties {
		if p.Schema.Default != nil {
			out[p.Key] = p.Schema.Default
		}
	}
	for _, f := range account.fields {
		s := network.child(f.key)
		if common.Properties.Get(f.key) != nil && f.key != "proxy" || s == nil && f.key != "proxy" {
			continue
		}
		if v := usable(f.val); v != nil && s != nil {
			out[f.key] = d.json(v, s)
		} else if v != nil {
			out[f.key] = v.text
		}
	}
	data, _ := json.Marshal(out) // maps, slices and scalars always marshal
	return NewSecret(string(data))
}

func (d decoder) json(n *node, s *Schema) any {
	s = s.forKind(n)
	switch n.kind {
	case mapping:
		out := map[string]any{}
		for _, f := range n.fields {
			if c := s.child(f.key); usable(f.val) != nil && c != nil {
				out[f.key] = d.json(f.val, c)
			} else if usable(f.val) != nil && s.Type == "" {
				out[f.key] = d.json(f.val, &Schema{})
			}
		}
		return out
	case sequence:
		out := []any{}
		for _, i := range n.items {
			if items := s.Items; usable(i) != nil && items != nil {
				out = append(out, d.json(i, items))
			} else if usable(i) != nil {
				out = append(out, d.json(i, &Schema{}))
			}
		}
		return out
	}
	return d.scalar(n, s)
}

func (d decoder) scalar(n *node, s *Schema) any {
	switch s.Type {
	case "boolean":
		return n.text == "true"
	case "integer":
		i, _ := strconv.ParseInt(n.text, 10, 64)
		return i
	case "number":
		x, _ := strconv.ParseFloat(n.text, 64)
		return x
	case "":
		return guess(n)
	}
	switch s.Format {
	case "path":
		return absolute(d.base, n.text)
	case "duration":
		// Bridges read Go's own form, which knows no days.
		t, _ := parseDuration(n.text)
		return t.String()
	}
	return n.text
}

// guess reads a value that no schema describes as YAML does.
func guess(n *node) any {
	var x any
	if !n.quoted && (n.text == "true" || n.text == "false" || numberProblem(n.text, &Schema{Type: "number"}) == "") {
		if json.Unmarshal([]byte(n.text), &x) == nil {
			return x
		}
	}
	return n.text
}
