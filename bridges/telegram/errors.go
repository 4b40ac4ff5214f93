// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// ruling is what an answer means: for the post, and for the chat or the account beyond it.
type ruling struct {
	outcome chat.Outcome
	// access, when set, is news about whether the chat can be written to.
	access *chat.Access
	// badToken says that the credentials were refused.
	badToken bool
	// barred, when set, is what the chat does not let us send, in Telegram's word.
	barred string
	// badEmoji says that the chat does not take the reaction.
	badEmoji bool
	// slow says that the chat is in slow mode and took none of several messages.
	slow bool
}

// rule reads what became of a call from the raw answer. The library's own decoding is not asked: it fails on whatever
// is newer than itself, also after Telegram has accepted the post.
func rule(act chat.Action, x *exchange) ruling {
	if !x.built {
		return ruling{outcome: chat.RefusedFor(whyInternal)}
	}
	if x.status == 0 {
		return ruling{outcome: unanswered(x)}
	}
	a, ok := readAnswer(x.body)
	switch {
	case x.status == 413: // also of a proxy in between, which speaks no JSON
		return ruling{outcome: chat.RefusedFor(whyTooLarge)}
	case x.unfinished && (!ok || a.code >= 500):
		return ruling{outcome: chat.RetryAfter(0, chat.ScopeChat, whyUploadCut)}
	case !ok:
		return ruling{outcome: undecodable(act, x)}
	case a.ok:
		return ruling{outcome: accepted(act, a.result)}
	case a.code >= 500:
		return ruling{outcome: chat.UncertainFor(whyServer)}
	}
	return refusal(act, a, x)
}

// unanswered separates what certainly never left this machine from the rest.
func unanswered(x *exchange) chat.Outcome {
	switch {
	case !x.written:
		return chat.RetryAfter(0, chat.ScopeAccount, whyUnreachable)
	case x.unfinished:
		return chat.RetryAfter(0, chat.ScopeChat, whyUploadCut)
	case x.timedOut:
		return chat.UncertainFor(whyTimeout)
	}
	return chat.UncertainFor(whyCutOff)
}

// acceptedHead is how each answer to an accepted post begins, to know one that was cut off, and albumHead that to an album.
var (
	acceptedHead = regexp.MustCompile(`^\s*\{\s*"ok"\s*:\s*true\s*,\s*"result"\s*:\s*(?:\{\s*"message_id"\s*:\s*(\d{1,18})\s*[,}]|(true))`)
	albumHead    = regexp.MustCompile(`^\s*\{\s*"ok"\s*:\s*true\s*,\s*"result"\s*:\s*\[`)
	itemHead     = regexp.MustCompile(`^[\s,]*\{\s*"message_id"\s*:\s*(\d{1,18})\s*[,}]`)
)

// undecodable rules on an answer that is no Bot API object: cut off, or somebody else's page.
func undecodable(act chat.Action, x *exchange) chat.Outcome {
	switch m := acceptedHead.FindSubmatch(x.body); {
	case m == nil || x.status != 200:
		break
	case act != chat.ActSend:
		return chat.DeliveredAs()
	case len(m[1]) > 0:
		return chat.DeliveredAs(chat.RemoteMessage(m[1]))
	}
	if ids := albumSoFar(x.body); x.status == 200 && act == chat.ActSend && len(ids) > 0 {
		return chat.DeliveredAs(ids...)
	}
	switch {
	case x.status >= 500:
		return chat.UncertainFor(whyServer)
	case x.timedOut:
		return chat.UncertainFor(whyTimeout)
	case x.err != nil:
		return chat.UncertainFor(whyCutOff)
	}
	return chat.UncertainFor(whyGarbled)
}

// albumSoFar reads the ids of an album from an answer that was cut off: all of the album was accepted.
func albumSoFar(body []byte) (ids []chat.RemoteMessage) {
	head := albumHead.FindIndex(body)
	if head == nil {
		return nil
	}
	rest := body[head[1]:]
	for {
		m := itemHead.FindSubmatch(rest)
		if m == nil {
			return ids
		}
		ids = append(ids, chat.RemoteMessage(m[1]))
		d := json.NewDecoder(bytes.NewReader(bytes.TrimLeft(rest, " \t\r\n,")))
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return ids
		}
		rest = bytes.TrimLeft(rest, " \t\r\n,")[d.InputOffset():]
	}
}

// answer is the envelope of every Bot API answer (https://core.telegram.org/bots/api#making-requests).
type answer struct {
	ok     bool
	code   int
	text   string
	params fields
	result []byte // nil: none
}

