// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxArgBytes = 1 << 20    // of one argument of a multipart request; the rest is dropped
	maxArgs     = 1000       // parts of a multipart request
	maxBody     = 50 << 20   // what the public server takes, and what any server takes that has no parts
	maxLocal    = 2000 << 20 // what a self-hosted server takes
)

// args are the arguments of a call, wherever they stood, and its files.
type args struct {
	values map[string]string
	files  map[string]*upload
}

// upload is a part with a file name. Bytes of small files are kept, larger ones are hashed and dropped.
type upload struct {
	name string
	mime string
	size int64
	hash [sha256.Size]byte
	data []byte
}

func (a args) get(name string) string { return a.values[name] }

func (a args) has(name string) bool { _, ok := a.values[name]; return ok }

// integer reads as the real server does: what is no number counts as far as its digits go.
func (a args) integer(name string, byDefault int) int {
	s := a.values[name]
	if s == "" {
		return byDefault
	}
	return int(leadingInt(s))
}

func leadingInt(s string) int64 {
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && s[end] == '-') {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (a args) flag(name string) bool {
	switch strings.ToLower(a.values[name]) {
	case "true", "yes", "1":
		return true
	}
	return false
}

var errTooLarge = errors.New("request entity too large")

// readArgs reads query, form, multipart or JSON, up to a limit. It reads the body to its end.
func readArgs(r *http.Request, keepFiles, limit int64) (args, error) {
	a := args{values: map[string]string{}}
	if r.URL.RawQuery != "" {
		a.addForm(r.URL.RawQuery)
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		body := &cappedReader{r: r.Body, left: limit}
		return a, a.readMultipart(multipart.NewReader(body, params["boundary"]), keepFiles)
	}
	body := &cappedReader{r: r.Body, left: min(limit, maxBody)} // it is read into memory
	switch {
	case kind == "application/json":
		return a, a.readJSON(body)
	case kind == "application/x-www-form-urlencoded":
		raw, err := io.ReadAll(body)
		a.addForm(string(raw))
		return a, err
	}
	_, err := io.Copy(io.Discard, body)
	return a, err
}

func (a args) addForm(raw string) {
	q, err := url.ParseQuery(raw)
	if err != nil && len(q) == 0 {
		return
	}
	for name, values := range q {
		a.values[strings.ToLower(name)] = values[0]
	}
}

func (a args) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil || len(raw) == 0 {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("decode arguments: %w", err)
	}
	for name, value := range fields {
		s := string(value)
		if value[0] == '"' {
			_ = json.Unmarshal(value, &s) // the whole was valid, so this is
		}
		if s != "null" {
			a.values[strings.ToLower(name)] = s
		}
	}
	return nil
}

// readMultipart streams; a body without any part, not even a closing boundary, is no arguments at all.
func (a *args) readMultipart(r *multipart.Reader, keepFiles int64) error {
	for n := 0; n < maxArgs; n++ {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			err = a.readFile(part, keepFiles)
		} else {
			err = a.readValue(part)
		}
		if err != nil {
			return err
		}
	}
	return errTooLarge
}

func (a *args) readValue(part *multipart.Part) error {
	raw, err := io.ReadAll(io.LimitReader(part, maxArgBytes))
	a.values[strings.ToLower(part.FormName())] = string(raw)
	return err
}

func (a *args) readFile(part *multipart.Part, keep int64) error {
	up := &upload{name: part.FileName(), mime: part.Header.Get("Content-Type")}
	if err := up.read(part, keep); err != nil {
		return err
	}
	a.addFile(part.FormName(), up)
	return nil
}

func (a *args) addFile(name string, up *upload) {
	if a.files == nil {
		a.files = map[string]*upload{}
	}
	a.files[name] = up
}

// read hashes the bytes and keeps them when they are few.
func (up *upload) read(from io.Reader, keep int64) error {
	hash := sha256.New()
	head, err := io.ReadAll(io.TeeReader(io.LimitReader(from, keep), hash))
	if err != nil {
		return err
	}
	rest, err := io.Copy(hash, from)
	if err != nil {
		return err
	}
	up.size = int64(len(head)) + rest
	hash.Sum(up.hash[:0])
	if rest == 0 {
		up.data = head
	}
	return nil
}

// cappedReader fails past its limit, so that an upload that is too large is refused and not cut.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n, errTooLarge
	}
	return n, err
}
