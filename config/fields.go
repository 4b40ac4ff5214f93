// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// namePattern is what accounts and rooms may be called: they stand in addresses, paths, commands and
// metrics.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
	chatType     = reflect.TypeFor[Chat]()
	rateType     = reflect.TypeFor[Rate]()
	ratesType    = reflect.TypeFor[[]Rate]()
	sizeType     = reflect.TypeFor[Size]()
	limitsType   = reflect.TypeFor[Limits]()
	linkType     = reflect.TypeFor[Link]()
)

// routerSchema describes the keys of the router's own structs, without their comments.
func routerSchema() *Schema { return typeSchema(reflect.TypeFor[Config](), nil) }

// typeSchema describes a type by its fields' tags; docs, by "Type.Field", may be nil.
func typeSchema(t reflect.Type, docs map[string]string) *Schema {
	switch t {
	case durationType, secretType, chatType, rateType, sizeType:
		return &Schema{Type: "string"}
	case ratesType:
		one := &Schema{Type: "string", Format: "rate"}
		return &Schema{AnyOf: []*Schema{one, {Type: "array", Items: one}}}
	case limitsType:
		return &Schema{AnyOf: []*Schema{{Type: "string", Enum: []any{"off"}}, structSchema(t, docs)}}
	case linkType:
		return &Schema{AnyOf: []*Schema{{Type: "string", Format: "chat"}, structSchema(t, docs)}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeSchema(t.Elem(), docs)
	case reflect.Struct:
		return structSchema(t, docs)
	case reflect.Map:
		return &Schema{Type: "object", Additional: &Extra{Schema: typeSchema(t.Elem(), docs)}}
	case reflect.Slice:
		return &Schema{Type: "array", Items: typeSchema(t.Elem(), docs), MinItems: 1}
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	}
	return &Schema{Type: "string"}
}

func structSchema(t reflect.Type, docs map[string]string) *Schema {
	s := &Schema{Type: "object", Description: docs[t.Name()]}
	for f := range fields(t) {
		key := f.Tag.Get("yaml")
		s.Properties = append(s.Properties, Property{key, fieldSchema(t, f, docs)})
		if f.Tag.Get("required") != "" {
			s.Required = append(s.Required, key)
		}
	}
	return s
}

// fields yields the fields of a struct that stand in the file.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			if key := f.Tag.Get("yaml"); key != "" && key != "-" && !yield(f) {
				return
			}
		}
	}
}

func fieldSchema(t reflect.Type, f reflect.StructField, docs map[string]string) *Schema {
	s := typeSchema(f.Type, docs)
	if doc := docs[t.Name()+"."+f.Name]; doc != "" {
		s.Description = doc
	}
	s.Secret = f.Tag.Get("secret") != ""
	s.minText = f.Tag.Get("min")
	if text := f.Tag.Get("default"); text != "" {
		s.Default = text
		if s.Type == "boolean" {
			s.Default = text == "true"
		}
	}
	if text := f.Tag.Get("example"); text != "" {
		s.Examples = []any{text}
	}
	if names := f.Tag.Get("names"); names != "" {
		s.PropertyNames = &Schema{Type: "string", Pattern: namePattern.String()}
	}
	applyText(scalarOf(s), f)
	return s
}

// scalarOf is the schema that a field's text tags are about: its own, or that of a map's values.
func scalarOf(s *Schema) *Schema {
	if s.Type == "object" && s.Additional != nil {
		return s.extra()
	}
	return s
}

func applyText(s *Schema, f reflect.StructField) {
	if s.Type != "string" {
		return
	}
	s.Format, s.Pattern = f.Tag.Get("format"), f.Tag.Get("pattern")
	switch f.Type {
	case durationType:
		s.Format = "duration"
	case sizeType:
		s.Format = "size"
	}
	if enum := f.Tag.Get("enum"); enum != "" {
		for _, word := range strings.Split(enum, ",") {
			s.Enum = append(s.Enum, word)
		}
	}
}

// accountSchema is what one account takes: the common keys and those of its network. A nil network takes
// any key.
func accountSchema(common, network *Schema) *Schema {
	merged := *common
	if network == nil {
		merged.Additional = &Extra{Any: true}
		return &merged
	}
	merged.Properties = slices.Clone(common.Properties)
	for _, p := range network.Properties {
		if common.Properties.Get(p.Key) == nil && !isSecretForm(network, p.Key) {
			merged.Properties = append(merged.Properties, p)
		}
	}
	merged.Required = slices.Concat(common.Required, network.Required)
	merged.Additional = network.Additional
	return &merged
}

// isSecretForm tells whether a bridge described x_file or x_credential of its secret x itself; these are
// implied and settled before the bridge sees its document.
func isSecretForm(s *Schema, key string) bool {
	for _, suffix := range []string{fileSuffix, credentialSuffix} {
		if base, ok := strings.CutSuffix(key, suffix); ok && s.isSecret(base) {
			return true
		}
	}
	return false
}
