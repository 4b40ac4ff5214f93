// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// gateKeeper says why WhatsApp would refuse a post whatever happens, or its apps would not show it. The router keeps to the
// same limits.
func gateKeeper(p chat.Post, can chat.Capabilities) chat.Reason {
	if p.Action != chat.ActSend && p.Action != chat.ActEdit {
		return chat.Reason{}
	}
	other := p.Place != nil || p.Contact != nil || p.Poll != nil
	switch {
	case len(p.Media) == 0 && !other && strings.TrimSpace(p.Text.Body) == "":
		return whyEmpty
	case !can.Text.Fits(p.Text.Body):
		return whyTooLong
	case p.Place != nil && p.Place.Live > 0 && !can.Place.Live.Native():
		return whyMoves
	case p.Poll != nil && p.Action == chat.ActSend && !can.Poll.Fits(*p.Poll):
		return whyBadPoll
	case p.Action == chat.ActSend && !together(p.Media):
		return whyAlbum
	}
	return chat.Reason{}
}
