// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// verdict is what became of a notification: events, or a reason why it has none.
type verdict struct {
	kind     string
	events   []chat.Event
	ignored  string
	bad      []string // fields that could not be read
	panicked string   // the type of what our own code threw
	// groups may have changed: the daemon does not say in what.
	groups []string
	// receipts are proofs that somebody has messages of ours.
	receipts []receipt
	// untrusted is somebody whose new safety number the daemon does not trust.
	untrusted ServiceID
	// files are attachments that the daemon keeps for us.
	files []string
}

// receipt says that somebody has messages of ours.
type receipt struct {
	by ServiceID
	at []uint64
}

func ignore(why string) verdict { return verdict{ignored: why} }

// converter turns notifications into events. It knows nobody and calls nobody: what it needs is given.
type converter struct {
	me      ServiceID
	names   nameOf
	aliases func(ServiceID) []chat.Alias
	// met reports whether a chat was introduced to the router before in this life, and notes that it is now.
	met func(chat.RemoteChat) bool
	// admin reports whether somebody is an admin of a group.
	admin func(group string, who ServiceID) bool
}

// notice is one notification, with what every reader of it needs.
type notice struct {
	raw    json.RawMessage
	env    fields
	sender chat.Sender
	device int64
	where  Target
	at     uint64 // of the message itself, or of the envelope
}

// read converts one notification. Whatever it is, something comes of it, and nothing stops those behind it: what cannot
// be read goes up as unknown, with its bytes.
func (c *converter) read(e Envelope) (v verdict) {
	var bad []string
	n := notice{raw: e.Raw}
	defer func() {
		if p := recover(); p != nil {
			v = c.unknown(n, "panic")
			v.panicked = chat.PanicText(p)
		}
		v.bad = bad
	}()
	if e.Cut {
		return c.fragment(n)
	}
	params, ok := readParams(e.Raw, &bad)
	switch {
	case !ok:
		return c.fragment(n)
	case !params.has("envelope"):
		return c.unknown(n, "notification")
	}
	n.env = params.object("envelope")
	n.sender, n.device, n.at = c.readSender(n.env), n.env.number("sourceDevice"), n.env.stamp("timestamp")
	n.where = Target{Person: ServiceID(n.sender.User)}
	if params.has("exception") {
		return c.exception(n, params.object("exception"))
	}
	if v = c.convert(n); v.ignored == saysNothing && len(bad) > 0 {
		return c.unknown(n, "unreadable")
	}
	return v
}

// saysNothing is why a message without words and files is passed over.
const saysNothing = "says nothing"

// readParams finds the part of a notification that holds the envelope: with a subscription it stands deeper.
func readParams(raw json.RawMessage, bad *[]string) (params fields, ok bool) {
	params, ok = readFields(raw, bad)
	for _, key := range []string{"params", "result"} {
		if params.has(key) {
			params = params.object(key)
		}
	}
	return params, ok
}

// sentAt finds the time of a message in a piece of its notification.
var sentAt = regexp.MustCompile(`"timestamp": ?([0-9]{13})`)

// fragment tells a gap of a notification that did not come whole: nobody can have it again.
func (c *converter) fragment(n notice) verdict {
	if m := sentAt.FindSubmatch(n.raw); m != nil {
		n.at, _ = strconv.ParseUint(string(m[1]), 10, 63)
	}
	v := c.unknown(n, "line_unreadable")
	v.events = append(v.events, c.gap(n, string(v.events[0].Key), whyFragment))
	return v
}

// gap tells that a message was lost.
func (c *converter) gap(n notice, key string, why chat.Reason) chat.Event {
	return chat.Event{Key: chat.EventKey("gap." + key), At: unixMilli(n.at), Sender: n.sender, Body: chat.Gap{From: unixMilli(n.at), To: unixMilli(n.at), Why: why}}
}

// readSender reads who wrote. Numbers and usernames are further ids, never names.
func (c *converter) readSender(f fields) chat.Sender {
	id := author(f, "source")
	s := chat.Sender{User: chat.RemoteUser(id), Kind: chat.SenderUser, Self: id != "" && id == c.me}
	s.Aliases = c.aliases(id)
	if number := (chat.Alias{Kind: "phone", Value: f.text("sourceNumber")}); number.Value != "" {
		if !slices.Contains(s.Aliases, number) {
			s.Aliases = append(s.Aliases, number)
		}
		if id == "" {
			s.User = chat.RemoteUser(number.Value)
		}
	}
	s.OwnHuman = s.Self
	if s.Name = c.names(id); s.Name == "" {
		s.Name = publicName(f.text("sourceName"))
	}
	return s
}

