// SPDX-License-Identifier: Apache-2.0

package telegram

import "github.com/causeway-chat/causeway/core/chat"

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
	whySlowMode   = chat.Reason{Code: "slow_mode", Sentence: "The group is in slow mode: it takes one message of each member in a time.",
		Action: "Make the bot an admin, whom slow mode does not bind, or end the group's slow mode."}
	whyConflict = chat.Reason{Code: "conflict", Sentence: "Another program uses the bot's token, or a webhook is set.",
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
	whyTooLong  = chat.Reason{Code: "too_long", Sentence: "The text is longer than Telegram allows."}
	whyEmpty    = chat.Reason{Code: "empty", Sentence: "The post says nothing."}
	whyBadPoll  = chat.Reason{Code: "bad_poll", Sentence: "Telegram takes no such poll: its question or an option is too long, or there are too few or too many options."}
	whyEmoji    = chat.Reason{Code: "bad_reaction", Sentence: "Bots cannot react with this emoji."}
	whyBadChat  = chat.Reason{Code: "bad_chat", Sentence: "This is no id of a Telegram chat.", Action: "Take the id from causeway chat ls."}
	whyNoTarget = chat.Reason{Code: "no_target", Sentence: "The post names no message of this chat."}
	whyFixed    = chat.Reason{Code: "not_editable", Sentence: "Telegram does not let this kind of message be changed."}
	whyAction   = chat.Reason{Code: "not_supported", Sentence: "This bridge knows no such action."}
	whyInternal = chat.Reason{Code: "internal", Sentence: "The bridge could not build the request."}
)

// The reasons that are about files.
var (
	whyNoFile = chat.Reason{Code: "file_missing", Sentence: "The file is not in the spool, or is not what the post says.",
		Action: "Send the message again."}
	whyEmptyFile  = chat.Reason{Code: "empty_file", Sentence: "The file is empty; Telegram takes no such files."}
	whyMediaKind  = chat.Reason{Code: "bad_media", Sentence: "Telegram shows no such files together, or not with a text."}
	whyBadPicture = chat.Reason{Code: "bad_picture", Sentence: "Telegram does not take the file for a picture."}
	whyNoVoice    = chat.Reason{Code: "no_voice", Sentence: "The user takes no voice and video messages."}
	whyBadFile    = chat.Reason{Code: "bad_file", Sentence: "Telegram could not read the file."}
	whyUploadCut  = chat.Reason{Code: "upload_cut_off", Sentence: "The file did not get to Telegram whole, so the post was not sent."}
	whyBarred     = chat.Reason{Code: "kind_not_allowed", Sentence: "The group does not let the bot send messages of this kind.",
		Action: "Give the bot the right to send them; else what it cannot show is named in a line."}
)