func readAnswer(body []byte) (answer, bool) {
	f, ok := readFields(body, nil)
	if !ok || !f.has("ok") {
		return answer{}, false
	}
	return answer{
		ok: f.flag("ok"), code: int(f.number("error_code")), text: f.text("description"),
		params: f.object("parameters"), result: f.raw("result"),
	}, true
}

func accepted(act chat.Action, result []byte) chat.Outcome {
	if album, ok := splitArray(result); ok && act == chat.ActSend && len(album) > 0 {
		return acceptedAlbum(album)
	}
	return acceptedOne(act, result)
}

func acceptedOne(act chat.Action, result []byte) chat.Outcome {
	msg, _ := partFields(result, nil)
	id := msg.number("message_id")
	if id == 0 {
		if act == chat.ActSend { // accepted, but nothing says as what
			return chat.UncertainFor(whyGarbled)
		}
		return chat.DeliveredAs()
	}
	out := chat.DeliveredAs()
	if act == chat.ActSend { // an edit keeps its id
		out.IDs = []chat.RemoteMessage{remoteMessage(id)}
	}
	out.At = unixTime(max(msg.number("date"), msg.number("edit_date")))
	return out
}

// acceptedAlbum has one id for each item, in order.
func acceptedAlbum(album []json.RawMessage) chat.Outcome {
	out := chat.DeliveredAs()
	for _, raw := range album {
		one := acceptedOne(chat.ActSend, raw)
		if one.Kind != chat.Delivered || len(one.IDs) != 1 {
			return chat.UncertainFor(whyGarbled)
		}
		out.IDs, out.At = append(out.IDs, one.IDs[0]), one.At
	}
	return out
}

// refusal reads an answer that is not ok. Of an album it may tell which item is the reason, if that lies in its file.
func refusal(act chat.Action, a answer, x *exchange) ruling {
	var item int
	a.text, item = apart(a.text)
	r := judge(act, a, x)
	if r.outcome.Kind == chat.Refused && aboutFile(r.outcome.Why) {
		r.outcome.Item = item
	}
	return r
}

// itemFailed is how an album is refused for the sake of one item; the words inside are those that it would get alone.
var itemFailed = regexp.MustCompile(`^Bad Request: failed to send message #(\d{1,2}) with the error message "(.+)"$`)

func apart(text string) (plain string, item int) {
	m := itemFailed.FindStringSubmatch(text)
	if m == nil {
		return text, 0
	}
	item, _ = strconv.Atoi(m[1])
	if len(m[2]) > 1 && strings.ToUpper(m[2]) != m[2] { // codes in capitals stay
		m[2] = strings.ToLower(m[2][:1]) + m[2][1:]
	}
	return "Bad Request: " + m[2], item
}

func aboutFile(why chat.Reason) bool {
	return slices.ContainsFunc(fileReasons, func(f fileWords) bool { return f.why.Code == why.Code })
}

func judge(act chat.Action, a answer, x *exchange) ruling {
	switch a.code {
	case 400:
		return badRequest(act, a)
	case 401:
		return badToken()
	case 403:
		return hold(forbidden(a.text))
	case 404:
		if a.text == "Not Found" { // the token; an unknown method says "Not Found: method not found"
			return badToken()
		}
	case 409:
		return ruling{outcome: chat.RetryAfter(5*time.Second, chat.ScopeAccount, whyConflict)}
	case 413:
		return ruling{outcome: chat.RefusedFor(whyTooLarge)}
	case 420, 429:
		return ruling{outcome: chat.RetryAfter(x.retryAfter(a), chat.ScopeChat, whyRateLimit)}
	}
	return ruling{outcome: chat.RefusedFor(refused(a.text))}
}

func badToken() ruling {
	return ruling{outcome: chat.RetryAfter(0, chat.ScopeAccount, whyCredentials), badToken: true}
}

func hold(access chat.Access) ruling {
	return ruling{outcome: chat.HoldChat(access.Why), access: &access}
}