func (c *converter) convert(n notice) verdict {
	f := n.env
	switch {
	case f.has("dataMessage"):
		return c.data(n, f.object("dataMessage"))
	case f.has("editMessage"):
		return c.edit(n, f.object("editMessage"))
	case f.has("syncMessage"):
		return c.sync(n, f.object("syncMessage"))
	case f.has("receiptMessage"):
		return readReceipt(n, f.object("receiptMessage"))
	case f.has("callMessage"):
		return c.call(n, f.object("callMessage"))
	case f.has("typingMessage"):
		return ignore("typing")
	case f.has("storyMessage"):
		return ignore("story") // a story is no chat
	}
	for key := range f.m {
		if strings.HasSuffix(key, "Message") && f.has(key) {
			return c.unknown(n, key)
		}
	}
	return ignore(saysNothing)
}

// readReceipt notes who has what. Nobody in a room needs to hear of it.
func readReceipt(n notice, f fields) verdict {
	v := ignore("receipt")
	r := receipt{by: ServiceID(n.sender.User)}
	for _, raw := range f.list("timestamps") {
		var at uint64
		if json.Unmarshal(raw, &at) == nil {
			r.at = append(r.at, at)
		}
	}
	v.receipts = []receipt{r}
	return v
}

// call tells of a call that begins or ends. Signal gives no way in for others.
func (c *converter) call(n notice, f fields) verdict {
	switch {
	case f.has("offerMessage"):
		return c.says(n, "call", chat.Call{Kind: "call"})
	case f.has("hangupMessage"):
		return c.says(n, "call_end", chat.Call{Kind: "call", Ended: true})
	}
	return ignore("call signalling")
}

// exception is a message that the daemon could not read.
func (c *converter) exception(n notice, f fields) verdict {
	kind := f.text("type")
	if strings.Contains(kind, "Untrusted") {
		v := ignore("untrusted safety number")
		v.untrusted = ServiceID(n.sender.User)
		return v
	}
	if strings.Contains(kind, "Duplicate") || strings.Contains(kind, "SelfSend") {
		return ignore("repeat")
	}
	v := c.unknown(n, "exception")
	v.events = append(v.events, c.gap(n, fmt.Sprintf("%s.%d.%d", n.sender.User, n.device, n.at), whyUndecipher))
	return v
}

// sync reads what our own human did on another device.
func (c *converter) sync(n notice, f fields) verdict {
	sent := f.object("sentMessage")
	if !f.has("sentMessage") {
		return ignore("own device")
	}
	n.where = Target{Person: author(sent, "destination")}
	if n.where.Person == "" {
		n.where.Person = c.me // a note to oneself
	}
	if sent.has("editMessage") {
		return c.edit(n, sent.object("editMessage"))
	}
	return c.data(n, sent)
}

// data reads a message, or something about one: a reaction, a deletion, a vote.
func (c *converter) data(n notice, f fields) verdict {
	n = place(n, f)
	switch {
	case f.has("storyContext"):
		return ignore("story")
	case f.has("groupInfo") && n.where.Group == "": // in no case is it said to a person
		return c.unknown(n, "groupInfo")
	}
	for _, k := range dataKinds {
		if f.has(k.field) {
			return k.read(c, n, f.object(k.field))
		}
	}
	if v, is := groupUpdate(n, f); is {
		return v
	}
	return c.message(n, f)
}

// place finds the chat and the time of a data message.
func place(n notice, f fields) notice {
	if at := f.stamp("timestamp"); at != 0 {
		n.at = at
	}
	if id := f.object("groupInfo").text("groupId"); id != "" {
		n.where = Target{Group: id}
	}
	return n
}

// groupUpdate finds messages that only say that a group has changed.
func groupUpdate(n notice, f fields) (verdict, bool) {
	switch {
	case f.object("groupInfo").text("type") == "UPDATE" && f.text("message") == "":
		v := ignore("group update")
		v.groups = []string{n.where.Group}
		return v, true
	case f.flag("isExpirationUpdate"):
		return ignore("timer"), true
	}
	return verdict{}, false
}

