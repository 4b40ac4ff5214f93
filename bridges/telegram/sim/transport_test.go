// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	telegram "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

const sendPath = "/bot" + DefaultToken + "/sendMessage"

func TestArgumentsMayStandAnywhere(t *testing.T) {
	w := newTown(t, Options{})
	chat := string(w.super)
	form := url.Values{"chat_id": {chat}, "text": {"a & b"}}.Encode()
	multi := "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n" + chat +
		"\r\n--B\r\nContent-Disposition: form-data; name=\"TEXT\"\r\n\r\na & b\r\n--B--\r\n"
	for name, c := range map[string]struct{ method, path, kind, body string }{
		"query":           {"GET", sendPath + "?" + form, "", ""},
		"form":            {"POST", sendPath, "application/x-www-form-urlencoded; charset=utf-8", form},
		"json":            {"POST", sendPath, "application/json", `{"chat_id":` + chat + `,"text":"a & b","entities":null}`},
		"multipart":       {"POST", sendPath, "multipart/form-data; boundary=B", multi},
		"query and json":  {"POST", sendPath + "?text=overwritten&chat_id=" + chat, "application/json", `{"text":"a & b"}`},
		"any method name": {"POST", strings.ToLower(sendPath[len(sendPath)-11:]), "", ""},
	} {
		if name == "any method name" {
			c.path = "/bot" + DefaultToken + "/SENDmessage?" + form
		}
		if a := w.raw(c.method, c.path, c.kind, c.body); !strings.Contains(a.Raw, `"text":"a & b"`) {
			t.Errorf("%s: %s", name, a.Raw)
		}
	}
	if a := w.raw("POST", "/bot"+DefaultToken+"/getMe", "multipart/form-data; boundary=B", ""); !a.OK {
		t.Errorf("multipart without arguments: %s", a.Raw)
	}
	if a := w.raw("POST", sendPath, "application/json", `{"chat_id":`); a.Code != 400 {
		t.Errorf("half of a JSON: %s", a.Raw)
	}
}

func TestAWaitStandsInTheHeaderToo(t *testing.T) {
	w := newTown(t, Options{})
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.RateLimited, RetryAfterS: 9})
	w.must(err)
	resp, err := w.http.Get(w.server.URL() + sendPath + "?text=x&chat_id=" + string(w.super))
	w.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "9" || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("status %d, header %v", resp.StatusCode, resp.Header)
	}
}

// parts are the parts of a multipart request; those whose name begins with @ are files.
type parts map[string]string

func (r *rig) upload(method string, p parts) answer {
	r.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, value := range p {
		if file, ok := strings.CutPrefix(name, "@"); ok {
			w, err := m.CreateFormFile(file, file+".bin")
			r.must(err)
			_, err = io.WriteString(w, value)
			r.must(err)
			continue
		}
		r.must(m.WriteField(name, value))
	}
	r.must(m.Close())
	return r.raw("POST", "/bot"+DefaultToken+"/"+method, m.FormDataContentType(), body.String())
}

func picture(width, height int) string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))) // never fails in memory
	return b.String()
}

