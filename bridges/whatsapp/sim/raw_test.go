// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
)

// bare is an HTTP client behind the proxy, with no manners of its own.
func (l *lab) bare() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyURL(l.proxy()), TLSClientConfig: &tls.Config{RootCAs: l.roots()}}
	l.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// socket opens a websocket as a client does.
func (l *lab) socket(origin string) (*websocket.Conn, *http.Response, error) {
	ws, resp, err := websocket.Dial(l.Context(), "wss://"+webHost+"/ws/chat", &websocket.DialOptions{
		HTTPClient: l.bare(), HTTPHeader: http.Header{"Origin": {origin}},
	})
	if err == nil {
		l.Cleanup(func() { _ = ws.CloseNow() })
	}
	return ws, resp, err
}

func TestTheProxyLeadsToWhatsAppAlone(t *testing.T) {
	l := newLab(t, Options{})
	if _, err := l.bare().Get("https://example.org/"); err == nil || !strings.Contains(err.Error(), "Bad Gateway") {
		t.Errorf("another host: %v", err)
	}
	resp, err := http.Get(l.server.ProxyURL())
	l.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("without CONNECT: %s", resp.Status)
	}
	ver, err := whatsmeow.GetLatestVersion(t.Context(), l.bare())
	if err != nil || ver[0] != 2 || ver[1] != 3000 {
		t.Errorf("the version on the page: %v, %v", ver, err)
	}
	for _, url := range []string{"https://" + webHost + "/nothing", "https://g.whatsapp.net/"} {
		resp, err := l.bare().Get(url)
		l.must(err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", url, resp.Status)
		}
	}
}

func TestTheWebsocketRefusesWhatIsNotTheProtocol(t *testing.T) {
	l := newLab(t, Options{})
	if _, resp, err := l.socket("https://evil.example"); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign origin: %v", err)
	}
	hello := append(bytes.Clone(noiseHello), 0, 0, 4, 1, 2, 3, 4)
	for name, c := range map[string]struct {
		kind websocket.MessageType
		data []byte
	}{
		"a text":            {websocket.MessageText, hello},
		"another greeting":  {websocket.MessageBinary, []byte("GET / HTTP/1.1\r\n")},
		"another handshake": {websocket.MessageBinary, hello},
	} {
		ws, _, err := l.socket(origin)
		l.must(err)
		l.must(ws.Write(t.Context(), c.kind, c.data))
		if _, _, err := ws.Read(t.Context()); err == nil {
			t.Errorf("%s was answered", name)
		}
	}
}

func TestTheHandshakeFailsOnDemand(t *testing.T) {
	l := newLab(t, Options{})
	for _, kind := range []control.FaultKind{control.OutageReset, control.OutageHang} {
		f := l.fault(control.Fault{Kind: kind, Method: methodHandshake})
		ws, _, err := l.socket(origin)
		l.must(err)
		l.must(ws.Write(t.Context(), websocket.MessageBinary, append(bytes.Clone(noiseHello), 0, 0, 1, 0)))
		l.wait("the outage strikes", func() bool { return l.counters().Struck[f] == 1 })
		patient := patience
		if kind == control.OutageHang {
			patient = 50 * time.Millisecond // nothing comes, however long one waits
		}
		ctx, cancel := context.WithTimeout(t.Context(), patient)
		_, _, err = ws.Read(ctx)
		cancel()
		if silent := errors.Is(err, context.DeadlineExceeded); silent != (kind == control.OutageHang) {
			t.Errorf("%s: %v", kind, err)
		}
		l.clear(f)
	}
}

func TestFramesAreCutOutOfAnyStream(t *testing.T) {
	stream := append(bytes.Clone(noiseHello), 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0, 3, 'y', 'o', 'u')
	for size := 1; size <= len(stream); size++ {
		var f frameReader
		var got []string
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if err := f.add(rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
			for frame, ok := f.next(); ok; frame, ok = f.next() {
				got = append(got, string(frame))
			}
		}
		if strings.Join(got, ",") != "hi,,you" {
			t.Errorf("in pieces of %d: %q", size, got)
		}
	}
}

func TestTheMediaHostsAreStrict(t *testing.T) {
	l := newLab(t, Options{MaxUpload: 100})
	token := func(data string) string {
		sum := hashBytes([]byte(data))
		return base64.URLEncoding.EncodeToString(sum)
	}
	post := func(auth, token, body string) *http.Response {
		resp, err := l.bare().Post("https://"+mediaHost+"/mms/image/"+token+"?auth="+auth+"&token="+token, "", strings.NewReader(body))
		l.must(err)
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp
	}
	auth := l.server.mediaAuth
	big := strings.Repeat("x", 101)
	for name, c := range map[string]struct {
		auth, token, body string
		want              int
	}{
		"good":           {auth, token("a file"), "a file", 200},
		"no auth":        {"", token("a file"), "a file", 401},
		"not the hash":   {auth, token("a file"), "another", 400},
		"no token":       {auth, "", "a file", 400},
		"above the size": {auth, token(big), big, 413},
	} {
		if got := post(c.auth, c.token, c.body).StatusCode; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	post(auth, token("a file"), "a file")
	post(auth, token("a file"), "another") // in its place
	if got, err := os.ReadFile(l.server.mediaFile(hex.EncodeToString(hashBytes([]byte("a file"))))); string(got) != "a file" {
		t.Errorf("the file is %q: %v", got, err)
	}
	resp, err := l.bare().Get("https://" + mediaHost + mediaPath + "00.enc?x=1")
	l.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file that nobody has: %s", resp.Status)
	}
}

func TestTheDoorwayCloses(t *testing.T) {
	d := newDoorway()
	_ = d.Close()
	if _, err := d.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept: %v", err)
	}
	ours, theirs := net.Pipe()
	d.put(theirs)
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
}
