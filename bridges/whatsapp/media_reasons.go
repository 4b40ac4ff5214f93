// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import "github.com/causeway-chat/causeway/core/chat"

// The reasons that are about a post's files.
var (
	whyNoFile = chat.Reason{Code: "file_missing", Sentence: "The file is not in the spool, or is not what the post says.", Action: "Send the message again."}
	whyUpload = chat.Reason{Code: "upload_cut_off", Sentence: "The file did not get to WhatsApp whole, so the post was not sent."}
	whyAlbum  = chat.Reason{Code: "bad_media", Sentence: "WhatsApp shows no such files together."}
)
