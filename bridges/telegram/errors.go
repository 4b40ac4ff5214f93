// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// The reasons that this bridge gives. Codes are stable.
var (
	whyUnreachable = chat.Reason{Code: "network", Sentence: "Telegram cannot be reached.",
		Action: "Check the network of this machine, api_url and proxy."}
	whyCutOff  = chat.Reason{Code: "connection_lost", Sentence: "The connection to Telegram broke before it answered; the post may have been accepted."}
	whyTimeout = chat.Reason{Code: chat.CodeTimeout, Sentence: "Telegram did not answer in time; the post may have been accepted."}
	whyServer  = chat.Reason{Code: "server_error", Sentence: "Telegram's server failed; the post may have been accepted."}
	whyGarbled = chat.Reason{Code: "bad_answer", Sentence: "The answer to the post was not Telegram's; the post may have been accepted."}

	whyNotRunning = chat.Reason{Code: chat.CodeNotConnected, Sentence: "The account is not connected to Telegram."}
	whyRateLimit  = chat.Reason{Code: "rate_limited", Sentence: "Telegram asked to slow down."}
	whyConflict   = chat.Reason{Code: "conflict", Sentence: "Another program uses the bot's token, or a webhook is set.",
		Action: "Stop the other program, or give this account a bot of its own."}
	whyCredentials = chat.Reason{Code: "bad_token", Sentence: "Telegram refuses the bot's token.",
		Action: "Ask @BotFather for the token with /token and put it into the config."}
	whyNoToken = chat.Reason{Code: "no_token", Sentence: "The account has no bot token yet.",
		Action: "Get a token from @BotFather, then set token in the config."}
	whyBadConfig = chat.Reason{Code: "bad_config", Sentence: "The account's config cannot be used.",
		Action: "Run causeway check."}
	whyPrivacy = chat.Reason{Code: "privacy_mode",
		Sentence: "The bot's privacy mode is on: in groups where it is no admin it sees only commands and replies to itself.",
		Action:   "Write /setprivacy to @BotFather and choose Disable, then remove the bot from the group and add it again; or make it an admin."}
	whyAway = chat.Reason{Code: "away_too_long", Sentence: "We were away for more than 24 hours; Telegram keeps nothing for longer."}
	whyDeaf = chat.Reason{Code: "cannot_receive", Sentence: "Telegram takes posts, but gives us no messages at the moment."}

	whyMoved       = chat.Reason{Code: "chat_moved", Sentence: "The group became a supergroup and has a new id."}
	whyTopicClosed = chat.Reason{Code: "topic_closed", Sentence: "The topic is closed.", Action: "Reopen the topic, or make the bot an admin that may manage topics."}
	whyTopicGone   = chat.Reason{Code: "topic_gone", Sentence: "The topic does not exist any more.", Action: "Link another topic."}
	whyNoChat      = chat.Reason{Code: "chat_not_found", Sentence: "Telegram knows no such chat, or the bot never was in it.",
		Action: "Add the bot to the group, then resume the chat."}
	whyMuted     = chat.Reason{Code: "muted", Sentence: "The bot may not write in this chat.", Action: "Give the bot the right to send messages."}
	whyKicked    = chat.Reason{Code: "kicked", Sentence: "The bot was removed from the chat.", Action: "Add the bot to the group again."}
	whyNotMember = chat.Reason{Code: "not_member", Sentence: "The bot is not a member of the chat.", Action: "Add the bot to the group."}
	whyBlocked   = chat.Reason{Code: "blocked", Sentence: "The user has blocked the bot.", Action: "The user must start the bot again."}
	whyNoStart   = chat.Reason{Code: "not_started", Sentence: "The user has never written to the bot.", Action: "The user must write to the bot first."}
	whyDeleted   = chat.Reason{Code: "chat_deleted", Sentence: "The group was deleted."}
	whyUserGone  = chat.Reason{Code: "user_gone", Sentence: "The user's account was deleted."}
	whyForbidden = chat.Reason{Code: "forbidden", Sentence: "Telegram forbids the bot to write in this chat.", Action: "Check the bot's rights in the group."}

	whyTooLarge = chat.Reason{Code: "too_large", Sentence: "The post is too large for Telegram."}
	whyBadChat  = chat.Reason{Code: "bad_chat", Sentence: "This is no id of a Telegram chat.", Action: "Take the id from causeway chat ls."}
	whyNoTarget = chat.Reason{Code: "no_target", Sentence: "The post names no message of this chat."}
	whyNoMedia  = chat.Reason{Code: "not_supported", Sentence: "This bridge does not send files."}
	whyAction   = chat.Reason{Code: "not_supported", Sentence: "This bridge knows no such action."}
	whyInternal = chat.Reason{Code: "internal", Sentence: "The bridge could not build the request."}
)

// ruling is what an answer means: for the post, and for the chat or the account beyond it.
type ruling struct {
	outcome chat.Outcome
	// access, when set, is news about whether the chat can be written to.
	access *chat.Access
	// badToken says that the credentials were refused.
	badToken bool
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
	case x.timedOut:
		return chat.UncertainFor(whyTimeout)
	}
	return chat.UncertainFor(whyCutOff)
}

// acceptedHead is how each answer to an accepted post begins, to know one that was cut off.
var acceptedHead = regexp.MustCompile(`^\s*\{\s*"ok"\s*:\s*true\s*,\s*"result"\s*:\s*(?:\{\s*"message_id"\s*:\s*(\d{1,18})\s*[,}]|(true))`)

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

// answer is the envelope of every Bot API answer (https://core.telegram.org/bots/api#making-requests).
type answer struct {
	ok     bool
	code   int
	text   string
	params fields
	result []byte
}

func readAnswer(body []byte) (answer, bool) {
	f, ok := readFields(body, nil)
	if !ok || !f.has("ok") {
		return answer{}, false
	}
	return answer{
		ok: f.flag("ok"), code: int(f.number("error_code")), text: f.text("description"),
		params: f.object("parameters"), result: f.m["result"],
	}, true
}

func accepted(act chat.Action, result []byte) chat.Outcome {
	msg, _ := readFields(result, nil)
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

func refusal(act chat.Action, a answer, x *exchange) ruling {
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
	case act == chat.ActEdit && says("message is not modified"), act == chat.ActDelete && says("message to delete not found"):
		return ruling{outcome: chat.DeliveredAs()}
	case says("chat not found"):
		return hold(denied(whyNoChat))
	case says("group chat was upgraded"):
		return hold(denied(whyMoved))
	case says("TOPIC_CLOSED"):
		return hold(denied(whyTopicClosed))
	case says("not enough rights to send"), says("have no rights to send"), says("CHAT_WRITE_FORBIDDEN"), says("need administrator rights in the channel"):
		return hold(denied(whyMuted))
	case says("message thread not found"), says("TOPIC_DELETED"):
		return ruling{outcome: chat.RefusedFor(whyTopicGone), access: &chat.Access{Gone: true, Why: whyTopicGone}}
	}
	return ruling{outcome: chat.RefusedFor(refused(a.text))}
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
	return chat.Reason{Code: "refused", Sentence: "Telegram refused the post: " + shorten(text, 160) + "."}
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
	sec = min(max(sec, 0), int64(maxRetryAfter/time.Second))
	return max(time.Duration(sec)*time.Second, minRetryAfter)
}
