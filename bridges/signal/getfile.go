// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// errNotFile says that an answer is none with a file in it.
var errNotFile = errors.New("the answer holds no file")

// Fetch implements Files. The daemon answers with the whole file in base64, in one line: it is decoded as it comes, on a
// connection of its own, so that nothing else waits behind it.
func (d *daemon) Fetch(ctx context.Context, id string, w io.Writer) error {
	return d.fetch(ctx, "getAttachment", map[string]any{"id": id}, w)
}

// FetchSticker implements Files. Daemons that cannot are not asked for what they do not have: the picture is gone then.
func (d *daemon) FetchSticker(ctx context.Context, pack, number string, w io.Writer) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return ErrFileGone
	}
	return d.fetch(ctx, "getSticker", map[string]any{"packId": pack, "stickerId": n}, w)
}

func (d *daemon) fetch(ctx context.Context, method string, params map[string]any, w io.Writer) error {
	if d.where.scheme == "http" {
		return d.fetchHTTP(ctx, method, params, w)
	}
	if err := d.reach(ctx, func(caller) error { return nil }); err != nil {
		return err
	}
	c, err := d.dialLines(ctx)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	c.in.large = func(head []byte, rest io.Reader) error {
		done <- decodeFile(io.MultiReader(bytes.NewReader(head), rest), w)
		return errFetched
	}
	go c.serve()
	defer c.close()
	d.deafen(ctx, c)
	raw, err := c.call(ctx, method, d.params(params), nil)
	select {
	case err := <-done:
		return err
	default:
	}
	if err != nil {
		return fileError(err)
	}
	return decodeFile(bytes.NewReader(raw), w)
}

// errFetched ends a connection that has served its purpose.
var errFetched = errors.New("the file has come")

func fileError(err error) error {
	var e *rpcError
	if errors.As(err, &e) && (e.Code == codeNoMethod || strings.Contains(e.Message, "Could not find")) {
		return fmt.Errorf("%w: %w", ErrFileGone, e)
	}
	return err
}

// fetchHTTP is fetch over HTTP.
func (d *daemon) fetchHTTP(ctx context.Context, method string, params map[string]any, w io.Writer) error {
	h := newHTTPCaller(d.where)
	defer h.close()
	resp, err := h.post(ctx, method, d.params(params))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	head := make([]byte, readBuffer)
	n, err := io.ReadFull(resp.Body, head)
	head = head[:n]
	if err == nil {
		return decodeFile(io.MultiReader(bytes.NewReader(head), resp.Body), w)
	}
	var r response
	if json.Unmarshal(head, &r) != nil {
		return errNotFile
	}
	if r.Error != nil {
		return fileError(r.Error)
	}
	return decodeFile(bytes.NewReader(r.Result), w)
}

// maxHead is where in an answer the data begins at the latest.
const maxHead = 4 << 10

var dataKey = []byte(`"data":"`)

// decodeFile finds the data in an answer and decodes it as it comes.
func decodeFile(r io.Reader, w io.Writer) error {
	head := make([]byte, maxHead)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	i := bytes.Index(head, dataKey)
	if i < 0 {
		return errNotFile
	}
	data := &untilQuote{r: io.MultiReader(bytes.NewReader(head[i+len(dataKey):]), r)}
	if _, err := io.Copy(w, base64.NewDecoder(base64.StdEncoding, data)); err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	if !data.over {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// untilQuote reads up to a quotation mark, which base64 does not have. JSON may write a slash with a backslash before it.
type untilQuote struct {
	r    io.Reader
	over bool
}

// Read implements io.Reader.
func (u *untilQuote) Read(p []byte) (int, error) {
	if u.over {
		return 0, io.EOF
	}
	n, err := u.r.Read(p)
	if i := bytes.IndexByte(p[:n], '"'); i >= 0 {
		n, u.over, err = i, true, nil
	}
	kept := p[:0]
	for _, b := range p[:n] {
		if b != '\\' {
			kept = append(kept, b)
		}
	}
	if len(kept) == 0 && err == nil && u.over {
		return 0, io.EOF
	}
	return len(kept), err
}

// linker is the Pairer of a daemon. It uses connections of its own: the wait for a phone must hang nothing else.
type linker struct{ *daemon }

var _ Pairer = linker{}

// linkPatience is how long a link may wait for a phone. The daemon gives up sooner.
const linkPatience = 5 * time.Minute

// Start implements Pairer.
func (l linker) Start(ctx context.Context) (string, error) {
	raw, err := l.once(ctx, "startLink", nil, l.waits.server)
	if err != nil {
		return "", err
	}
	f, _ := readFields(raw, nil)
	if uri := f.text("deviceLinkUri"); uri != "" {
		return uri, nil
	}
	return "", errors.New("signal-cli gave no link")
}

// Finish implements Pairer.
func (l linker) Finish(ctx context.Context, uri, deviceName string) (string, error) {
	raw, err := l.once(ctx, "finishLink", map[string]any{"deviceLinkUri": uri, "deviceName": deviceName}, linkPatience)
	if err != nil {
		return "", err
	}
	f, _ := readFields(raw, nil)
	return f.text("number"), nil
}

// once makes a call on a connection of its own.
func (l linker) once(ctx context.Context, method string, params any, wait time.Duration) (json.RawMessage, error) {
	if l.where.scheme == "http" {
		h := newHTTPCaller(l.where)
		defer h.close()
		return l.ask(ctx, h, method, params, wait)
	}
	c, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return l.ask(ctx, c, method, params, wait)
}
