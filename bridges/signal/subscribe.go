// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"context"
	"encoding/json"
	"errors"
)

// openEars opens the connection that hears. It hears by a subscription, which can be ended before the connection is: what a daemon in
// the mode on-connection writes to whoever is connected cannot be stopped without a loss.
func (d *daemon) openEars(ctx context.Context) (*lineConn, int64, error) {
	ears, err := d.connect(ctx)
	if err != nil {
		return nil, 0, err
	}
	sub, err := d.subscribe(ctx, ears)
	if err != nil {
		ears.close()
		return nil, 0, err
	}
	if d.eager {
		d.tellDeaf(d.unsubscribeOwn(ctx, ears, sub))
	}
	return ears, sub, nil
}

// subscribe asks a daemon to receive now.
func (d *daemon) subscribe(ctx context.Context, c caller) (int64, error) {
	raw, err := d.ask(ctx, c, "subscribeReceive", d.params(nil), d.waits.answer)
	if err != nil {
		return 0, d.meaning(err)
	}
	var id int64
	_ = json.Unmarshal(raw, &id)
	return id, nil
}

func (d *daemon) unsubscribe(ctx context.Context, c caller, sub int64) error {
	_, err := d.ask(ctx, c, "unsubscribeReceive", d.params(map[string]any{"subscription": sub}), d.waits.answer)
	return err
}

// deafen keeps a daemon in the mode on-connection from writing to a connection that is for calls: a call that hangs there would keep
// it writing to a bridge that is dead, and what is written there at a stop would be lost.
func (d *daemon) deafen(ctx context.Context, c caller) {
	if !d.eager {
		return
	}
	sub, err := d.subscribe(ctx, c)
	if err == nil {
		err = errors.Join(d.unsubscribe(ctx, c, sub), d.unsubscribeOwn(ctx, c, sub))
	}
	d.tellDeaf(err)
}

// maxBetween is how many subscriptions others may have made between the opening of a connection and its first question.
const maxBetween = 32

var errNoSubscription = errors.New("the connection's own subscription was not found")

// unsubscribeOwn ends the subscription that the daemon has given a connection by itself. It does not say its number; but numbers are
// given in turn, so it is just before the first that the connection asks for, and no other connection's can be ended.
func (d *daemon) unsubscribeOwn(ctx context.Context, c caller, first int64) error {
	for sub := first - 1; sub >= max(0, first-maxBetween); sub-- {
		err := d.unsubscribe(ctx, c, sub)
		var refusal *rpcError
		if err == nil || !errors.As(err, &refusal) {
			return err
		}
	}
	return errNoSubscription
}

func (d *daemon) tellDeaf(err error) {
	if err != nil {
		d.log.Warn("signal-cli goes on writing to a connection that does not want it; what it writes while the bridge stops may be lost",
			"code", "stop_may_lose", "err", err)
	}
}
