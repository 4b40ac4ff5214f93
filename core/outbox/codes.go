// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"

	"github.com/causeway-chat/causeway/core/chat"
)

// The codes that the outbox gives to deliveries and holds. Scripts and tables rely on them.
const (
	CodeDeleted           = "deleted"            // discarded: the message was deleted before it went out
	CodeErased            = "erased"             // discarded: the body is gone for good
	CodeExpired           = "expired"            // expired: the message has disappeared meanwhile
	CodeNotCaughtUp       = "not_caught_up"      // expired: said while the account was away, and the link catches up nothing
	CodeMessageGone       = "message_gone"       // discarded: the message is not known any more
	CodeTargetMissing     = "target_missing"     // discarded: the message never reached this chat
	CodeNotLinked         = "not_linked"         // discarded: the chat has left the room, or gives it messages and takes none
	CodeChatGone          = "chat_gone"          // refused: the chat will never take a post again
	CodeNothingToShow     = "nothing_to_show"    // refused: this network can show no part of it
	CodeTooLong           = "text_too_long"      // refused: a text is over the network's limit
	CodeMedia             = "media_unsupported"  // refused: the network does not take such a file
	CodeKind              = "kind_unsupported"   // refused: the network does not take such a place, contact or poll
	CodeEditUnsupported   = "edit_unsupported"   // discarded: the network knows no edits
	CodeDeleteUnsupported = "delete_unsupported" // refused: the copy stays
	CodeDeleteWindow      = "delete_window"      // refused: too late, the copy stays
	CodeDeleteShared      = "delete_shared"      // refused: it is one message with others there, and goes with the last of them
	CodeReactUnsupported  = "react_unsupported"  // discarded: the network knows no reactions
	CodePartRefused       = "part_refused"       // refused: one of several parts; the others went out
	CodeUncertainDropped  = "uncertain_dropped"  // discarded: it may have been delivered
	CodePoisonPost        = "poison_post"        // holds a lane: processes died with its post in flight
	codeNotSent           = "not_sent"           // a look-up's proof
)

var (
	reasonNotCaughtUp = chat.Reason{Code: CodeNotCaughtUp,
		Sentence: "It was said while the account could not be reached, and this link catches up nothing.",
		Action:   "Use queue retry to send it all the same, or room link with --catch-up all for the next time."}
	reasonShared   = chat.Reason{Code: CodeDeleteShared, Sentence: "It is one message with others there; it goes with the last of them."}
	reasonInternal = chat.Reason{Code: CodeInternal, Sentence: "Causeway failed while it prepared this message.",
		Action: "Report this with the log; the message is not tried again."}
	reasonDropped = chat.Reason{Code: CodeUncertainDropped,
		Sentence: "No answer came, so it may have been delivered. It is not repeated, by the link's setting or because it was deleted or has disappeared."}
	reasonPoison = chat.Reason{Code: CodePoisonPost, Sentence: "The bridge or the router died three times while it sent this post.",
		Action: "Look at the post, then use queue retry or queue drop."}
)

// partRefused says that one of several parts was refused while others still go out.
func partRefused(part int, why chat.Reason) chat.Reason {
	return chat.Reason{Code: CodePartRefused, Sentence: fmt.Sprintf("Part %d was refused: %s", part+1, why), Action: why.Action}
}

// lasting reports whether a reason stays with the delivery until its end and makes that a refusal.
func lasting(why chat.Reason) bool {
	switch why.Code {
	case CodePartRefused, CodeDeleteWindow, CodeDeleteUnsupported, CodeDeleteShared:
		return true
	}
	return false
}
