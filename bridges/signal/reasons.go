// SPDX-License-Identifier: Apache-2.0

package signal

import "github.com/causeway-chat/causeway/core/chat"

// The reasons that are about the account.
var (
	whyBadConfig = chat.Reason{Code: "bad_config", Sentence: "The account's number or rpc cannot be used.",
		Action: "Correct the account in the config; causeway check says what is wrong."}
	whyConnecting  = chat.Reason{Code: "connecting", Sentence: "Connecting to the signal-cli daemon."}
	whyUnreachable = chat.Reason{Code: "daemon_unreachable", Sentence: "The signal-cli daemon does not answer.",
		Action: "systemctl status signal-cli.socket signal-cli; the account's rpc must be the daemon's socket, and causeway's user in its group."}
	whyUnpaired = chat.Reason{Code: "not_linked", Sentence: "The signal-cli daemon does not have the account: it was never linked, or was unlinked on the phone.",
		Action: "Link it with causeway pair and the account's name; nothing is lost that waits here."}
	whyOutdated = chat.Reason{Code: "signal_cli_outdated", Sentence: "This version of signal-cli is too old for Signal's servers.",
		Action: "Update signal-cli to 0.14.7 or later and restart its service."}
	whyJournal = chat.Reason{Code: "journal_full", Sentence: "What Signal brings cannot be written down here, so nothing more is taken.",
		Action: "Make room on the disk of the data folder, or see why the router takes nothing; then it goes on by itself."}
	whyRateLimit = chat.Reason{Code: "rate_limited", Sentence: "Signal wants us to send more slowly."}
	whyCaptcha   = chat.Reason{Code: "captcha_wanted", Sentence: "Signal wants a captcha solved before it takes more from this account.",
		Action: "Run causeway pair with the account's name: it asks for the captcha. Without it Signal lets the account wait, up to a day."}
	whyIdentity = chat.Reason{Code: "safety_number_changed", Sentence: "The safety number of a member has changed, so messages to them wait.",
		Action: "Ask them whether they have a new phone; then run causeway pair with the account's name and accept the new number."}
	whyNotRunning = chat.Reason{Code: "not_connected", Sentence: "The account is not connected to the signal-cli daemon."}
)

// The reasons that are about a post.
var (
	whyBadChat    = chat.Reason{Code: "bad_chat", Sentence: "This is no id of a Signal group or person."}
	whyNoTarget   = chat.Reason{Code: "bad_message", Sentence: "The message that is meant has no id of Signal's."}
	whyEmpty      = chat.Reason{Code: "empty", Sentence: "The message says nothing."}
	whyTooLong    = chat.Reason{Code: "too_long", Sentence: "The text is longer than Signal takes."}
	whyAction     = chat.Reason{Code: "not_supported", Sentence: "Signal has no such thing."}
	whyNotEdit    = chat.Reason{Code: "not_editable", Sentence: "Signal lets texts alone be changed."}
	whyNotOwn     = chat.Reason{Code: "not_own", Sentence: "Signal lets only the author change a message."}
	whyTooOld     = chat.Reason{Code: "too_old", Sentence: "Signal lets a message be changed or deleted for 24 hours only."}
	whyEditOften  = chat.Reason{Code: "edited_too_often", Sentence: "Signal lets a message be changed 10 times only."}
	whyNotMember  = chat.Reason{Code: "not_member", Sentence: "The account is not a member of the group.", Action: "Add it to the group again."}
	whyMayNot     = chat.Reason{Code: "admins_only", Sentence: "Only admins may write in the group.", Action: "Make the account an admin, or let members write."}
	whyNoGroup    = chat.Reason{Code: "no_such_group", Sentence: "signal-cli knows no such group."}
	whyNoFile     = chat.Reason{Code: "file_missing", Sentence: "The file is not in the spool, or is not what the post says.", Action: "Send the message again."}
	whyEmptyFile  = chat.Reason{Code: "empty_file", Sentence: "The file is empty."}
	whyMediaKind  = chat.Reason{Code: "bad_media", Sentence: "Signal shows no such files, or not with a text or together."}
	whyBigFile    = chat.Reason{Code: "file_too_large", Sentence: "Without files_dir files of 10 MB at most can be handed to signal-cli.", Action: "Set files_dir to a folder that both users can read."}
	whyFilesDir   = chat.Reason{Code: "files_dir", Sentence: "The file cannot be put into files_dir.", Action: "Let causeway's user write there."}
	whyDenied     = chat.Reason{Code: "denied", Sentence: "signal-cli refused the message."}
	whyTrouble    = chat.Reason{Code: "signal_trouble", Sentence: "signal-cli could not reach Signal."}
	whyLost       = chat.Reason{Code: "answer_lost", Sentence: "signal-cli's answer got lost: the message may have been sent."}
	whyFragment   = chat.Reason{Code: "cut_off", Sentence: "A message did not come whole from signal-cli, which does not tell it again."}
	whyUndecipher = chat.Reason{Code: "undecryptable", Sentence: "A message came that signal-cli could not decrypt; its text is lost unless the sender's phone sends it again."}
)
