// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"crypto/cipher"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/types"
)

// noSuchMedia is what a phone says that does not have a file any more.
const noSuchMedia = 2

// uploadAgain lets the phone upload the file of a message once more, for a linked device that could not download it.
func (s *Server) uploadAgain(d *device, n *node) {
	about := child(n, "rmr")
	if about == nil || s.event(PhoneAway, d, "") {
		return
	}
	answer := node{Tag: "notification", Attrs: attrs{
		"from": d.owner.pn, "id": text(n, "id"), "type": "mediaretry", "t": s.now().Unix(),
	}}
	if content := s.mediaAnswer(d, n, about); content != nil {
		answer.Content = []node{*content, *about}
	} else {
		answer.Content = []node{{Tag: "error", Attrs: attrs{"code": noSuchMedia}}, *about}
	}
	s.push(d, answer, nil)
}

// mediaAnswer is where the file is now, for the device's eyes alone; nil if the phone does not have it.
func (s *Server) mediaAnswer(d *device, n, about *node) *node {
	id := text(n, "id")
	m := s.mediaMessage(d.owner, about, id)
	if m == nil || m.raw == nil {
		return nil
	}
	c, _, _ := bodyOf(m.raw)
	if c.file == nil {
		return nil
	}
	key := aead(expand(c.file.GetMediaKey(), nil, "WhatsApp Media Retry Notification", 32))
	if !asksFor(key, child(n, "encrypt"), id) {
		return nil
	}
	path, _, _ := strings.Cut(c.file.GetDirectPath(), "&"+uploadedAgain)
	s.lastNotice++
	plain, err := proto.Marshal(&waMmsRetry.MediaRetryNotification{
		StanzaID: &id, Result: waMmsRetry.MediaRetryNotification_SUCCESS.Enum(),
		DirectPath: proto.String(path + "&" + uploadedAgain + "=" + strconv.FormatUint(s.lastNotice, 10)),
	})
	if err != nil {
		return nil
	}
	iv := randomBytes(12)
	return &node{Tag: "encrypt", Content: []node{
		{Tag: "enc_p", Content: key.Seal(nil, iv, plain, []byte(id))}, {Tag: "enc_iv", Content: iv},
	}}
}

// uploadedAgain marks the path of a file that was uploaded once more.
const uploadedAgain = "again"

// asksFor says whether a device really asks for the file of a message: only who has the message has the key.
func asksFor(key cipher.AEAD, request *node, id string) bool {
	if request == nil || len(bytesOf(request, "enc_iv")) != key.NonceSize() {
		return false
	}
	plain, err := key.Open(nil, bytesOf(request, "enc_iv"), bytesOf(request, "enc_p"), []byte(id))
	var receipt waMmsRetry.ServerErrorReceipt
	return err == nil && proto.Unmarshal(plain, &receipt) == nil && receipt.GetStanzaID() == id
}

// mediaMessage finds the message that is meant on its owner's phone.
func (s *Server) mediaMessage(owner *person, about *node, id string) *shown {
	chat, author := jid(about, "jid"), owner
	if text(about, "from_me") != "true" {
		author = s.directory.find(chat)
		if chat.Server == types.GroupServer {
			author = s.directory.find(jid(about, "participant"))
		}
	}
	if author == nil {
		return nil
	}
	return owner.phone.screen(chat).find(messageIDOf(author, id))
}