func (c *converter) message(n notice, f fields) verdict {
	content, ok := readContent(f, c.names)
	ref := MessageRef{Author: ServiceID(n.sender.User), SentAt: n.at}
	if !ok {
		if strange := strangeField(f); strange != "" {
			return c.unknownMessage(n, ref, strange)
		}
		return ignore(saysNothing)
	}
	v := c.says(n, "msg", chat.MessageNew{ID: ref.remote(), Content: content})
	v.files = filesOf(content)
	return v
}

// quietFields are those of a data message that say nothing by themselves.
var quietFields = []string{"timestamp", "message", "expiresInSeconds", "isExpirationUpdate", "viewOnce", "groupInfo", "profileKey",
	"textStyles", "mentions", "quote", "attachments", "previews", "contacts", "destination", "destinationUuid", "destinationNumber",
	"expirationStartTimestamp", "unidentifiedStatus", "isRecipientUpdate", "sticker"}

// strangeField names a field that we do not know, of a message that says nothing else.
func strangeField(f fields) string {
	for key := range f.m {
		if f.has(key) && !slices.Contains(quietFields, key) {
			return key
		}
	}
	return ""
}

func filesOf(c chat.Content) (ids []string) {
	for _, m := range c.Media {
		if id, ok := strings.CutPrefix(m.Ref, filePrefix); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// edit reads a message as it is now. The edit has a time of its own, by which the message can be named from then on.
func (c *converter) edit(n notice, f fields) verdict {
	data := f.object("dataMessage")
	n = place(n, data)
	content, ok := readContent(data, c.names)
	old := MessageRef{Author: ServiceID(n.sender.User), SentAt: f.stamp("targetSentTimestamp")}
	now := MessageRef{Author: old.Author, SentAt: n.at}
	if !ok || old.remote() == "" {
		return c.unknown(n, "editMessage")
	}
	return c.says(n, "edit", chat.MessageEdit{ID: old.remote(), NewID: now.remote(), Content: content})
}

// says makes the event, and one before it that introduces a chat at its first sight in this life. Its key is made of who
// said it, on which device, and when: that is all that Signal makes unique.
func (c *converter) says(n notice, name string, b chat.Body) verdict {
	v := verdict{kind: name}
	if n.where.Person != "" && n.where.chat() != "" && !c.met(n.where.chat()) {
		v.events = append(v.events, c.introduce(n))
	}
	v.events = append(v.events, chat.Event{
		Key: chat.EventKey(fmt.Sprintf("%s.%s.%d.%d", name, n.sender.User, n.device, n.at)), At: unixMilli(n.at),
		Chat: n.where.chat(), Group: c.group(n.where), Sender: n.sender, Body: b,
	})
	return v
}

// introduce tells what the chat with a person is called.
func (c *converter) introduce(n notice) chat.Event {
	title := c.names(n.where.Person)
	if title == "" && ServiceID(n.sender.User) == n.where.Person {
		title = n.sender.Name
	}
	return chat.Event{
		Key: chat.EventKey(fmt.Sprintf("chat.%s.%d", n.where.chat(), n.at)), At: unixMilli(n.at), Chat: n.where.chat(), Group: c.group(n.where),
		Body: chat.ChatInfo{Title: title},
	}
}

// group names the conversation. A direct chat has the person's id, whichever account it is with.
func (c *converter) group(t Target) chat.RemoteGroup { return directGroup(c.me, t) }

func directGroup(me ServiceID, t Target) chat.RemoteGroup {
	if t.Person == "" {
		return ""
	}
	return chat.RemoteGroup(string(me) + "/" + string(t.Person))
}

// unknownWords stand in the room for what we cannot read.
const unknownWords = "message of a kind that Causeway does not know"

// unknown hands a notification up as it is.
func (c *converter) unknown(n notice, kind string) verdict {
	sum := sha256.Sum256(n.raw)
	return verdict{kind: "unknown", events: []chat.Event{{
		Key: chat.EventKey("unknown." + hex.EncodeToString(sum[:12])), At: unixMilli(n.at),
		Body: chat.Unknown{Kind: chat.Shorten(kind, maxKind), Raw: n.raw},
	}}}
}

const maxKind = 64

// unknownMessage hands up a message that says only what we do not know.
func (c *converter) unknownMessage(n notice, ref MessageRef, kind string) verdict {
	return c.says(n, "msg", chat.Unknown{ID: ref.remote(), Kind: chat.Shorten(kind, maxKind), Text: unknownWords, Raw: n.raw})
}

func unixMilli(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(min(ms, 1<<52))).UTC()
}