func badRequest(act chat.Action, a answer) ruling {
	says := func(part string) bool { return strings.Contains(a.text, part) }
	if to := a.params.number("migrate_to_chat_id"); to != 0 {
		out := chat.RetryAfter(0, chat.ScopeChat, whyMoved)
		out.MovedTo = remoteChat(to, 0)
		return ruling{outcome: out}
	}
	switch {
	case act == chat.ActEdit && (says("message is not modified") || says("poll has already been closed")), act == chat.ActDelete && says("message to delete not found"):
		return ruling{outcome: chat.DeliveredAs()}
	case says("chat not found"):
		return hold(denied(whyNoChat))
	case says("group chat was upgraded"):
		return hold(denied(whyMoved))
	case says("TOPIC_CLOSED"):
		return hold(denied(whyTopicClosed))
	case act == chat.ActReact && says("REACTION_INVALID"):
		return ruling{outcome: chat.RefusedFor(refused(a.text)), badEmoji: true}
	case barredKind(a.text) != "":
		return ruling{outcome: chat.RefusedFor(whyBarred), barred: barredKind(a.text)}
	case says("not enough rights to send"), says("have no rights to send"), says("CHAT_WRITE_FORBIDDEN"), says("need administrator rights in the channel"):
		return hold(denied(whyMuted))
	case says("message thread not found"), says("TOPIC_DELETED"):
		return ruling{outcome: chat.RefusedFor(whyTopicGone), access: &chat.Access{Gone: true, Why: whyTopicGone}}
	}
	if slowWords(a.text) { // rendered anew it goes in posts of one message each
		return ruling{outcome: chat.RetryAfter(barredPause, chat.ScopeChat, whySlowMode), slow: true}
	}
	if sec := slowMode.FindStringSubmatch(a.text); sec != nil {
		n, _ := strconv.ParseInt(sec[1], 10, 64)
		return ruling{outcome: chat.RetryAfter(boundWait(n), chat.ScopeChat, whyRateLimit)}
	}
	return ruling{outcome: chat.RefusedFor(fileReason(a.text))}
}

// slowMode is a wait that is told by its text alone.
var slowMode = regexp.MustCompile(`(?:SLOWMODE|FLOOD)_WAIT_(\d{1,9})`)

// fileWords are the words by which Telegram says what is wrong with a file.
type fileWords struct {
	why   chat.Reason
	parts []string
}

var fileReasons = []fileWords{
	{whyBadPicture, []string{"PHOTO_INVALID", "IMAGE_PROCESS_FAILED", "PHOTO_EXT_INVALID", "PHOTO_SAVE_FILE_INVALID"}},
	{whyNoVoice, []string{"VOICE_MESSAGES_FORBIDDEN", "restricted receiving of vo", "restricted receiving of video notes"}},
	{whyEmptyFile, []string{"file must be non-empty"}},
	{whyTooLarge, []string{"file is too big", "FILE_TOO_BIG"}},
	{whyBadFile, []string{"wrong file identifier", "wrong remote file", "wrong type of the web page", "failed to get HTTP URL", "FILE_PARTS_INVALID", "MEDIA_INVALID"}},
}

// fileReason finds what is wrong with a file, or tells the refusal as it is.
func fileReason(text string) chat.Reason {
	for _, f := range fileReasons {
		if slices.ContainsFunc(f.parts, func(part string) bool { return strings.Contains(text, part) }) {
			return f.why
		}
	}
	return refused(text)
}

// forbidden reads why a chat is closed to us.
func forbidden(text string) chat.Access {
	for _, f := range []struct {
		part string
		why  chat.Reason
		gone bool
	}{
		{"kicked", whyKicked, false},
		{"not a member", whyNotMember, false},
		{"was deleted", whyDeleted, true},
		{"blocked by the user", whyBlocked, false},
		{"deactivated", whyUserGone, true},
		{"initiate conversation", whyNoStart, false},
		{"not enough rights", whyMuted, false},
	} {
		if strings.Contains(text, f.part) {
			return chat.Access{Why: f.why, Gone: f.gone}
		}
	}
	return denied(whyForbidden)
}

// refused tells what Telegram said of a post; its words are about the form of a call and hold nothing of its content.
func refused(text string) chat.Reason {
	text = strings.TrimPrefix(text, "Bad Request: ")
	if text == "" {
		text = "no reason given"
	}
	return chat.Reason{Code: "refused", Sentence: "Telegram refused the post: " + chat.Shorten(text, 160) + "."}
}

// Bounds of a wait that a rate limit asks for. The least is used when it does not say.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 24 * time.Hour
)

// retryAfter reads the wait from the parameters or the header.
func (x *exchange) retryAfter(a answer) time.Duration {
	sec := a.params.number("retry_after")
	if sec <= 0 {
		sec, _ = strconv.ParseInt(x.header, 10, 64)
	}
	return boundWait(sec)
}

func boundWait(sec int64) time.Duration {
	sec = min(max(sec, 0), int64(maxRetryAfter/time.Second))
	return max(time.Duration(sec)*time.Second, minRetryAfter)
}
