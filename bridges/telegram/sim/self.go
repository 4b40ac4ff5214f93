// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"net/url"
)

func (s *Server) getMe(c *call) (any, *refusal) {
	return apiMe{apiUser: c.bot.user.api(), CanJoinGroups: true, CanReadAllGroupMessages: c.bot.readAll}, nil
}

// setWebhook notes the address, which ends polling. Nothing is ever sent to it.
func (s *Server) setWebhook(c *call) (any, *refusal) {
	if c.args.get("url") == "" {
		return s.deleteWebhook(c)
	}
	u, err := url.Parse(c.args.get("url"))
	if err != nil || u.Host == "" {
		return nil, wrong("invalid webhook URL specified")
	}
	if u.Scheme != "https" {
		return nil, wrong("bad webhook: An HTTPS URL must be provided for webhook")
	}
	c.bot.setAllowed(c.args.get("allowed_updates"))
	c.bot.webhook = u.String()
	s.dropPending(c)
	if c.bot.poll != nil {
		s.endInConflict(c.bot, conflict("terminated by setWebhook request"))
	}
	return true, nil
}

func (s *Server) deleteWebhook(c *call) (any, *refusal) {
	c.bot.webhook = ""
	s.dropPending(c)
	return true, nil
}

// dropPending forgets what waits, if the call asks for that. What the bot was never given is a breach.
func (s *Server) dropPending(c *call) {
	if c.args.flag("drop_pending_updates") {
		s.confirmed(c, c.bot.queue.drop(len(c.bot.queue.list)))
	}
}

func (s *Server) getWebhookInfo(c *call) (any, *refusal) {
	return apiWebhookInfo{
		URL: c.bot.webhook, PendingUpdateCount: len(c.bot.queue.list), AllowedUpdates: c.bot.asked,
	}, nil
}

const maxCommands = 100

// setMyCommands checks the list and keeps it, whatever the scope.
func (s *Server) setMyCommands(c *call) (any, *refusal) {
	var list []apiCommand
	raw := c.args.get("commands")
	switch {
	case raw == "":
	case !json.Valid([]byte(raw)):
		return nil, wrong("can't parse commands JSON object")
	case json.Unmarshal([]byte(raw), &list) != nil:
		return nil, wrong("expected an Array of BotCommand")
	}
	if len(list) > maxCommands {
		return nil, wrong("BOT_COMMANDS_TOO_MUCH")
	}
	for _, command := range list {
		if ref := command.check(); ref != nil {
			return nil, ref
		}
	}
	c.bot.commands = list
	return true, nil
}

func (a apiCommand) check() *refusal {
	switch {
	case !commandShape.MatchString(a.Command):
		return wrong("BOT_COMMAND_INVALID")
	case a.Description == "" || len(a.Description) > 256:
		return wrong("BOT_COMMAND_DESCRIPTION_INVALID")
	}
	return nil
}

func (s *Server) deleteMyCommands(c *call) (any, *refusal) {
	c.bot.commands = nil
	return true, nil
}

func (s *Server) getMyCommands(c *call) (any, *refusal) {
	return append([]apiCommand{}, c.bot.commands...), nil
}
