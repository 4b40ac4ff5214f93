// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// position is a place in a file, or an environment variable (then file is its name and line is 0).
type position struct {
	file      string
	line, col int
}

type kind int

const (
	scalar kind = iota
	mapping
	sequence
	null
	// broken is a value that a problem was already reported for.
	broken
)

var kindWords = map[kind]string{scalar: "a single value", mapping: "keys with values", sequence: "a list", null: "nothing"}

// node is a value with its place. Scalars stay text until the schema says what they are, so that a
// phone number or a token is never read as a number.
type node struct {
	pos    position
	kind   kind
	text   string
	quoted bool
	// hidden: the text came from outside the file and is never quoted in a problem.
	hidden bool
	fields []field
	items  []*node
}

type field struct {
	key string
	pos position
	val *node
}

func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key && f.val.kind != null {
			return f.val
		}
	}
	return nil
}

func (n *node) set(key string, val *node) {
	for i, f := range n.fields {
		if f.key == key {
			n.fields[i].val, n.fields[i].pos = val, val.pos
			return
		}
	}
	n.fields = append(n.fields, field{key, val.pos, val})
}

func (n *node) remove(key string) {
	kept := n.fields[:0]
	for _, f := range n.fields {
		if f.key != key {
			kept = append(kept, f)
		}
	}
	n.fields = kept
}

// maxFile and maxDepth bound what the parser is given: it recurses once per level.
const (
	maxFile  = 1 << 20
	maxDepth = 100
)

// parseTree reads one YAML document. It returns nil when the text is not YAML, and an empty mapping for
// an empty document.
func parseTree(name string, data []byte, r *report) (root *node) {
	defer func() {
		// The YAML library panics on some broken inputs; for the operator that is broken YAML.
		if recover() != nil {
			r.add(position{file: name}, "", "", "is not valid YAML")
			root = nil
		}
	}()
	if at, deep := tooDeep(data); deep {
		r.add(position{name, at, 1}, "", "", "is nested too deeply")
		return nil
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		addSyntax(name, data, err, r)
		return nil
	}
	b := builder{name: name, report: r}
	return b.document(file)
}

// tooDeep looks for more open brackets and more indentation than any config has: the parser needs time
// that grows with the square of the depth. Brackets inside quotes count too, which is harmless.
func tooDeep(data []byte) (line int, deep bool) {
	open := 0
	for i, text := range strings.Split(string(data), "\n") {
		text, _, _ = strings.Cut(text, " #")
		open = max(0, open+strings.Count(text, "[")+strings.Count(text, "{"))
		steps := strings.Count(text, "- ") + strings.Count(text, "? ")
		indent := len(text) - len(strings.TrimLeft(text, " "))
		if open > maxDepth || steps > maxDepth || indent > 4*maxDepth {
			return i + 1, true
		}
		open = max(0, open-strings.Count(text, "]")-strings.Count(text, "}"))
	}
	return 0, false
}

func addSyntax(name string, data []byte, err error, r *report) {
	at, message := position{file: name}, ""
	var located yaml.Error
	if errors.As(err, &located) {
		if tk := located.GetToken(); tk != nil && tk.Position != nil {
			at.line, at.col = tk.Position.Line, tk.Position.Column
		}
		message, _, _ = strings.Cut(located.GetMessage(), "\n")
	}
	hint := ""
	switch {
	case strings.Contains(message, "\t"):
		message, hint = "a tab stands where spaces are needed", "indent with spaces"
	case message == "non-map value is specified" || message == "unexpected key name":
		message, hint = "a key without its value", "write key: value, with a space after the colon"
	case variableOn(data, at.line):
		hint = "between braces and brackets, ${NAME} needs quotes"
	}
	if message != "" {
		message = ": " + message
	}
	r.add(at, "", hint, "is not valid YAML%s", message)
}

