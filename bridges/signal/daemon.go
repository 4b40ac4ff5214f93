// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// daemon is the Transport that speaks with signal-cli. Two connections do the work: one makes the calls, the other one
// hears what comes. A connection whose requests are all answered is let go at once when it ends; so a call that hangs never
// keeps the daemon writing to a bridge that is dead.
type daemon struct {
	where  address
	number string
	log    *slog.Logger
	waits  waits
	// alone makes one connection do everything, for a daemon that writes to whoever is connected.
	alone bool

	mu      sync.Mutex
	calls   caller // nil: no connection
	version string
	single  bool // the daemon runs for one account alone and takes no account parameter

	// keep stores what is heard, on disk.
	keep func([]Envelope) error
}

var (
	_ Transport = (*daemon)(nil)
	_ Directory = (*daemon)(nil)
	_ Trust     = (*daemon)(nil)
	_ Files     = (*daemon)(nil)
)

// waits are the daemon's times. Tests shorten them.
type waits struct {
	answer time.Duration // for a question that needs no network
	server time.Duration // for one that may ask Signal
	watch  time.Duration // between two looks at whether the account is still there
	finish time.Duration // for calls in flight and for the end of a connection, at a clean stop
}

func defaultWaits() waits {
	return waits{answer: 10 * time.Second, server: 30 * time.Second, watch: time.Minute, finish: 4 * time.Second}
}

func newDaemon(where address, number string, log *slog.Logger, w waits, keep func([]Envelope) error) *daemon {
	return &daemon{where: where, number: number, log: log, waits: w, keep: keep}
}

// Capabilities implements Transport.
func (d *daemon) Capabilities() TransportCapabilities {
	d.mu.Lock()
	defer d.mu.Unlock()
	return TransportCapabilities{Version: d.version}
}

// Receive implements Transport.
func (d *daemon) Receive(ctx context.Context, ready func()) error {
	if d.where.scheme == "http" {
		return d.receiveHTTP(ctx, ready)
	}
	calls, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer d.release(calls)
	if err := d.enter(ctx, calls); err != nil {
		return err
	}
	if d.alone {
		d.use(calls)
		ready()
		return d.listen(ctx, calls, calls, 0)
	}
	ears, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { ears.conn.Close(); <-ears.ended }()
	sub, err := d.subscribe(ctx, ears)
	if err != nil {
		return err
	}
	d.use(calls)
	ready()
	return d.listen(ctx, calls, ears, sub)
}

// connect opens a connection. What is heard on it is stored, whatever it is meant for: in some modes the daemon writes
// everything to every connection.
func (d *daemon) connect(ctx context.Context) (*lineConn, error) {
	c, err := d.dialLines(ctx)
	if err == nil {
		go c.serve()
	}
	return c, err
}

// dialLines opens a connection that is not served yet.
func (d *daemon) dialLines(ctx context.Context) (*lineConn, error) {
	conn, err := d.where.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOffline, err)
	}
	return newLineConn(conn, d.keep, d.tellLine), nil
}

// tellLine logs a line that cannot be read. What is in it stays out of the log.
func (d *daemon) tellLine(l line) {
	if l.cut {
		d.log.Error("signal-cli wrote a line that is too long; its beginning is kept", "code", "line_too_long", "bytes", l.size, "limit", maxLine)
		return
	}
	d.log.Error("signal-cli wrote a line that is no JSON; it is kept as it is", "code", "line_not_json", "bytes", l.size)
}

// enter asks for what has to be known before anything is heard or sent.
func (d *daemon) enter(ctx context.Context, c caller) error {
	version, err := d.askVersion(ctx, c)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.version = version
	d.mu.Unlock()
	return d.checkAccount(ctx, c)
}

func (d *daemon) askVersion(ctx context.Context, c caller) (string, error) {
	raw, err := d.ask(ctx, c, "version", nil, d.waits.answer)
	if err != nil {
		return "", err
	}
	f, _ := readFields(raw, nil)
	return f.text("version"), nil
}

