// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
)

// The codes of attachments that cannot be had. Those of bytes and conversions are core/media's.
const (
	codeMediaGone     = "media_gone"      // the network does not have them any more
	codeMediaNone     = "media_none"      // the bridge fetches none
	codeMediaTooLarge = "media_too_large" // over media.max_size
	codeMediaLate     = "media_late"      // they did not come within media.wait
)

// lateFor is how long attachments that came too late are not asked for again.
const lateFor = 30 * time.Second

// The waits between tries.
const (
	errandRetry    = time.Second
	errandRetryCap = 30 * time.Second
)

// errand is what is done for one attachment. porter.mu guards waiting, forms and arrived.
type errand struct {
	p       *porter
	key     mediaKey
	ctx     context.Context
	cancel  context.CancelFunc
	end     *time.Timer // cancels when nobody has asked for long
	waiting map[outbox.LaneRef]bool
	forms   []media.Form // wanted, and not looked at yet
	arrived chat.Account // of the message, when that is why it began
}

func newErrand(p *porter, k mediaKey) *errand {
	e := &errand{p: p, key: k, waiting: map[outbox.LaneRef]bool{}}
	e.ctx, e.cancel = context.WithCancel(p.ctx)
	e.end = time.AfterFunc(p.opt.Wait, e.cancel)
	return e
}

// extend gives the errand that long from now.
func (e *errand) extend(d time.Duration) { e.end.Reset(d) }

// want adds a form, unless it is wanted already.
func (e *errand) want(f media.Form) {
	if !slices.ContainsFunc(e.forms, func(o media.Form) bool { return o.Key() == f.Key() }) {
		e.forms = append(e.forms, f)
	}
}

// run fetches the attachment if it is not there, then makes the forms that are wanted.
func (e *errand) run() {
	defer e.finish()
	src, err := e.source()
	if err != nil {
		e.failed(err)
		return
	}
	if !e.needed(src) {
		return
	}
	m, ok := e.have(src)
	if !ok {
		return
	}
	e.wantFor(m, src.Chats)
	e.tell()
	for {
		f, ok := e.next()
		if !ok {
			return
		}
		e.make(m, f)
		e.tell()
	}
}

// finish ends the errand. Lanes that still wait look again, and so do some that were turned away.
func (e *errand) finish() {
	e.tell()
	p := e.p
	p.mu.Lock()
	e.end.Stop()
	e.cancel()
	if p.errands[e.key] == e {
		delete(p.errands, e.key)
	}
	if e.arrived != "" {
		p.arrivals[e.arrived]--
	}
	late := e.takeWaiting()
	for lane := range p.turned {
		if len(late) > 16 {
			break
		}
		delete(p.turned, lane)
		late = append(late, lane)
	}
	p.mu.Unlock()
	if len(late) > 0 && p.ctx.Err() == nil {
		p.opt.Resumed(late...)
	}
}

// takeWaiting returns the lanes that wait, who then ask again if they have to.
func (e *errand) takeWaiting() (lanes []outbox.LaneRef) {
	for lane := range e.waiting {
		lanes = append(lanes, lane)
	}
	clear(e.waiting)
	return lanes
}

// tell lets lanes look whether what they wait for is ready.
func (e *errand) tell() {
	e.p.mu.Lock()
	lanes := e.takeWaiting()
	e.p.mu.Unlock()
	if len(lanes) > 0 && e.p.ctx.Err() == nil {
		e.p.opt.Resumed(lanes...)
	}
}

// next takes the next form that is wanted. When there is none the errand leaves the list at once, so that who asks then
// begins another.
func (e *errand) next() (media.Form, bool) {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	if len(e.forms) == 0 {
		delete(e.p.errands, e.key)
		return media.Form{}, false
	}
	f := e.forms[0]
	e.forms = e.forms[1:]
	return f, true
}

