// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"math"
	"net/http"
	"strconv"
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

var faultStages = control.Kinds[stage]{
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
}

func (s *Server) setFault(_ context.Context, in control.Fault) (control.FaultReply, error) {
	st, err := faultStages.Stage(in.Kind)
	if err != nil {
		return control.FaultReply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{Armed: control.Armed{Fault: in}, stage: st}
	if err := s.aim(f); err != nil {
		return control.FaultReply{}, err
	}
	if in.Kind == control.RestartIDs {
		s.faults.Once(f)
		s.restartIDs(f)
		return control.FaultReply{Fault: f.ID}, nil
	}
	if err := s.faults.Set(f); err != nil {
		return control.FaultReply{}, err
	}
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

// means says whether the fault is one of a bot.
func (f *fault) means(b *bot) bool { return f.botID == 0 || f.botID == b.user.id }

func (s *Server) restartIDs(f *fault) {
	for _, b := range s.botList {
		if f.means(b) {
			next := 1 + s.rng.Int64N(1<<29)
			if gap := next - b.queue.nextID; gap > -200_000 && gap < 200_000 {
				next = b.queue.nextID + 1_000_000
			}
			b.queue.renumber(next)
			s.faults.Struck(f)
		}
	}
}

// matches says whether the fault means a call.
func (f *fault) matches(c *call) bool {
	chatID, thread := c.at()
	if !f.means(c.bot) || f.chatID != 0 && f.chatID != chatID || f.thread != 0 && f.thread != thread {
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
	for f := range s.faults.Live() {
		if !f.strikesBefore() || !f.matches(c) || !s.faults.Turn(f) {
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

// forever is how long a call hangs, which is longer than any client waits.
const forever = 10 * time.Minute

// hang holds a call until the client goes, the fault ends, its delay is over or the server closes.
func (s *Server) hang(ctx context.Context, f *fault) { f.Hang(forever, ctx.Done(), s.closed) }

// pace lets a chat take one post per delay and tells the true wait.
func (s *Server) pace(f *fault, c *call) *refusal {
	if left := s.faults.Pace(f, control.ChatID(strconv.FormatInt(c.chatID, 10))); left > 0 {
		return tooMany(wholeSeconds(left))
	}
	return nil
}

func wholeSeconds(d time.Duration) int { return max(int(math.Ceil(d.Seconds())), 1) }

// strikeAfter picks the fault that spoils the answer of a call that was accepted.
func (s *Server) strikeAfter(c *call, tookEffect bool) *fault {
	if !tookEffect {
		return nil
	}
	f := s.faults.First(func(f *fault) bool { return (f.stage == stageAfter || f.stage == stageFile) && f.matches(c) })
	if f != nil {
		c.rec.Fault, c.rec.Status = f.Kind, 0
	}
	return f
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
	return s.faults.First(func(f *fault) bool { return f.Kind == control.Forget && f.matches(&c) }) != nil
}

// checkRedelivery arms the repetition of what was confirmed, once per strike.
func (s *Server) checkRedelivery(c *call) {
	for f := range s.faults.Live() {
		if f.Kind == control.Redeliver && f.means(c.bot) && len(c.bot.queue.confirmed) > 0 && s.faults.Turn(f) {
			s.redeliver[c.bot] = true
		}
	}
}
