// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/causeway-chat/causeway/plugins/sdk"
)

// The servers keep files for some weeks. The phone has them for longer, and uploads one again when a linked device asks.

// maxPhoneAsks bounds how often a phone is asked that does not have the file: it may hear of a message after we do.
const maxPhoneAsks = 3

var errPhoneAway = errors.New("the phone does not answer")

// phoneAnswers passes what phones say of files to those who have asked. The zero value is ready.
type phoneAnswers struct {
	mu   sync.Mutex
	wait map[types.MessageID]map[chan *events.MediaRetry]bool
}

// listen hears answers about a message until stop is called.
func (p *phoneAnswers) listen(id types.MessageID) (answers <-chan *events.MediaRetry, stop func()) {
	ch := make(chan *events.MediaRetry, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wait == nil {
		p.wait = map[types.MessageID]map[chan *events.MediaRetry]bool{}
	}
	if p.wait[id] == nil {
		p.wait[id] = map[chan *events.MediaRetry]bool{}
	}
	p.wait[id][ch] = true
	return ch, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.wait[id], ch)
		if len(p.wait[id]) == 0 {
			delete(p.wait, id)
		}
	}
}

// tell passes an answer on. It never blocks: who has one waiting needs no other.
func (p *phoneAnswers) tell(ev *events.MediaRetry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ch := range p.wait[ev.MessageID] {
		select {
		case ch <- ev:
		default:
		}
	}
}

// askPhone has the phone upload the file again, once for each fetch, and learns where it is then.
func (g *fetch) askPhone(ctx context.Context) error {
	if g.asked {
		return fmt.Errorf("fetch a file: %w: not even after the phone has uploaded it again", sdk.ErrMediaGone)
	}
	g.asked = true
	answers, stop := g.phone.listen(g.file.ID)
	defer stop()
	for n := 1; ; n++ {
		where, err := g.askOnce(ctx, answers)
		switch {
		case err == nil:
			g.file.Path = where
			return nil
		case !errors.Is(err, sdk.ErrMediaGone) || n == maxPhoneAsks:
			return fmt.Errorf("ask the phone for a file: %w", err)
		}
		g.a.pause(ctx, g.a.pauses.retry<<n)
	}
}

func (g *fetch) askOnce(ctx context.Context, answers <-chan *events.MediaRetry) (path string, err error) {
	ctx, cancel := context.WithTimeout(ctx, g.a.pauses.phoneAnswer)
	defer cancel()
	info := types.MessageInfo{ID: g.file.ID, MessageSource: types.MessageSource{
		Chat: g.file.Chat, Sender: g.file.Sender, IsFromMe: g.self().is(g.file.Sender), IsGroup: g.file.Chat.Server == types.GroupServer,
	}}
	if err := g.client.SendMediaRetryReceipt(ctx, &info, g.file.Key); err != nil {
		return "", err
	}
	select {
	case ev := <-answers:
		return g.newPath(ev)
	case <-ctx.Done():
		return "", errPhoneAway
	}
}

// newPath reads the phone's answer.
func (g *fetch) newPath(ev *events.MediaRetry) (string, error) {
	where, err := whatsmeow.DecryptMediaRetryNotification(ev, g.file.Key)
	switch {
	case errors.Is(err, whatsmeow.ErrMediaNotAvailableOnPhone), err == nil && where.GetResult() == waMmsRetry.MediaRetryNotification_NOT_FOUND:
		return "", fmt.Errorf("%w: the phone does not have it either", sdk.ErrMediaGone)
	case err != nil:
		return "", err
	case where.GetResult() != waMmsRetry.MediaRetryNotification_SUCCESS || where.GetDirectPath() == "":
		return "", errors.New("the phone could not upload it")
	}
	return where.GetDirectPath(), nil
}
