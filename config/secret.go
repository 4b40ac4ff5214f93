// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const maxSecret = 64 << 10

// secrets puts the values of x_file and x_credential into x, for every key that a schema calls secret.
type secrets struct {
	report *report
	// base is the folder that relative paths start from.
	base string
	// credentials is $CREDENTIALS_DIRECTORY; empty when the service manager gave none.
	credentials string
	// inline is the path of one secret that stands in the file itself, or "".
	inline string
}

func (s *secrets) resolve(path string, n *node, schema *Schema) {
	schema = schema.forKind(n)
	for i, item := range n.items {
		if schema.Items != nil {
			s.resolve(fmt.Sprintf("%s[%d]", path, i), item, schema.Items)
		}
	}
	if n.kind != mapping {
		return
	}
	for _, p := range schema.Properties {
		if p.Schema.Secret {
			s.one(path, n, p.Key, p.Schema)
		}
	}
	for _, f := range n.fields {
		if child := schema.child(f.key); child != nil && !child.Secret {
			s.resolve(join(path, f.key), f.val, child)
		}
	}
}

// one settles the three forms of one secret key.
func (s *secrets) one(path string, n *node, key string, schema *Schema) {
	forms := given(n, key, key+fileSuffix, key+credentialSuffix)
	if len(forms) > 1 {
		last := forms[len(forms)-1]
		s.report.add(last.pos, join(path, last.key), "keep one of them", "is given beside %s", forms[0].key)
	}
	for _, f := range forms {
		switch f.key {
		case key:
			s.inlineSecret(join(path, key), f.val, schema)
		default:
			s.settle(path, n, f, key, len(forms) == 1)
			n.remove(f.key)
		}
	}
	if v := n.get(key); v != nil && v.kind == scalar {
		s.examine(join(path, key), v, schema)
	}
}

// settle puts what f points to in the place of its secret. Where that cannot be known, the secret is broken: what is
// wrong was told, and that it is missing would not be true.
func (s *secrets) settle(path string, n *node, f field, key string, alone bool) {
	if alone && f.val.kind == scalar {
		n.set(key, s.fetch(join(path, f.key), f, key))
		return
	}
	if f.val.kind == mapping || f.val.kind == sequence {
		s.report.add(f.val.pos, join(path, f.key), "", "wants %s, not %s", kindWords[scalar], kindWords[f.val.kind])
	}
	if n.get(key) == nil {
		n.set(key, &node{pos: f.val.pos, kind: broken})
	}
}

// given returns the fields of n with these keys, in the order of the file.
func given(n *node, keys ...string) []field {
	var out []field
	for _, f := range n.fields {
		for _, k := range keys {
			if f.key == k && f.val.kind != null {
				out = append(out, f)
			}
		}
	}
	return out
}

func (s *secrets) inlineSecret(path string, v *node, schema *Schema) {
	if v.kind == scalar && !v.hidden && v.pos.line > 0 && s.inline == "" && holdsSecret(v.text, schema) {
		s.inline = path
	}
}

// fetch reads a secret from where a field points; the result is broken when that failed.
func (s *secrets) fetch(path string, f field, key string) *node {
	text, err := "", error(nil)
	if f.key == key+fileSuffix {
		text, err = readSecret(absolute(s.base, f.val.text))
	} else {
		text, err = s.readCredential(f.val.text)
	}
	out := &node{pos: f.val.pos, kind: scalar, text: text, hidden: true}
	if err != nil {
		s.report.add(f.val.pos, path, readHint(err, f.key == key+fileSuffix), "%s", readSentence(err))
		out.kind = broken
	}
	return out
}

func (s *secrets) readCredential(name string) (string, error) {
	if s.credentials == "" {
		return "", errNoCredentials
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return "", errCredentialName
	}
	return readSecret(filepath.Join(s.credentials, name))
}

var (
	errNoCredentials  = errors.New("cannot be read: no CREDENTIALS_DIRECTORY is set")
	errCredentialName = errors.New("is not the name of a credential")
	errNotFile        = errors.New("cannot be read: it is not a file")
	errTooLarge       = errors.New("cannot be read: it is too large for a secret")
	errEmpty          = errors.New("cannot be used: it is empty")
)

// readSecret reads a file and cuts the newline at its end. Only regular files are read: a pipe would
// block for ever.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errNotFile
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case err != nil:
		return "", err
	case len(data) > maxSecret:
		return "", errTooLarge
	case text == "":
		return "", errEmpty
	}
	return text, nil
}

func readSentence(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "cannot be read: there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "cannot be read: permission denied"
	}
	if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
		return "cannot be read: " + wrapped.Err.Error()
	}
	return err.Error()
}

func readHint(err error, isFile bool) string {
	switch {
	case errors.Is(err, errNoCredentials):
		return "start under systemd with LoadCredential=, or use the _file form"
	case errors.Is(err, fs.ErrPermission) && isFile:
		return "let the user that runs Causeway read it, or use a systemd credential"
	}
	return ""
}

// examine remembers a secret, so that no problem shows it, and refuses those that everybody knows.
func (s *secrets) examine(path string, v *node, schema *Schema) {
	s.report.hide(v.text)
	if schema.Format == "proxy" {
		return
	}
	if isExampleSecret(v.text) {
		s.report.add(v.pos, path, "put in your own", "is an example from a manual, which everybody knows")
		v.kind = broken
	}
}

// exampleSecrets are placeholders, and the tokens in Telegram's documents (core.telegram.org/bots/api,
// /bots/features, /bots/tutorial).
var exampleSecrets = map[string]bool{
	"changeme": true, "change-me": true, "change_me": true, "secret": true, "password": true, "token": true,
	"example": true, "todo": true, "xxx": true, "your-token": true, "your_token": true, "yourtoken": true,
	"your-token-here": true, "your_token_here": true, "your-secret": true, "your_bot_token": true, "bot_token": true,
	"123456:abc-def1234ghikl-zyx57w2v1u123ew11":      true,
	"110201543:aahdqtcvch1vgwjxfseofsas0k5paldsaw":   true,
	"4839574812:aafd39kkdpwt3ywyrzergyolmajhac60qcg": true,
}

func isExampleSecret(s string) bool {
	s = strings.ToLower(s)
	return exampleSecrets[s] || strings.HasPrefix(s, "123456:abc-def") || strings.HasPrefix(s, "123456789:abcdef") ||
		strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") || strings.Trim(s, "x") == "" || strings.Trim(s, "0") == ""
}

// holdsSecret tells whether a value is worth hiding from others on the machine: a proxy is only when it
// has a password.
func holdsSecret(text string, schema *Schema) bool {
	return schema.Format != "proxy" || strings.Contains(text, "@")
}
