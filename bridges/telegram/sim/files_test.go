// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// postFile lets Ben post a file and returns its id in the Bot API.
func (w *town) postFile(m control.Media) string {
	w.Helper()
	m.Kind = kindFile
	w.post(control.Post{Chat: w.super, User: w.ben, Content: control.Content{Media: []control.Media{m}}})
	var got models.Message
	w.told("message", &got)
	return got.Document.FileID
}

// pathOf asks the server where a file is.
func (w *town) pathOf(id string) string {
	w.Helper()
	var f models.File
	w.call("getFile", params{"file_id": id}).into(w.rig, &f)
	return f.FilePath
}

// digest names what a reader yields.
func digest(t *testing.T, from io.Reader) string {
	t.Helper()
	h := sha256.New()
	if _, err := io.Copy(h, from); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestFilesOfUsersAreDownloadedHoweverTheyAreKept(t *testing.T) {
	w := hearing(t)
	large := strings.Repeat("0123456789", 1<<19) // more than the server keeps in memory
	for name, m := range map[string]control.Media{
		"small": {Data: []byte("abc")}, "large": {Data: []byte(large)}, "generated": {Size: 5 << 20, Seed: 3}, "empty": {},
	} {
		got, err := w.download(w.pathOf(w.postFile(m)))
		want := digest(t, m.Bytes())
		if err != nil || digest(t, strings.NewReader(got)) != want {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if seen := w.last().Media[0]; seen.SHA256 != want || seen.Size != int64(len(got)) {
			t.Errorf("%s: people see %+v", name, seen)
		}
	}
	dir := w.server.spool.dir
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("on disk are %v, %v; want the large file", left, err)
	}
	w.must(w.server.Close())
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder outlives the server: %v", err)
	}
}

func TestThePublicServerRefusesLargeDownloads(t *testing.T) {
	w := hearing(t)
	id := w.postFile(control.Media{Size: maxDownload + 1})
	if a := w.call("getFile", params{"file_id": id}); a.Raw != refusalText(400, "Bad Request: file is too big") {
		t.Errorf("%s", a.Raw)
	}
	if path := w.pathOf(w.postFile(control.Media{Size: maxDownload})); path == "" {
		t.Error("a file at the limit has no path")
	}
}

func TestDownloadsFailAsTheirFaultSays(t *testing.T) {
	w := hearing(t)
	path := w.pathOf(w.postFile(control.Media{Data: []byte("0123456789")}))
	for kind, want := range map[control.FaultKind]struct {
		text   string
		length int
		broken bool
	}{
		control.FileTruncated: {"01234", 5, false}, control.FileCut: {"01234", 5, true}, control.FileEmpty: {"", 0, false},
		control.FileLies: {"0123456789", 16, false}, control.FileSlow: {"0123456789", 10, false}, control.LateAfter: {"0123456789", 10, false},
	} {
		id, err := w.client.SetFault(t.Context(), control.Fault{Kind: kind, DelayMS: 20})
		w.must(err)
		if kind == control.LateAfter {
			w.must(w.client.ClearFault(t.Context(), id))
			_, err = w.client.SetFault(t.Context(), control.Fault{Kind: kind, DelayMS: 20, Method: "file"})
			w.must(err)
		}
		got, err := w.download(path)
		if !strings.HasPrefix(got, want.text) || len(got) != want.length || (err != nil) != want.broken {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
		if a := w.call("sendMessage", params{"chat_id": w.super, "text": string(kind)}); !a.OK {
			t.Errorf("%s strikes a message: %s", kind, a.Raw)
		}
		w.must(w.client.ClearFault(t.Context(), ""))
	}
}

func TestAFaultOfAChatStrikesItsFilesAlone(t *testing.T) {
	w := hearing(t)
	id := w.postFile(control.Media{Data: []byte("0123456789")})
	for chat, want := range map[control.ChatID]string{w.super: "", w.group: "0123456789"} {
		for _, f := range []control.Fault{{Kind: control.FileEmpty, Chat: chat}, {Kind: control.ServerError, Method: "getFile", Chat: chat}} {
			path := w.pathOf(id)
			_, err := w.client.SetFault(t.Context(), f)
			w.must(err)
			if got, err := w.download(path); f.Kind == control.FileEmpty && (got != want || err != nil) {
				t.Errorf("with a fault of %s: %q, %v", chat, got, err)
			}
			if a := w.call("getFile", params{"file_id": id}); f.Method != "" && a.OK != (want != "") {
				t.Errorf("with a fault of %s: %s", chat, a.Raw)
			}
			w.must(w.client.ClearFault(t.Context(), ""))
		}
	}
}

// TestAPictureThatIsStruckStaysUnreadable: no breach, for its client could not know.
func TestAPictureThatIsStruckStaysUnreadable(t *testing.T) {
	w := newTown(t, Options{})
	_, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.BadPicture, Every: 2, Count: 1})
	w.must(err)
	chat, one, two := string(w.super), picture(9, 9), picture(8, 8)
	both := parts{"chat_id": chat, "@a": one, "@b": two, "media": `[{"type":"photo","media":"attach://a"},{"type":"photo","media":"attach://b"}]`}
	if a := w.upload("sendMediaGroup", both); a.Raw != refusalText(400, `Bad Request: failed to send message #2 with the error message "IMAGE_PROCESS_FAILED"`) {
		t.Errorf("the album: %s", a.Raw)
	}
	for data, want := range map[string]bool{one: true, two: false} {
		if a := w.upload("sendPhoto", parts{"chat_id": chat, "@photo": data}); a.OK != want {
			t.Errorf("alone: %s", a.Raw)
		}
	}
	if a := w.upload("sendDocument", parts{"chat_id": chat, "@document": two}); !a.OK {
		t.Errorf("as a file: %s", a.Raw)
	}
	if c, err := w.client.Counters(t.Context()); err != nil || len(c.Breaches) > 0 {
		t.Errorf("breaches: %v, %v", c.Breaches, err)
	}
}

