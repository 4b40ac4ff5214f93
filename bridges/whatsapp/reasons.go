// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"fmt"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// The reasons that are about the account. Codes are stable.
var (
	whyUnreachable = chat.Reason{Code: "network", Sentence: "WhatsApp cannot be reached.",
		Action: "Check the network of this machine and proxy."}
	whyCertificate = chat.Reason{Code: "bad_certificate", Sentence: "What answers for WhatsApp cannot prove that it is WhatsApp.",
		Action: "Somebody may be listening in on this network, or this machine's clock is wrong. Check both; nothing was sent."}
	whyCut = chat.Reason{Code: "connection_lost", Sentence: "The connection to WhatsApp broke; the bridge connects again."}
	whyMum = chat.Reason{Code: "no_answer", Sentence: "WhatsApp does not answer at the moment."}

	whyDamaged = chat.Reason{Code: "damaged", Sentence: "What came from WhatsApp was damaged; the bridge connects again.",
		Action: "If this stays, look at the proxy and at what else stands between this machine and WhatsApp. Nothing is lost."}

	whyConnecting = chat.Reason{Code: "connecting", Sentence: "The bridge connects to WhatsApp."}

	whyUnpaired = chat.Reason{Code: "not_paired", Sentence: "The account is not linked to a phone yet.",
		Action: "Run causeway pair with the account's name. " + careful}
	whyPairing   = chat.Reason{Code: "pairing", Sentence: "The account waits for its phone to link it.", Action: "Follow what causeway pair shows."}
	whyLoggedOut = chat.Reason{Code: "logged_out", Sentence: "The phone has unlinked this device.",
		Action: "Run causeway pair with the account's name. What was to be sent waits until then."}
	whyLocked = chat.Reason{Code: "account_locked", Sentence: "WhatsApp has locked the account, or it has moved to another phone.",
		Action: "Look at WhatsApp on the phone; when it works there, run causeway pair with the account's name."}
	whyBanned = chat.Reason{Code: "banned", Sentence: "WhatsApp has banned the account.",
		Action: "Ask for a review in WhatsApp on the phone; or pair another number with causeway pair."}
	whyReplaced = chat.Reason{Code: "replaced", Sentence: "Another process has connected with this account's keys.",
		Action: "Stop it; two processes on one key store break encryption. Then restart the router."}
	whyOutdated = chat.Reason{Code: "client_outdated", Sentence: "WhatsApp takes this version of the bridge no longer.",
		Action: "Update Causeway. Until there is an update, set client_version: latest for the account and restart the router."}
	whyPhoneUnseen = chat.Reason{Code: "phone_unseen", Sentence: "The phone has not been online for 12 days; after 14 WhatsApp unlinks this device.",
		Action: "Open WhatsApp on the phone."}
	whyReachOut = chat.Reason{Code: "reach_out_lock", Sentence: "WhatsApp keeps the account from writing to people who never wrote to it; groups go on.",
		Action: "Write to no strangers; the lock ends by itself."}
	whyBadConfig = chat.Reason{Code: "bad_config", Sentence: "The account's config cannot be used.", Action: "Run causeway check."}
	whyNoStore   = chat.Reason{Code: "session_store", Sentence: "The account's session files cannot be used.",
		Action: "See the log; make room on the disk, and the bridge goes on within a minute. Never put an old copy of them in place: pair anew instead."}
)

// careful is what somebody should know before they link an account.
const careful = "Use a number that you can lose, some weeks old and not from an internet provider: WhatsApp allows no unofficial " +
	"clients and may ban it. Its phone must go online at least every 14 days."

// whyTempBan tells of a ban and its end.
func whyTempBan(end time.Time) chat.Reason {
	return chat.Reason{Code: "temp_ban", Sentence: fmt.Sprintf("WhatsApp has banned the account until %s.", end.UTC().Format("2006-01-02 15:04 MST")),
		Action: "Wait; the bridge connects by itself when the ban is over. Post less and write to no strangers."}
}

// whyRefused tells of a refusal that we know no more of.
func whyRefused(code int) chat.Reason {
	return chat.Reason{Code: fmt.Sprintf("connect_failure_%d", code), Sentence: fmt.Sprintf("WhatsApp refuses the connection with code %d.", code),
		Action: "The bridge tries again every 10 minutes. If this stays, look for an update of Causeway."}
}

// The reasons that are about a post.
var (
	whyNotRunning = chat.Reason{Code: chat.CodeNotConnected, Sentence: "The account is not connected to WhatsApp."}
	whyBusy       = chat.Reason{Code: "busy", Sentence: "Other messages were still being sent; this one was not."}
	whyTimeout    = chat.Reason{Code: chat.CodeTimeout, Sentence: "WhatsApp did not answer in time; the post may have been accepted."}
	whyCutOff     = chat.Reason{Code: "connection_lost", Sentence: "The connection to WhatsApp broke before it answered; the post may have been accepted."}
	whyNotSent    = chat.Reason{Code: "not_sent", Sentence: "The post could not be made ready to be sent."}
	whyRateLimit  = chat.Reason{Code: "rate_limited", Sentence: "WhatsApp asked to slow down."}
	whyServer     = chat.Reason{Code: "server_error", Sentence: "WhatsApp's server could not take the post."}
	whyNotMember  = chat.Reason{Code: "not_member", Sentence: "The account may not write in the group: it is no member, or only admins may.",
		Action: "Add the account to the group, or make it an admin."}
	whyNoChat       = chat.Reason{Code: "chat_not_found", Sentence: "WhatsApp knows no such chat."}
	whyBadChat      = chat.Reason{Code: "bad_chat", Sentence: "This is no id of a WhatsApp chat.", Action: "Take the id from causeway chat ls."}
	whyNoTarget     = chat.Reason{Code: "no_target", Sentence: "The post names no message of this chat."}
	whyNotOurs      = chat.Reason{Code: "not_editable", Sentence: "WhatsApp lets nobody change the messages of others."}
	whyFixed        = chat.Reason{Code: "not_editable", Sentence: "WhatsApp does not let this kind of message be changed."}
	whyAction       = chat.Reason{Code: "not_supported", Sentence: "This bridge knows no such action."}
	whyNotSupported = chat.Reason{Code: "not_supported", Sentence: "This bridge cannot send such a post."}
	whyEmpty        = chat.Reason{Code: "empty", Sentence: "The post says nothing."}
	whyTooLong      = chat.Reason{Code: "too_large", Sentence: "The post is too large for WhatsApp."}
	whyMoves        = chat.Reason{Code: "not_supported", Sentence: "The bridge cannot send a place that moves."}
	whyBadPoll      = chat.Reason{Code: "bad_poll", Sentence: "WhatsApp takes no poll with so many options, or with such long words."}
	whyDisk         = chat.Reason{Code: "session_store", Sentence: "The post could not be kept for phones that ask for it again, so it was not sent.",
		Action: "Make room on the disk."}
)

// whyCode tells of a refusal of a post that we know no more of.
func whyCode(code int) chat.Reason {
	return chat.Reason{Code: fmt.Sprintf("refused_%d", code), Sentence: fmt.Sprintf("WhatsApp refuses the post with code %d.", code)}
}