// checkAccount asks whether the daemon still has our account. One that runs for a single account knows no such question,
// and ends when it loses the account.
func (d *daemon) checkAccount(ctx context.Context, c caller) error {
	raw, err := d.ask(ctx, c, "listAccounts", nil, d.waits.answer)
	var refusal *rpcError
	if errors.As(err, &refusal) && refusal.Code == codeNoMethod {
		d.mu.Lock()
		d.single = true
		d.mu.Unlock()
		return nil
	}
	if err != nil {
		return err
	}
	var list []json.RawMessage
	_ = json.Unmarshal(raw, &list)
	for _, one := range list {
		f, _ := readFields(one, nil)
		if f.text("number") == d.number || f.text("uuid") == d.number {
			return nil
		}
	}
	if isServiceID(d.number) && len(list) > 0 { // listAccounts tells numbers alone
		return nil
	}
	return ErrUnpaired
}

// subscribe asks a daemon in mode manual to receive now. In the other modes it changes nothing for the worse: what comes
// twice is recognised.
func (d *daemon) subscribe(ctx context.Context, c caller) (int64, error) {
	raw, err := d.ask(ctx, c, "subscribeReceive", d.params(nil), d.waits.answer)
	if err != nil {
		return 0, d.meaning(err)
	}
	var id int64
	_ = json.Unmarshal(raw, &id)
	return id, nil
}

// listen waits until something ends: a connection, the account, or ctx.
func (d *daemon) listen(ctx context.Context, calls, ears *lineConn, sub int64) error {
	look := time.NewTicker(d.waits.watch)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			d.leave(calls, ears, sub)
			return nil
		case <-ears.ended:
			return ears.why()
		case <-calls.ended:
			return calls.why()
		case <-look.C:
			if err := d.look(ctx, calls); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// look finds out whether the daemon still answers and still has the account; neither is told by itself.
func (d *daemon) look(ctx context.Context, c caller) error {
	if d.isSingle() {
		_, err := d.askVersion(ctx, c)
		return err
	}
	return d.checkAccount(ctx, c)
}

// leave is the clean stop: first nothing more is received, then calls in flight end, then what is on its way is read.
func (d *daemon) leave(calls, ears *lineConn, sub int64) {
	ctx, cancel := context.WithTimeout(context.Background(), d.waits.finish)
	defer cancel()
	if !d.alone {
		if _, err := ears.call(ctx, "unsubscribeReceive", d.params(map[string]any{"subscription": sub}), nil); err != nil {
			d.log.Warn("signal-cli did not confirm that it has stopped receiving", "code", "stop_unconfirmed", "err", err)
		}
		ears.finish(ctx)
	}
	d.awaitIdle(ctx, calls)
	d.use(nil)
	calls.finish(ctx)
}

func (d *daemon) awaitIdle(ctx context.Context, c *lineConn) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !c.idle() {
		select {
		case <-tick.C:
		case <-c.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// use makes a connection the one for calls.
func (d *daemon) use(c caller) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = c
}

func (d *daemon) release(c *lineConn) {
	d.use(nil)
	c.conn.Close()
	<-c.ended
}

// receiveHTTP hears the event stream. Nothing can be done about what is on its way when it ends.
func (d *daemon) receiveHTTP(ctx context.Context, ready func()) error {
	h := newHTTPCaller(d.where)
	defer h.close()
	if err := d.enter(ctx, h); err != nil {
		return err
	}
	stream, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	account := d.number
	if d.isSingle() {
		account = ""
	}
	go func() {
		ended <- h.events(stream, account, func() { d.use(h); ready() }, d.keep, d.tellLine)
	}()
	err := d.watchStream(ctx, h, ended)
	stop()
	d.use(nil)
	return err
}

func (d *daemon) watchStream(ctx context.Context, h *httpCaller, ended chan error) error {
	look := time.NewTicker(d.waits.watch)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-look.C:
			if err := d.look(ctx, h); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

func (d *daemon) isSingle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.single
}

// params adds the account, which a daemon for several wants.
func (d *daemon) params(p map[string]any) map[string]any {
	if p == nil {
		p = map[string]any{}
	}
	if !d.isSingle() {
		p["account"] = d.number
	}
	return p
}

// ask makes a call of our own with a deadline.
func (d *daemon) ask(ctx context.Context, c caller, method string, params any, wait time.Duration) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return c.call(ctx, method, params, nil)
}

// caller is the connection for calls.
func (d *daemon) caller() (caller, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == nil {
		return nil, ErrOffline
	}
	return d.calls, nil
}

// query asks something about the account.
func (d *daemon) query(ctx context.Context, method string, params map[string]any, wait time.Duration) (json.RawMessage, error) {
	c, err := d.caller()
	if err != nil {
		return nil, err
	}
	raw, err := d.ask(ctx, c, method, d.params(params), wait)
	return raw, d.meaning(err)
}