func TestADownloadHangsUntilItsFaultIsCleared(t *testing.T) {
	w := hearing(t)
	path := w.pathOf(w.postFile(control.Media{Data: []byte("0123456789")}))
	id, err := w.client.SetFault(t.Context(), control.Fault{Kind: control.FileHang})
	w.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", w.server.URL()+"/file/bot"+DefaultToken+"/"+path, nil)
	w.must(err)
	resp, err := w.http.Do(req)
	w.must(err)
	defer resp.Body.Close()
	half := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, half); err != nil || string(half) != "01234" {
		t.Errorf("before it hangs: %q, %v", half, err)
	}
	w.must(w.client.ClearFault(t.Context(), id))
	if rest, err := io.ReadAll(resp.Body); err == nil || len(rest) > 0 {
		t.Errorf("after the fault: %q, %v", rest, err)
	}
}

// atHome is a town on a self-hosted server, and the folder that it shares.
func atHome(t *testing.T) (*town, string) {
	dir := t.TempDir()
	w := newTown(t, Options{Bots: []BotOptions{{Token: DefaultToken, ReadsAll: true}}, Local: dir})
	w.settle()
	return w, dir
}

func TestASelfHostedServerSharesItsFiles(t *testing.T) {
	w, dir := atHome(t)
	m := control.Media{Name: "film.mp4", Size: maxDownload + 1, Seed: 5}
	id := w.postFile(m)
	path := w.pathOf(id)
	if !filepath.IsAbs(path) || filepath.Dir(path) != filepath.Join(dir, DefaultToken, "documents") || filepath.Ext(path) != ".mp4" {
		t.Errorf("the file is at %s, want it in %s", path, dir)
	}
	f, err := os.Open(path)
	w.must(err)
	defer f.Close()
	if got, want := digest(t, f), digest(t, m.Bytes()); got != want {
		t.Errorf("the file holds %s, want %s", got, want)
	}
	if again := w.pathOf(id); again != path {
		t.Errorf("asked again, it is at %s", again)
	}
	if raw, err := w.download(strings.TrimPrefix(path, "/")); err != nil || raw != `{"ok":false,"error_code":404,"description":"Not Found"}` {
		t.Errorf("it serves files too: %s, %v", raw, err)
	}
}

func TestASelfHostedServerTakesFilesByTheirPath(t *testing.T) {
	w, _ := atHome(t)
	path := filepath.Join(t.TempDir(), "note.txt")
	w.must(os.WriteFile(path, []byte("the bytes"), 0o600))
	var one models.Message
	w.call("sendDocument", params{"chat_id": w.super, "document": "file://" + path}).into(w.rig, &one)
	if one.Document == nil || one.Document.FileName != "note.txt" || one.Document.FileSize != 9 {
		t.Errorf("sent %+v", one.Document)
	}
	album := `[{"type":"document","media":"file://` + path + `"},{"type":"document","media":"file://` + path + `"}]`
	if a := w.call("sendMediaGroup", params{"chat_id": w.super, "media": album}); !a.OK {
		t.Errorf("an album: %s", a.Raw)
	}
	if got, want := w.last().Media[0].SHA256, digest(t, strings.NewReader("the bytes")); got != want {
		t.Errorf("people see %s, want %s", got, want)
	}
	want := refusalText(400, "Bad Request: wrong file identifier/HTTP URL specified")
	if a := w.call("sendDocument", params{"chat_id": w.super, "document": "file:///no/such/file"}); a.Raw != want {
		t.Errorf("a file that is not there: %s", a.Raw)
	}
	public := newTown(t, Options{})
	if a := public.call("sendDocument", params{"chat_id": public.super, "document": "file://" + path}); a.Raw != want {
		t.Errorf("the public server: %s", a.Raw)
	}
}

func TestASelfHostedServerSharesWhatBotsSentToo(t *testing.T) {
	w, dir := atHome(t)
	var m models.Message
	w.upload("sendDocument", parts{"chat_id": string(w.super), "@document": "the bytes"}).into(w.rig, &m)
	path := w.pathOf(m.Document.FileID)
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "the bytes" || !strings.HasPrefix(path, dir) {
		t.Errorf("%s holds %q, %v", path, raw, err)
	}
	if got := w.server.Ready().Config["files_dir"]; got != dir {
		t.Errorf("a config is told of the folder %q, want %q", got, dir)
	}
}

func TestASelfHostedServerTakesLargeUploads(t *testing.T) {
	w, _ := atHome(t)
	head := "--B\r\nContent-Disposition: form-data; name=\"document\"; filename=\"x\"\r\n\r\n"
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, maxBody+1), strings.NewReader("\r\n--B--\r\n"))
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.server.URL()+"/bot"+DefaultToken+"/sendDocument?chat_id="+string(w.super), body)
	w.must(err)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=B")
	resp, err := w.http.Do(req)
	w.must(err)
	defer resp.Body.Close()
	if seen := w.last().Media; resp.StatusCode != http.StatusOK || len(seen) != 1 || seen[0].Size != maxBody+1 {
		t.Errorf("answered %d; people see %+v", resp.StatusCode, seen)
	}
}