// source reads what is known of the attachment. It is lost when its message is, or has another one instead.
func (e *errand) source() (src store.MediaSource, err error) {
	ok := false
	read := func() (err error) {
		src, ok, err = e.p.opt.Store.MediaSource(e.ctx, e.key.message, e.key.n)
		ok = ok && src.Media.Ref == e.key.ref
		return err
	}
	err = e.insist("read what is known of it", func() error {
		if err := read(); err != nil || ok {
			return err
		}
		// A lane may ask inside the very commit that brings the message; behind that commit it is there.
		if err := e.p.opt.Store.Settled(e.ctx); err != nil {
			return err
		}
		return read()
	})
	if err == nil && !ok {
		err = &lostError{code: codeMediaGone}
	}
	return src, err
}

// needed reports whether anybody could take the attachment, as far as one can tell before a byte was seen.
func (e *errand) needed(src store.MediaSource) bool {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	return len(e.waiting) > 0 || slices.ContainsFunc(src.Chats, func(c chat.Capabilities) bool { return media.CouldGo(src.Media, c) })
}

// have makes sure that the attachment is in the spool, and finds out what it is.
func (e *errand) have(src store.MediaSource) (m chat.Media, ok bool) {
	file, release, err := e.find(src.Media)
	if err != nil {
		file, release, err = e.fetch(src)
	}
	if err != nil {
		e.failed(err)
		return m, false
	}
	defer release()
	m, err = e.settle(src.Media, file)
	if err == nil && src.Media.Hash != file.Hash {
		err = e.insist("note that it is there", func() error {
			return e.p.opt.Store.SaveHash(e.ctx, e.key.message, e.key.n, e.key.ref, file.Hash)
		})
	}
	if err != nil {
		e.failed(err)
		return m, false
	}
	e.p.learn(e.key, fetchedMedia{media: m})
	return m, true
}

// find looks for the file of an earlier errand.
func (e *errand) find(m chat.Media) (file media.File, release func(), err error) {
	if m.Hash == "" || !e.p.opt.Spool.Look(m.Hash) {
		return file, nil, media.ErrMissing
	}
	release = e.p.opt.Spool.Pin(m.Hash)
	in, err := e.p.opt.Spool.Open(m.Hash)
	if err != nil {
		release()
		return file, nil, err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		release()
		return file, nil, err
	}
	return media.File{Hash: m.Hash, Size: st.Size()}, release, nil
}

// settle holds what was told against the bytes.
func (e *errand) settle(told chat.Media, file media.File) (chat.Media, error) {
	in, err := e.p.opt.Spool.Open(file.Hash)
	if err != nil {
		return chat.Media{}, err
	}
	defer in.Close()
	facts, err := media.Inspect(in, file.Size)
	if err != nil {
		return chat.Media{}, err
	}
	if facts.Trace != "" {
		e.p.opt.Log.Error("looking at an attachment panicked", "message", e.key.message, "stack", facts.Trace)
	}
	m, code := media.Settle(told, file, facts)
	if code != "" {
		e.p.opt.Log.Warn("attachment is not what was told", "code", code, "message", e.key.message, "kind", told.Kind, "mime", facts.MIME, "bytes", file.Size)
	}
	if code == media.CodeEmpty {
		return chat.Media{}, &lostError{code: code}
	}
	return m, nil
}

// lostError says that an attachment can never be had.
type lostError struct {
	code string
	err  error
}

func (l *lostError) Error() string { return "attachment is lost: " + l.code }
func (l *lostError) Unwrap() error { return l.err }

// failed notes why an attachment cannot be had, at all or for now.
func (e *errand) failed(err error) {
	var l *lostError
	out := fetchedMedia{code: codeMediaLate, until: time.Now().Add(lateFor)}
	switch {
	case e.p.ctx.Err() != nil:
		return // the router ends; the next one begins again
	case errors.As(err, &l):
		out = fetchedMedia{code: l.code}
	}
	e.p.opt.Log.Warn("attachment cannot be had and is named in a line", "code", out.code, "message", e.key.message, "err", err)
	e.p.learn(e.key, out)
}

// wantFor adds the forms in which the chats that wait would like the attachment best.
func (e *errand) wantFor(m chat.Media, chats []chat.Capabilities) {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	for _, c := range chats {
		if forms := media.Forms(m, c); len(forms) > 0 && forms[0].Convert {
			e.want(forms[0])
		}
	}
}

