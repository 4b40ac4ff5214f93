// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// stage says where a kind of fault strikes.
type stage int

const (
	stageBefore stage = iota + 1
	stageAfter
	stageOutage // before, and every method
	stageEvent  // not at a call of a method that changes something
	stageFile   // in a download
)

var faultStages = map[control.FaultKind]stage{
	control.RateLimited: stageBefore, control.ServerError: stageBefore, control.BadGateway: stageBefore,
	control.ResetBefore: stageBefore, control.HangBefore: stageBefore, control.Slow: stageBefore, control.Pace: stageBefore,
	control.ResetAfter: stageAfter, control.HangAfter: stageAfter, control.LateAfter: stageAfter,
	control.ServerErrAfter: stageAfter, control.BadGateAfter: stageAfter, control.HalfAnswer: stageAfter,
	control.NotJSON: stageAfter, control.OutageReset: stageOutage, control.OutageGateway: stageOutage,
	control.OutageHang: stageOutage, control.LoggedOut: stageOutage, control.Conflict: stageEvent,
	control.FileTruncated: stageFile, control.FileCut: stageFile, control.FileSlow: stageFile, control.FileHang: stageFile,
	control.FileLies: stageFile, control.FileEmpty: stageFile,
	control.BadPicture: stageEvent, control.Redeliver: stageEvent, control.RestartIDs: stageEvent, control.Forget: stageEvent,
}

// fault is an armed fault.
type fault struct {
	control.Armed
	stage  stage
	chatID int64
	thread int64
	botID  int64
	paced  map[int64]time.Time
}

