// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"strings"
)

// methodDef is one method of the Bot API.
type methodDef struct {
	name    string
	posts   bool // makes a message
	edits   bool // changes one
	changes bool // changes anything that people see
	run     func(s *Server, c *call) (any, *refusal)
}

// methods are those that the server knows, by lower-case name.
var methods = methodTable(slices.Concat(fileMethods(), otherMethods(), []methodDef{
	{name: "getUpdates"}, // served apart, because it waits
	{name: "getMe", run: (*Server).getMe},
	{name: "setWebhook", run: (*Server).setWebhook},
	{name: "deleteWebhook", run: (*Server).deleteWebhook},
	{name: "getWebhookInfo", run: (*Server).getWebhookInfo},
	{name: "setMyCommands", run: (*Server).setMyCommands},
	{name: "deleteMyCommands", run: (*Server).deleteMyCommands},
	{name: "getMyCommands", run: (*Server).getMyCommands},
	{name: "getChat", run: (*Server).getChat},
	{name: "getChatMember", run: (*Server).getChatMember},
	{name: "getChatMemberCount", run: (*Server).getChatMemberCount},
	{name: "getChatAdministrators", run: (*Server).getChatAdministrators},
	{name: "leaveChat", changes: true, run: (*Server).leaveChat},
	{name: "sendMessage", posts: true, changes: true, run: (*Server).sendMessage},
	{name: "sendChatAction", run: (*Server).sendChatAction},
	{name: "editMessageText", edits: true, changes: true, run: (*Server).editMessageText},
	{name: "editMessageCaption", edits: true, changes: true, run: (*Server).editMessageCaption},
	{name: "editMessageReplyMarkup", edits: true, changes: true, run: (*Server).editMessageReplyMarkup},
	{name: "deleteMessage", changes: true, run: (*Server).deleteMessage},
	{name: "deleteMessages", changes: true, run: (*Server).deleteMessages},
	{name: "setMessageReaction", changes: true, run: (*Server).setMessageReaction},
	{name: "createForumTopic", changes: true, run: (*Server).createForumTopic},
	{name: "editForumTopic", changes: true, run: (*Server).editForumTopic},
	{name: "closeForumTopic", changes: true, run: (*Server).closeForumTopic},
	{name: "reopenForumTopic", changes: true, run: (*Server).reopenForumTopic},
	{name: "deleteForumTopic", changes: true, run: (*Server).deleteForumTopic},
	{name: "sendMediaGroup", posts: true, changes: true, run: (*Server).sendMediaGroup},
	{name: "getFile", run: (*Server).getFile},
}))

// unknownMethod stands for all others.
var unknownMethod = methodDef{name: "unknown", run: func(*Server, *call) (any, *refusal) { return nil, errNoMethod }}

func methodTable(list []methodDef) map[string]methodDef {
	out := make(map[string]methodDef, len(list))
	for _, m := range list {
		out[strings.ToLower(m.name)] = m
	}
	return out
}