// variableOn tells whether a line names a variable: within braces that is the usual mistake.
func variableOn(data []byte, line int) bool {
	lines := strings.Split(string(data), "\n")
	return line >= 1 && line <= len(lines) && strings.Contains(lines[line-1], "${")
}

type builder struct {
	name   string
	report *report
}

func (b *builder) at(tk *token.Token) position {
	if tk == nil || tk.Position == nil {
		return position{file: b.name}
	}
	return position{b.name, tk.Position.Line, tk.Position.Column}
}

func (b *builder) document(file *ast.File) *node {
	var root *node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.CommentGroupType {
			continue
		}
		if root != nil {
			b.report.add(b.at(doc.Body.GetToken()), "", "", "a second document begins here: a config is one")
			break
		}
		root = b.node("", doc.Body, 0)
	}
	if root == nil {
		return &node{pos: position{file: b.name}, kind: mapping}
	}
	return root
}

func (b *builder) node(path string, n ast.Node, depth int) *node {
	if n == nil || depth > maxDepth {
		return &node{pos: position{file: b.name}, kind: null}
	}
	out := &node{pos: b.at(n.GetToken())}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = null
	case *ast.MappingNode:
		out.kind = mapping
		for _, v := range n.Values {
			b.field(path, out, v, depth)
		}
		b.startOf(out)
	case *ast.MappingValueNode:
		out.kind = mapping
		b.field(path, out, n, depth)
		b.startOf(out)
	case *ast.SequenceNode:
		out.kind = sequence
		for i, v := range n.Values {
			out.items = append(out.items, b.node(fmt.Sprintf("%s[%d]", path, i), v, depth+1))
		}
	case *ast.StringNode:
		out.text = n.Value
		out.quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		out.text, out.quoted = n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.text = n.GetToken().Value
	default:
		b.report.add(out.pos, path, "", "anchors, aliases, merges and tags are not supported here")
		out.kind = broken
	}
	return out
}

// startOf moves a mapping's place to its first key: the parser gives that of the first colon.
func (b *builder) startOf(n *node) {
	if len(n.fields) > 0 && (n.pos.line != n.fields[0].pos.line || n.pos.col > n.fields[0].pos.col) {
		n.pos = n.fields[0].pos
	}
}

func (b *builder) field(path string, out *node, v *ast.MappingValueNode, depth int) {
	key, ok := v.Key.(ast.ScalarNode)
	at := b.at(v.Key.GetToken())
	if !ok || v.Key.IsMergeKey() {
		b.report.add(at, path, "", "anchors, aliases, merges and tags are not supported here")
		return
	}
	name := key.GetToken().Value
	for _, f := range out.fields {
		if f.key == name {
			b.report.add(at, join(path, name), "", "is given twice, first on line %d", f.pos.line)
			return
		}
	}
	out.fields = append(out.fields, field{name, at, b.node(join(path, name), v.Value, depth+1)})
}

var reference = regexp.MustCompile(`\$?\$\{([^}]*)\}`)
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} in all values by the environment's; $${NAME} stays as ${NAME}.
func expand(path string, n *node, env map[string]string, r *report) {
	for _, f := range n.fields {
		expand(join(path, f.key), f.val, env, r)
	}
	for i, item := range n.items {
		expand(fmt.Sprintf("%s[%d]", path, i), item, env, r)
	}
	if n.kind != scalar || !strings.Contains(n.text, "${") {
		return
	}
	n.text = reference.ReplaceAllStringFunc(n.text, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		n.hidden = true
		name := ref[2 : len(ref)-1]
		value, ok := env[name]
		switch {
		case !variable.MatchString(name):
			r.add(n.pos, path, "write ${NAME}, or $${…} for the characters themselves", "holds ${…} without a proper name of an environment variable")
		case !ok:
			r.add(n.pos, path, "set it, or remove the line", "the environment variable %s is not set", name)
		}
		if !ok {
			n.kind = broken
		}
		return value
	})
}