func (s *Server) setFault(_ context.Context, in control.Fault) (control.FaultReply, error) {
	st, ok := faultStages[in.Kind]
	if !ok {
		return control.FaultReply{}, control.Because(control.ErrNotSupported, "unknown kind of fault %q", in.Kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{Armed: control.Arm(in, s.faultSeq+1), stage: st, paced: map[int64]time.Time{}}
	if err := s.aim(f); err != nil {
		return control.FaultReply{}, err
	}
	s.faultSeq++
	s.rec.Armed(f.ID)
	if in.Kind == control.RestartIDs {
		s.restartIDs(f)
		return control.FaultReply{Fault: f.ID}, nil
	}
	s.faults[f.ID] = f
	s.faultList = append(s.faultList, f)
	s.reachPolls(f)
	return control.FaultReply{Fault: f.ID}, nil
}

// aim resolves whom the fault means.
func (s *Server) aim(f *fault) error {
	if f.Chat != "" {
		c, thread, err := s.controlChat(f.Chat)
		if err != nil {
			return err
		}
		f.chatID, f.thread = c.id, thread
		if c.bot != nil {
			f.botID = c.bot.user.id
		}
	}
	if f.Account != "" {
		b, err := s.account(f.Account)
		if err != nil {
			return err
		}
		f.botID = b.user.id
	}
	return nil
}

// reachPolls lets a fault strike the polls that wait when it is set.
func (s *Server) reachPolls(f *fault) {
	for _, b := range s.botList {
		c := call{bot: b, def: methodDef{name: "getUpdates"}}
		switch {
		case b.poll == nil:
		case f.Kind == control.Redeliver:
			s.checkRedelivery(&c)
			b.poll.poke()
		case f.stage != stageAfter && f.matches(&c):
			b.poll.end(&pollEnd{outage: true})
			b.poll = nil
		}
	}
}

func (s *Server) restartIDs(f *fault) {
	for _, b := range s.botList {
		if f.botID == 0 || f.botID == b.user.id {
			next := 1 + s.rng.Int64N(1<<29)
			if gap := next - b.queue.nextID; gap > -200_000 && gap < 200_000 {
				next = b.queue.nextID + 1_000_000
			}
			b.queue.renumber(next)
			s.countStrike(f)
		}
	}
}

func (s *Server) clearFault(_ context.Context, in control.Clear) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Fault != "" && s.faults[in.Fault] == nil && !s.rec.Knows(in.Fault) {
		return control.Because(control.ErrNotFound, "no fault %q", in.Fault)
	}
	for _, f := range s.faults {
		if in.Fault == "" || f.ID == in.Fault {
			s.disarm(f)
		}
	}
	return nil
}

// disarm ends a fault and lets go what hangs because of it.
func (s *Server) disarm(f *fault) {
	close(f.Done)
	delete(s.faults, f.ID)
	s.unlist(f)
}

// unlist keeps a fault from striking again. What hangs because of it goes on hanging.
func (s *Server) unlist(f *fault) {
	s.faultList = slices.DeleteFunc(s.faultList, func(o *fault) bool { return o == f })
}

// strikes decides whether the fault strikes a call now. The caller holds s.mu.
func (s *Server) strikes(f *fault, c *call) bool {
	if !f.Until.IsZero() && time.Now().After(f.Until) {
		s.disarm(f)
		return false
	}
	return f.matches(c) && s.takesTurn(f)
}

func (f *fault) matches(c *call) bool {
	chatID, thread := c.at()
	if f.botID != 0 && f.botID != c.bot.user.id || f.chatID != 0 && f.chatID != chatID || f.thread != 0 && f.thread != thread {
		return false
	}
	switch {
	case f.stage == stageFile:
		return c.def.name == download.name
	case f.Method == "*" || f.Method == "" && f.stage == stageOutage:
		return true
	case f.Method == "" && f.Kind == control.Pace:
		return c.def.posts
	case f.Method == "" && f.Kind == control.Conflict:
		return c.def.name == "getUpdates"
	case f.Method == "":
		return c.def.changes
	}
	return strings.EqualFold(f.Method, c.def.name)
}

// takesTurn tells whether a fault strikes what it matches, and counts. A pace is counted when it refuses.
func (s *Server) takesTurn(f *fault) bool {
	if !f.Turn() {
		return false
	}
	if f.Kind != control.Pace {
		s.countStrike(f)
	}
	return true
}

func (s *Server) countStrike(f *fault) {
	f.Strike()
	s.rec.Struck(f.Kind, f.ID)
	if f.Spent() {
		s.unlist(f)
	}
}

// strikeBefore lets faults strike before the call is accepted; true means that it was answered, or dropped.
func (s *Server) strikeBefore(ctx context.Context, w http.ResponseWriter, c *call) bool {
	s.mu.Lock()
	hit, ref, delay := s.firstStrike(c)
	if hit != nil {
		c.rec.Fault = hit.Kind
		if ref != nil {
			s.checkTold(c)
			s.noteRefusal(c, ref)
			c.rec.Status, c.rec.Why = ref.code, ref.text
		}
		s.rec.Request(c.rec, s.now())
	}
	s.mu.Unlock()
	if delay > 0 && !s.wait(ctx, delay) {
		return true
	}
	if hit != nil {
		s.failBefore(ctx, w, hit, ref)
	}
	return hit != nil
}

// firstStrike finds the first fault that fails the call, its refusal if it speaks in the protocol's own words,
// and the delays of those that only make it slow.
func (s *Server) firstStrike(c *call) (hit *fault, ref *refusal, delay time.Duration) {
	for _, f := range slices.Clone(s.faultList) {
		if !f.strikesBefore() || !s.strikes(f, c) {
			continue
		}
		switch f.Kind {
		case control.Slow:
			delay += f.Delay(time.Second)
			c.rec.Fault = f.Kind
		case control.Pace:
			if ref := s.pace(f, c); ref != nil {
				return f, ref, delay
			}
		default:
			return f, f.refusal(), delay
		}
	}
	return nil, nil, delay
}

func (f *fault) strikesBefore() bool {
	return f.stage == stageBefore || f.stage == stageOutage || f.Kind == control.Conflict
}

// refusal is the answer of a fault that answers in the protocol's own words, else nil.
func (f *fault) refusal() *refusal {
	switch f.Kind {
	case control.RateLimited:
		return tooMany(max(f.RetryAfterS, 1))
	case control.ServerError:
		return &refusal{code: 500, text: "Internal Server Error: restart"}
	case control.LoggedOut:
		return errUnauthorized
	case control.Conflict:
		return conflict(textTwoPolls)
	}
	return nil
}

func (s *Server) failBefore(ctx context.Context, w http.ResponseWriter, f *fault, ref *refusal) {
	switch {
	case ref != nil:
		writeRefusal(w, ref)
	case f.Kind == control.BadGateway || f.Kind == control.OutageGateway:
		writePage(w, http.StatusBadGateway, "text/html", gatewayPage)
	case f.Kind == control.HangBefore || f.Kind == control.OutageHang:
		s.hang(ctx, f)
		reset(w)
	default:
		reset(w)
	}
}

// hang holds a call until the client goes, the fault is cleared, its time is over or the server closes.
func (s *Server) hang(ctx context.Context, f *fault) {
	limit := f.Delay(10 * time.Minute)
	if !f.Until.IsZero() {
		limit = min(limit, time.Until(f.Until))
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-f.Done:
	case <-s.closed:
	case <-timer.C:
	}
}

// pace lets a chat take one post per delay and tells the true wait.
func (s *Server) pace(f *fault, c *call) *refusal {
	now := time.Now()
	next := f.paced[c.chatID]
	if now.Before(next) {
		s.countStrike(f)
		return tooMany(wholeSeconds(next.Sub(now)))
	}
	f.paced[c.chatID] = now.Add(f.Delay(time.Second))
	return nil
}

func wholeSeconds(d time.Duration) int { return max(int(math.Ceil(d.Seconds())), 1) }

// strikeAfter picks the fault that spoils the answer of a call that was accepted.
func (s *Server) strikeAfter(c *call, tookEffect bool) *fault {
	if !tookEffect {
		return nil
	}
	for _, f := range slices.Clone(s.faultList) {
		if (f.stage == stageAfter || f.stage == stageFile) && s.strikes(f, c) {
			c.rec.Fault, c.rec.Status = f.Kind, 0
			return f
		}
	}
	return nil
}

// spoil answers, or does not, a call that took effect.
func (s *Server) spoil(ctx context.Context, w http.ResponseWriter, f *fault, body []byte) {
	switch f.Kind {
	case control.HangAfter:
		s.hang(ctx, f)
		reset(w)
	case control.LateAfter:
		if s.wait(ctx, f.Delay(2*time.Second)) {
			write(w, http.StatusOK, body, nil)
		}
	case control.ServerErrAfter:
		writeRefusal(w, &refusal{code: 500, text: "Internal Server Error: restart"})
	case control.BadGateAfter:
		writePage(w, http.StatusBadGateway, "text/html", gatewayPage)
	case control.HalfAnswer:
		writeHalf(w, body)
	case control.NotJSON:
		writePage(w, http.StatusOK, "text/plain", "it worked, but this is not what you expect")
	default:
		reset(w)
	}
}

// forgets says whether a fault makes the network lose an update for the bot.
func (s *Server) forgets(b *bot, chatID, thread int64) bool {
	c := call{bot: b, chatID: chatID, thread: thread, def: methodDef{changes: true}}
	return slices.ContainsFunc(slices.Clone(s.faultList), func(f *fault) bool {
		return f.Kind == control.Forget && s.strikes(f, &c)
	})
}

// checkRedelivery arms the repetition of what was confirmed, once per strike.
func (s *Server) checkRedelivery(c *call) {
	for _, f := range slices.Clone(s.faultList) {
		if f.Kind == control.Redeliver && (f.botID == 0 || f.botID == c.bot.user.id) && len(c.bot.queue.confirmed) > 0 && s.takesTurn(f) {
			s.redeliver[c.bot] = true
		}
	}
}
