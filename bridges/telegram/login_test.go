// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

func TestTroublesBecomeStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		polls, me http.HandlerFunc
		state     chat.AccountState
		code      string
	}{
		"out of reach":             {hangUp, hangUp, chat.Down, "network"},
		"server fails":             {say(502, "<html>"), say(502, "<html>"), chat.Down, "network"},
		"only updates are missing": {hangUp, nil, chat.Degraded, "cannot_receive"},
		"only updates fail":        {refusalOf(500, "Internal Server Error"), nil, chat.Degraded, "cannot_receive"},
		"another program polls":    {refusalOf(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"), nil, chat.Degraded, "conflict"},
		"too fast":                 {say(429, `{"ok":false,"error_code":429,"parameters":{"retry_after":1}}`), nil, chat.Degraded, "rate_limited"},
		"token was revoked":        {refusalOf(401, "Unauthorized"), nil, chat.BadCredentials, "bad_token"},
		"polls are refused":        {refusalOf(400, "Bad Request: wrong"), nil, chat.Degraded, "cannot_receive"},
		"a page of somebody else":  {say(200, "<html>"), say(200, "<html>"), chat.Down, "network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t).connected(t)
			l.on("getMe", c.me)
			l.on("getUpdates", c.polls)
			l.wakePolls()
			l.untilState(t, c.state, c.code)
			l.on("getMe", nil)
			l.on("getUpdates", nil)
			l.connected(t)
			l.push(textUpdate(10, 1, "back"))
			l.untilText(t, "back")
		})
	}
}

// wakePolls ends the poll that waits.
func (s *server) wakePolls() { s.CloseClientConnections() }

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestOneFailedPollSaysNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t).connected(t)
	var once atomic.Bool
	l.on("getUpdates", func(w http.ResponseWriter, r *http.Request) {
		if !once.Swap(true) {
			panic(http.ErrAbortHandler)
		}
		l.poll(w, r, request{args: readArgs(r)})
	})
	l.wakePolls()
	l.push(textUpdate(10, 1, "a"))
	l.untilText(t, "a")
	for _, st := range l.told() {
		if !st.State.Sends() {
			t.Errorf("%+v", st)
		}
	}
}

func TestWebhookIsRemovedWhenItStandsInTheWay(t *testing.T) {
	t.Parallel()
	l := newLab(t).connected(t)
	l.on("getUpdates", func(w http.ResponseWriter, r *http.Request) {
		if l.count("deleteWebhook") < 2 {
			refusalOf(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")(w, r)
			return
		}
		l.poll(w, r, request{args: readArgs(r)})
	})
	l.wakePolls()
	l.push(textUpdate(10, 1, "a"))
	l.untilText(t, "a")
	l.connected(t)
}

func TestLoginWaitsForWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		state  chat.AccountState
		code   string
	}{
		"bad token":    {refusalOf(401, "Unauthorized"), chat.BadCredentials, "bad_token"},
		"no such bot":  {refusalOf(404, "Not Found"), chat.BadCredentials, "bad_token"},
		"out of reach": {hangUp, chat.Down, "network"},
		"not Telegram": {say(200, "<html>hello</html>"), chat.Down, "network"},
		"too fast":     {say(429, `{"ok":false,"error_code":429,"parameters":{"retry_after":1}}`), chat.Degraded, "rate_limited"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, func(l *lab) { l.on("getMe", c.answer) })
			l.untilState(t, c.state, c.code)
			l.on("getMe", nil)
			l.connected(t)
		})
	}
}

func TestPairingTellsWhetherTheTokenIsTaken(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(l *lab) {
		l.bridge.pauses.badToken = time.Hour
		l.on("getMe", refusalOf(401, "Unauthorized"))
	})
	l.until(t, "failed", func() bool { n := len(l.steps); return n > 0 && l.steps[n-1].Step == "failed" })
	l.on("getMe", nil)
	l.input <- pairInput // somebody tries again
	l.until(t, "done", func() bool { n := len(l.steps); return l.steps[n-1].Step == "done" })
}

func TestAccountWithoutATokenWaitsForOne(t *testing.T) {
	t.Parallel()
	for config, code := range map[string]string{`{}`: "no_token", `{"token":"1:x","proxy":"::"}`: "bad_config", `nonsense`: "bad_config"} {
		l := newLab(t, func(l *lab) { l.config = []byte(config) })
		l.untilState(t, chat.BadCredentials, code)
		if err := l.stop(); err != nil {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestPrivacyModeIsTold(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(l *lab) { l.getMe = strings.Replace(l.getMe, `:true}}`, `:false}}`, 1) })
	l.untilState(t, chat.Connected, "privacy_mode")
	member := func(id int, status string) string {
		return fmt.Sprintf(`{"update_id":%d,"my_chat_member":{"chat":{"id":-1001,"type":"supergroup"},"date":1,"from":{"id":5},"new_chat_member":{"status":%q}}}`, id, status)
	}
	l.push(member(10, "member"))
	l.untilState(t, chat.Degraded, "privacy_mode")
	l.push(member(11, "administrator"))
	l.untilState(t, chat.Connected, "privacy_mode")
}
