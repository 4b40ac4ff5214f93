// SPDX-License-Identifier: Apache-2.0

package config

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// source is the file with the structs: its comments are what operators read about each key.
//
//go:embed config.go
var source string

// comments returns the structs' comments by "Type" and "Type.Field", in words for an operator.
func comments() map[string]string {
	out := map[string]string{}
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", source, parser.ParseComments)
	if err != nil {
		panic(fmt.Sprintf("config: the embedded source does not parse: %v", err)) // it was compiled
	}
	for _, decl := range file.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		spec := g.Specs[0].(*ast.TypeSpec)
		out[spec.Name.Name] = plainDoc(spec.Name.Name, g.Doc.Text())
		if s, ok := spec.Type.(*ast.StructType); ok {
			fieldComments(out, spec.Name.Name, s)
		}
	}
	return out
}

func fieldComments(out map[string]string, name string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		for _, n := range f.Names {
			out[name+"."+n.Name] = plainDoc(n.Name, f.Doc.Text())
		}
	}
}

var verbOfBeing = regexp.MustCompile(`^(is|are) `)

// plainDoc turns "DataDir is the folder …" into "The folder …".
func plainDoc(name, text string) string {
	text = oneLine(text)
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = verbOfBeing.ReplaceAllString(rest, "")
	}
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// documented is the router's schema with its comments.
func documented() *Schema { return typeSchema(reflect.TypeFor[Config](), comments()) }

// ReadSchemas reads the schemas that bridges commit as NAME/config.schema.json below dir, by NAME.
func ReadSchemas(dir string) (map[string]*Schema, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "config.schema.json"))
	if err != nil {
		return nil, err
	}
	out := map[string]*Schema{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := ParseSchema(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out[filepath.Base(filepath.Dir(file))] = s
	}
	return out, nil
}

// Generated returns the files that are made from this package and the bridges' schemas, by path below
// the module's root.
func Generated(schemas map[string]*Schema) map[string][]byte {
	return map[string][]byte{
		"config/causeway.example.yaml": Example(schemas),
		"config/causeway.schema.json":  JSONSchema(schemas),
		"docs/reference/config.md":     Reference(schemas),
	}
}