func TestFilesAreRefusedInTheServersWords(t *testing.T) {
	w := newTown(t, Options{})
	chat := string(w.super)
	for name, c := range map[string]struct {
		method string
		parts  parts
		want   string
	}{
		"no photo":       {"sendPhoto", parts{"chat_id": chat}, "there is no photo in the request"},
		"no video note":  {"sendVideoNote", parts{"chat_id": chat, "video_note": "attach://x"}, "there is no video note in the request"},
		"unknown id":     {"sendDocument", parts{"chat_id": chat, "document": "F1"}, "wrong file identifier/HTTP URL specified"},
		"empty file":     {"sendDocument", parts{"chat_id": chat, "@document": ""}, "file must be non-empty"},
		"no picture":     {"sendPhoto", parts{"chat_id": chat, "@photo": "text"}, "IMAGE_PROCESS_FAILED"},
		"a long strip":   {"sendPhoto", parts{"chat_id": chat, "@photo": picture(421, 21)}, "PHOTO_INVALID_DIMENSIONS"},
		"a large sheet":  {"sendPhoto", parts{"chat_id": chat, "@photo": picture(9000, 1001)}, "PHOTO_INVALID_DIMENSIONS"},
		"long caption":   {"sendDocument", parts{"chat_id": chat, "@document": "x", "caption": strings.Repeat("x", 1025)}, "message caption is too long"},
		"no album":       {"sendMediaGroup", parts{"chat_id": chat, "media": "[]"}, "there are no messages to send"},
		"album no JSON":  {"sendMediaGroup", parts{"chat_id": chat, "media": "["}, "can't parse media JSON object"},
		"missing part":   {"sendMediaGroup", parts{"chat_id": chat, "media": `[{"type":"photo","media":"attach://a"}]`}, "can't parse InputMedia: media not found"},
		"an animation":   {"sendMediaGroup", parts{"chat_id": chat, "@a": "x", "media": `[{"type":"animation","media":"attach://a"}]`}, `can't parse InputMedia: type "animation" can't be used in sendMediaGroup`},
		"eleven":         {"sendMediaGroup", parts{"chat_id": chat, "@a": "x", "media": "[" + strings.Repeat(`{"type":"document","media":"attach://a"},`, 10) + `{"type":"document","media":"attach://a"}]`}, "too many messages to send as an album"},
		"mixed":          {"sendMediaGroup", parts{"chat_id": chat, "@a": "x", "media": `[{"type":"photo","media":"attach://a"},{"type":"document","media":"attach://a"}]`}, "document can't be mixed with other media types"},
		"audio, mixed":   {"sendMediaGroup", parts{"chat_id": chat, "@a": "x", "media": `[{"type":"audio","media":"attach://a"},{"type":"photo","media":"attach://a"}]`}, "audio can't be mixed with other media types"},
		"a strip in it":  {"sendMediaGroup", parts{"chat_id": chat, "@a": picture(9, 9), "@b": picture(421, 21), "media": `[{"type":"photo","media":"attach://a"},{"type":"photo","media":"attach://b"}]`}, `failed to send message #2 with the error message "PHOTO_INVALID_DIMENSIONS"`},
		"no such file":   {"getFile", parts{"file_id": "F1"}, "wrong file_id or the file is temporarily unavailable"},
		"no file at all": {"getFile", parts{}, "file_id not specified"},
	} {
		if got, want := w.upload(c.method, c.parts), refusalText(400, "Bad Request: "+c.want); got.Raw != want {
			t.Errorf("%s\ngot  %s\nwant %s", name, got.Raw, want)
		}
	}
}

func TestSlowModeTakesNoAlbum(t *testing.T) {
	w := newTown(t, Options{})
	w.must(second(w.client.ChangeGroup(t.Context(), control.GroupChange{Chat: w.super, Action: control.SlowMode, DelayS: 30})))
	both := parts{"chat_id": string(w.super), "@a": "a", "@b": "b", "media": `[{"type":"document","media":"attach://a"},{"type":"document","media":"attach://b"}]`}
	if got, want := w.upload("sendMediaGroup", both), refusalText(400, "Bad Request: SLOWMODE_MULTI_MSGS_DISABLED"); got.Raw != want {
		t.Errorf("got  %s\nwant %s", got.Raw, want)
	}
}

