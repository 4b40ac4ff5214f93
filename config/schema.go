// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Schema is the part of JSON Schema (2020-12) that configs use. A bridge describes its accounts' own
// keys with one whose type is object. Keywords that are not here are ignored.
//
// Two things are stricter than the standard: an object takes no keys beside its properties unless
// additionalProperties says so, and one anyOf alternative is chosen by the kind of the value.
//
// Formats that are checked: duration ("30s", "7d"), rate ("20/min"), size ("100MB"), chat ("account:remote-id"), uri, path
// (made absolute, from the config's folder), proxy, listen.
type Schema struct {
	SchemaURI   string     `json:"$schema,omitempty"`
	Comment     string     `json:"$comment,omitempty"`
	ID          string     `json:"$id,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        string     `json:"type,omitempty"`
	Format      string     `json:"format,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Const       any        `json:"const,omitempty"`
	Enum        []any      `json:"enum,omitempty"`
	Minimum     *float64   `json:"minimum,omitempty"`
	Maximum     *float64   `json:"maximum,omitempty"`
	Default     any        `json:"default,omitempty"`
	Examples    []any      `json:"examples,omitempty"`
	Properties  Properties `json:"properties,omitzero"`
	Required    []string   `json:"required,omitempty"`
	Additional  *Extra     `json:"additionalProperties,omitempty"`
	// PropertyNames bounds the keys that Additional takes.
	PropertyNames *Schema   `json:"propertyNames,omitempty"`
	Items         *Schema   `json:"items,omitempty"`
	MinItems      int       `json:"minItems,omitempty"`
	AnyOf         []*Schema `json:"anyOf,omitempty"`
	// Secret marks a value that is never shown. For a secret key x the keys x_file and x_credential are
	// taken as well, without being described.
	Secret bool `json:"x-secret,omitempty"`
	// Unique marks a key whose value two accounts of one network cannot share. It is implied for the
	// keys token and rpc.
	Unique bool `json:"x-unique,omitempty"`

	minText  string   // the least duration or size
	unusable *Problem // why the network cannot be used; see Unusable
}

// Unusable stands for the schema of a network whose bridge cannot be used. It takes any key; Check, but not Load, tells
// the sentence and the suggestion at each account of that network.
func Unusable(sentence, suggestion string) *Schema {
	return &Schema{Type: "object", Additional: &Extra{Any: true}, unusable: &Problem{Sentence: sentence, Suggestion: suggestion}}
}

// Properties are the keys of an object in the order in which they were described.
type Properties []Property

// Property is one key of an object.
type Property struct {
	Key    string
	Schema *Schema
}

// Extra is additionalProperties: a schema, or whether any value is taken.
type Extra struct {
	Schema *Schema
	Any    bool
}

// ParseSchema reads a bridge's description of its accounts' keys. It refuses what is no JSON, no object,
// or holds a pattern that does not compile.
func ParseSchema(data []byte) (*Schema, error) {
	var s Schema
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("read config schema: %w", err)
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("read config schema: want type object, not %q", s.Type)
	}
	if err := s.checkPatterns(); err != nil {
		return nil, fmt.Errorf("read config schema: %w", err)
	}
	return &s, nil
}

func (s *Schema) checkPatterns() error {
	if s == nil {
		return nil
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		return err
	}
	for _, p := range s.Properties {
		if err := p.Schema.checkPatterns(); err != nil {
			return err
		}
	}
	for _, a := range append([]*Schema{s.Items, s.PropertyNames, s.extra()}, s.AnyOf...) {
		if err := a.checkPatterns(); err != nil {
			return err
		}
	}
	return nil
}

// Get returns the schema of a key, or nil.
func (p Properties) Get(key string) *Schema {
	for _, property := range p {
		if property.Key == key {
			return property.Schema
		}
	}
	return nil
}

// IsZero tells whether there are none.
func (p Properties) IsZero() bool { return len(p) == 0 }

// MarshalJSON writes an object whose keys keep their order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(property.Key)
		val, err := marshalPlain(property.Schema)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(val)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object and keeps the order of its keys.
func (p *Properties) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("properties: want an object")
	}
	*p = Properties{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		s := new(Schema)
		if err := d.Decode(s); err != nil {
			return err
		}
		*p = append(*p, Property{key.(string), s})
	}
	return nil
}

// MarshalJSON writes the schema, or true or false.
func (e Extra) MarshalJSON() ([]byte, error) {
	if e.Schema != nil {
		return marshalPlain(e.Schema)
	}
	return json.Marshal(e.Any)
}

// UnmarshalJSON reads a schema, or true or false.
func (e *Extra) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.Any) == nil {
		return nil
	}
	e.Schema = new(Schema)
	return json.Unmarshal(data, e.Schema)
}

// marshalPlain leaves <, > and & as they are: the text is read by people.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// extra returns the schema of keys that are not among the properties, or nil.
func (s *Schema) extra() *Schema {
	if s.Additional == nil {
		return nil
	}
	if s.Additional.Schema != nil {
		return s.Additional.Schema
	}
	if s.Additional.Any {
		return &Schema{}
	}
	return nil
}

const (
	fileSuffix       = "_file"
	credentialSuffix = "_credential"
)

// child returns the schema of one key of an object, with the file and credential forms of secrets.
func (s *Schema) child(key string) *Schema {
	if c := s.Properties.Get(key); c != nil {
		return c
	}
	if base, ok := strings.CutSuffix(key, fileSuffix); ok && s.isSecret(base) {
		return &Schema{Type: "string", Format: "path"}
	}
	if base, ok := strings.CutSuffix(key, credentialSuffix); ok && s.isSecret(base) {
		return &Schema{Type: "string"}
	}
	return s.extra()
}

func (s *Schema) isSecret(key string) bool {
	c := s.Properties.Get(key)
	return c != nil && c.Secret
}

// keys are the keys that an object takes, secrets in all three forms.
func (s *Schema) keys() []string {
	var keys []string
	for _, p := range s.Properties {
		keys = append(keys, p.Key)
		if p.Schema.Secret {
			keys = append(keys, p.Key+fileSuffix, p.Key+credentialSuffix)
		}
	}
	return keys
}

// forKind picks the anyOf alternative that takes the kind of n; without alternatives it is s itself.
func (s *Schema) forKind(n *node) *Schema {
	if len(s.AnyOf) == 0 {
		return s
	}
	for _, a := range s.AnyOf {
		if a.kind() == n.kind {
			return a
		}
	}
	return s
}

func (s *Schema) kind() kind {
	switch s.Type {
	case "object":
		return mapping
	case "array":
		return sequence
	}
	return scalar
}