// make makes one form, if it was not made before.
func (e *errand) make(m chat.Media, f media.Form) {
	k := formKey{m.Hash, f.Key()}
	if e.wasMade(k) {
		return
	}
	e.p.mu.Lock()
	e.extend(2 * e.p.opt.Wait) // half-made is worth nothing
	e.p.mu.Unlock()
	got, release, err := e.convert(m, f)
	if err != nil {
		return // nobody waits any more, or the router ends
	}
	defer release()
	row := store.MadeForm{Result: got.made.Hash, Size: got.made.Size, Width: got.made.Width, Height: got.made.Height, Code: got.code}
	if got.code != media.CodeNoConverter { // which may be installed tomorrow
		if err := e.insist("note what it was made into", func() error { return e.p.opt.Store.SaveForm(e.ctx, k.hash, k.form, row) }); err != nil {
			return
		}
	}
	e.p.learnForm(k, got)
}

// wasMade looks for the result of an earlier conversion.
func (e *errand) wasMade(k formKey) bool {
	var row store.MadeForm
	var ok bool
	err := e.insist("read what it was made into", func() (err error) {
		row, ok, err = e.p.opt.Store.MadeForm(e.ctx, k.hash, k.form)
		return err
	})
	if err != nil || !ok || row.Code == "" && !e.p.opt.Spool.Look(row.Result) {
		return false
	}
	e.p.learnForm(k, madeForm{media.Made{Hash: row.Result, Size: row.Size, Width: row.Width, Height: row.Height}, row.Code})
	return true
}

// convert converts until there is a result or a failure of the bytes. release is never nil without an error.
func (e *errand) convert(m chat.Media, f media.Form) (got madeForm, release func(), err error) {
	err = e.insist("convert it", func() error {
		var failure *media.Failure
		got.made, release, err = e.p.opt.Converter.Convert(e.ctx, e.p.opt.Spool, m, f)
		if errors.As(err, &failure) {
			e.p.opt.Log.Warn("attachment cannot be converted", "code", failure.Code, "message", e.key.message, "kind", m.Kind, "mime", m.MIME, "err", failure.Err)
			got, release, err = madeForm{code: failure.Code}, func() {}, nil
		}
		if errors.Is(err, media.ErrMissing) {
			err = &lostError{code: codeMediaGone, err: err} // who asks for it fetches it again
		}
		return err
	})
	return got, release, err
}

// insist tries until it succeeds, it is of no use, or the errand's time is over.
func (e *errand) insist(what string, try func() error) error {
	for n := 0; ; n++ {
		err := try()
		var l *lostError
		if err == nil || errors.As(err, &l) {
			return err
		}
		if e.ctx.Err() != nil {
			return errors.Join(e.ctx.Err(), err)
		}
		e.p.opt.Log.Debug("attachment is tried again", "what", what, "message", e.key.message, "attempt", n+1, "err", err)
		e.rest(n, err)
	}
}

// rest waits before another try; when the spool is full, until there may be room.
func (e *errand) rest(n int, err error) {
	wait := min(errandRetryCap, errandRetry<<min(n, 10))
	wait = wait/2 + rand.N(wait/2+1)
	if !errors.Is(err, media.ErrNoRoom) {
		pause(e.ctx, wait)
		return
	}
	freed := e.p.opt.Spool.Room()
	if n := (*noRoomError)(nil); errors.As(err, &n) {
		freed = n.freed
	}
	defer e.waitsForRoom()()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-freed:
	case <-t.C:
	case <-e.ctx.Done():
	}
}

// waitsForRoom counts the errand among those that wait for room, until the returned function is called.
func (e *errand) waitsForRoom() (no func()) {
	count := func(n int) {
		e.p.mu.Lock()
		defer e.p.mu.Unlock()
		e.p.noRoom += n
	}
	count(1)
	e.p.opt.NoRoom()
	return func() { count(-1) }
}