func TestFilesAreSeenSentAgainAndDownloaded(t *testing.T) {
	w := newTown(t, Options{})
	var m models.Message
	w.upload("sendDocument", parts{"chat_id": string(w.super), "@document": "the bytes", "caption": " look "}).into(w.rig, &m)
	if m.Document == nil || m.Document.FileName != "document.bin" || m.Caption != "look" {
		t.Errorf("sent %+v", m)
	}
	w.call("sendDocument", params{"chat_id": w.super, "document": m.Document.FileID})
	w.upload("sendVoice", parts{"chat_id": string(w.super), "@voice": "no ogg"})
	w.upload("sendVoice", parts{"chat_id": string(w.super), "@voice": "OggS…"})
	v, err := w.client.See(t.Context(), control.See{Chat: w.super})
	w.must(err)
	var kinds []string
	for _, m := range v.Visible()[1:] {
		kinds = append(kinds, m.Media[0].Kind)
	}
	if diff := cmp.Diff([]string{"file", "file", "file", "voice"}, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var f models.File
	w.call("getFile", params{"file_id": m.Document.FileID}).into(w.rig, &f)
	if got, err := w.download(f.FilePath); err != nil || got != "the bytes" {
		t.Errorf("downloaded %q, %v", got, err)
	}
	_, err = w.client.SetFault(t.Context(), control.Fault{Kind: control.HalfAnswer, Method: "file"})
	w.must(err)
	if got, err := w.download(f.FilePath); err == nil || got != "the " {
		t.Errorf("half a download: %q, %v", got, err)
	}
}

func (w *town) download(path string) (string, error) {
	w.Helper()
	resp, err := w.http.Get(w.server.URL() + "/file/bot" + DefaultToken + "/" + path)
	w.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return string(raw), err
}

func TestTheRealLibrarySendsAlbums(t *testing.T) {
	w := newTown(t, Options{})
	b := library(w.rig, telegram.WithSkipGetMe())
	photo := func(name string) *models.InputMediaPhoto {
		return &models.InputMediaPhoto{Media: "attach://" + name, Caption: name, MediaAttachment: strings.NewReader(picture(4, 3))}
	}
	sent, err := b.SendMediaGroup(t.Context(), &telegram.SendMediaGroupParams{
		ChatID: string(w.super), Media: []models.InputMedia{photo("a"), photo("b")},
	})
	w.must(err)
	if len(sent) != 2 || sent[0].MediaGroupID == "" || sent[0].MediaGroupID != sent[1].MediaGroupID || sent[1].Caption != "b" {
		t.Errorf("sent %+v", sent)
	}
	one, err := b.SendDocument(t.Context(), &telegram.SendDocumentParams{
		ChatID: string(w.super), Document: &models.InputFileUpload{Filename: "notes.txt", Data: strings.NewReader("notes")},
	})
	w.must(err)
	if one.Document.FileName != "notes.txt" || one.Document.FileSize != 5 {
		t.Errorf("sent %+v", one.Document)
	}
}

func TestUploadsAboveFiftyMegabytesAreTooLarge(t *testing.T) {
	w := newTown(t, Options{})
	head := "--B\r\nContent-Disposition: form-data; name=\"document\"; filename=\"x\"\r\n\r\n"
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, maxBody))
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.server.URL()+"/bot"+DefaultToken+"/sendDocument", body)
	w.must(err)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=B")
	resp, err := w.http.Do(req)
	w.must(err)
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if want := refusalText(413, "Request Entity Too Large"); string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAClientThatGoesBeforeItsLatencyIsOverChangesNothing(t *testing.T) {
	w := newTown(t, Options{})
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.Slow, DelayMS: 60_000})
	w.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan outcome, 1)
	go func() { done <- w.sendBare(ctx) }()
	w.until("the call is slow", func() bool { return w.counters().Kinds[control.Slow] == 1 })
	cancel()
	<-done
	if diff := cmp.Diff([]string{"Is the bridge open?"}, w.texts(w.super)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnswersAreExactlyThoseOfTheDocumentation(t *testing.T) {
	fixed := fixedClock()
	w := newTown(t, Options{Now: fixed})
	w.member(w.forum, control.Promote)
	for name, c := range map[string]struct {
		method string
		params params
		want   string
	}{
		"sendMessage": {"sendMessage", w.reply(2, "bridge", false),
			`{"message_id":3,"from":{"id":7000000001,"is_bot":true,"first_name":"Causeway","username":"causeway_7000000001_bot"},"date":1700000000,` +
				`"message_thread_id":2,"chat":` + superChat + `,"reply_to_message":{"message_id":2,"from":{"id":5000000001,"is_bot":false,"first_name":"Ana"},` +
				`"date":1700000000,"chat":` + superChat + `,"text":"Is the bridge open?"},"quote":{"text":"bridge","position":7,"is_manual":true},"text":"x"}`},
		"getChatMember": {"getChatMember", params{"chat_id": w.forum, "user_id": 7000000001},
			`{"status":"administrator","user":{"id":7000000001,"is_bot":true,"first_name":"Causeway","username":"causeway_7000000001_bot"},"is_anonymous":false,` +
				`"can_be_edited":false,"can_change_info":true,"can_invite_users":true,"can_pin_messages":true,"can_manage_topics":true,` +
				`"can_manage_chat":true,"can_delete_messages":true,"can_manage_video_chats":true,"can_restrict_members":true,"can_promote_members":false}`},
		"getChatMemberCount": {"getChatMemberCount", params{"chat_id": w.super}, "3"},
		"getChat of a user":  {"getChat", params{"chat_id": w.ana}, ""},
		"setMyCommands":      {"setMyCommands", params{"commands": `[{"command":"bridge","description":"About"}]`}, "true"},
		"sendChatAction":     {"sendChatAction", params{"chat_id": w.super, "action": "typing"}, "true"},
		"react":              {"setMessageReaction", params{"chat_id": w.super, "message_id": 2, "reaction": `[{"type":"emoji","emoji":"👍"}]`}, "true"},
		"unknown deleted":    {"deleteMessages", params{"chat_id": w.super, "message_ids": "[77,78]"}, "true"},
	} {
		a := w.call(c.method, c.params)
		if c.want == "" {
			c.want = refusalText(400, "Bad Request: chat not found")
		} else {
			c.want = `{"ok":true,"result":` + c.want + `}`
		}
		var got, want any
		w.must(json.Unmarshal([]byte(a.Raw), &got))
		w.must(json.Unmarshal([]byte(c.want), &want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

const superChat = `{"id":-1002000000002,"type":"supergroup","title":"Super"}`
