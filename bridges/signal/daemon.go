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
	// eager is a daemon that writes to whoever is connected, until a connection says that it does not want that.
	eager bool

	mu      sync.Mutex
	calls   caller        // nil: no connection
	there   chan struct{} // closed and replaced when there is one
	stopped chan struct{} // closed at the clean stop: there will be none any more
	version string
	single  bool // the daemon runs for one account alone and takes no account parameter

	// keep stores what is heard, on disk.
	keep func([]Envelope) error
	last *lastEvent // of HTTP's stream
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
	// patience is how long a call waits for a connection that broke to be replaced.
	patience time.Duration
}

func defaultWaits() waits {
	return waits{answer: 10 * time.Second, server: 30 * time.Second, watch: time.Minute, finish: 4 * time.Second, patience: 2 * time.Second}
}

func newDaemon(where address, number string, log *slog.Logger, w waits, keep func([]Envelope) error) *daemon {
	return &daemon{there: make(chan struct{}), stopped: make(chan struct{}), where: where, number: number, log: log, waits: w, keep: keep}
}

// Capabilities implements Transport.
func (d *daemon) Capabilities() TransportCapabilities {
	d.mu.Lock()
	defer d.mu.Unlock()
	return TransportCapabilities{Version: d.version}
}

// Receive implements Transport.
func (d *daemon) Receive(ctx context.Context, ready func()) error {
	defer func() {
		if ctx.Err() != nil {
			d.stop()
		}
	}()
	if d.where.scheme == "http" {
		return d.receiveHTTP(ctx, ready)
	}
	calls, err := d.openCalls(ctx)
	if err != nil {
		return err
	}
	if err := d.checkAccount(ctx, calls); err != nil {
		calls.close()
		return err
	}
	d.deafen(ctx, calls)
	ears, sub, err := d.openEars(ctx)
	if err != nil {
		calls.close()
		return err
	}
	defer ears.close()
	return d.attend(ctx, ears, sub, calls, ready)
}

// attend keeps the connection for calls, one after the other, as long as that for hearing lasts.
func (d *daemon) attend(ctx context.Context, ears *lineConn, sub int64, calls *lineConn, ready func()) error {
	d.use(calls)
	defer d.use(nil)
	ready()
	keeping, stop := context.WithCancel(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { calls = d.keepCalls(keeping, calls) })
	err := d.listen(ctx, ears)
	stop()
	keeper.Wait()
	d.leave(ears, sub, calls)
	return err
}

// keepCalls replaces the connection for calls when it ends, and returns the last one.
func (d *daemon) keepCalls(ctx context.Context, calls *lineConn) *lineConn {
	for {
		select {
		case <-ctx.Done():
			return calls
		case <-calls.ended:
		}
		d.use(nil)
		if next := d.reopen(ctx); next != nil {
			calls = next
			d.use(calls)
		}
	}
}

// reopen tries until it has a connection for calls; nil when ctx ended before.
func (d *daemon) reopen(ctx context.Context) *lineConn {
	for wait := time.Duration(0); ; wait = min(2*wait+10*time.Millisecond, time.Second) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		next, err := d.openCalls(ctx)
		if err == nil {
			d.deafen(ctx, next)
			return next
		}
		d.log.Debug("no connection for calls", "err", err)
	}
}

// openCalls opens a connection for calls, to a daemon that answers.
func (d *daemon) openCalls(ctx context.Context) (*lineConn, error) {
	c, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.learnVersion(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
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
	switch {
	case l.cut && isAnswer(l.text):
		d.log.Error("signal-cli answered with a line that is too long; the call has no answer", "code", "answer_too_long", "bytes", l.size, "limit", maxLine)
		return
	case l.size > maxLine:
		d.log.Error("signal-cli wrote a line that is too long; its beginning is kept", "code", "line_too_long", "bytes", l.size, "limit", maxLine)
		return
	case l.cut:
		d.log.Error("a line of signal-cli was cut off; its beginning is kept", "code", "line_cut", "bytes", l.size)
		return
	}
	d.log.Error("signal-cli wrote a line that is no JSON; it is kept as it is", "code", "line_not_json", "bytes", l.size)
}

// learnVersion asks a daemon which version it is, which also proves that it answers.
func (d *daemon) learnVersion(ctx context.Context, c caller) error {
	raw, err := d.ask(ctx, c, "version", nil, d.waits.answer)
	if err != nil {
		return err
	}
	f, _ := readFields(raw, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version = f.text("version")
	return nil
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

// listen waits until something ends: the connection that hears, the account, or ctx.
func (d *daemon) listen(ctx context.Context, ears *lineConn) error {
	look := time.NewTicker(d.waits.watch)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ears.ended:
			return ears.why()
		case <-look.C:
			if err := d.look(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// look finds out whether the daemon still answers and still has the account; neither is told by itself.
func (d *daemon) look(ctx context.Context) error {
	return d.reach(ctx, func(c caller) error {
		if d.isSingle() {
			return d.learnVersion(ctx, c)
		}
		return d.checkAccount(ctx, c)
	})
}

// leave is the clean stop, whatever the reason: first nothing more is received, then calls in flight end, then what is on
// its way is read.
func (d *daemon) leave(ears *lineConn, sub int64, calls *lineConn) {
	ctx, cancel := context.WithTimeout(context.Background(), d.waits.finish)
	defer cancel()
	if !ears.over() {
		if _, err := ears.call(ctx, "unsubscribeReceive", d.params(map[string]any{"subscription": sub}), nil); err != nil {
			d.log.Warn("signal-cli did not confirm that it has stopped receiving", "code", "stop_unconfirmed", "err", err)
		}
		ears.finish(ctx)
	}
	d.use(calls)
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
	if d.calls = c; c != nil {
		close(d.there)
		d.there = make(chan struct{})
	}
}

// stop says that no connection for calls comes any more.
func (d *daemon) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.stopped:
	default:
		close(d.stopped)
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

// reach makes a call on the connection for calls. While there is none, or it turns out to have ended before anything was
// asked, it waits a little: one that broke is soon replaced.
func (d *daemon) reach(ctx context.Context, call func(caller) error) error {
	soon, cancel := context.WithTimeout(ctx, d.waits.patience)
	defer cancel()
	var broken caller
	for {
		c, err := d.caller(soon, broken)
		if err != nil {
			return err
		}
		if err = call(c); !errors.Is(err, ErrOffline) {
			return err
		}
		broken = c
	}
}

// caller waits for a connection for calls, other than one that is known to be broken.
func (d *daemon) caller(ctx context.Context, broken caller) (caller, error) {
	for {
		d.mu.Lock()
		c, there := d.calls, d.there
		d.mu.Unlock()
		if c != nil && c != broken {
			return c, nil
		}
		select {
		case <-there:
		case <-d.stopped:
			return nil, ErrOffline
		case <-ctx.Done():
			return nil, ErrOffline
		}
	}
}

// query asks something about the account.
func (d *daemon) query(ctx context.Context, method string, params map[string]any, wait time.Duration) (raw json.RawMessage, err error) {
	err = d.reach(ctx, func(c caller) error {
		raw, err = d.ask(ctx, c, method, d.params(params), wait)
		return err
	})
	return raw, d.meaning(err)
}
