// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// gate says why Telegram would refuse a post whatever happens. The router keeps to the same limits; here nothing passes that
// makes a request which can never succeed.
func gate(p chat.Post) chat.Reason {
	switch p.Action {
	case chat.ActSend, chat.ActEdit:
		return gateContent(p)
	case chat.ActReact:
		if len(p.Emoji) > 0 && !slices.Contains(reactions, plainEmoji(p.Emoji[0])) {
			return whyEmoji
		}
	}
	return chat.Reason{}
}

func gateContent(p chat.Post) chat.Reason {
	limit := textLimit
	if len(p.Media) > 0 {
		limit = captionLimit
	}
	other := p.Place != nil || p.Contact != nil || p.Poll != nil
	switch {
	case !limit.Fits(p.Text.Body):
		return whyTooLong
	case len(p.Media) == 0 && !other && strings.TrimSpace(p.Text.Body) == "":
		return whyEmpty
	case p.Poll != nil && p.Action == chat.ActSend && !pollSupport.Fits(*p.Poll):
		return whyBadPoll
	}
	return chat.Reason{}
}
