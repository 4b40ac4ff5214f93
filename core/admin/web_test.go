// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

// get asks the web address, with a Host header of its own when host is not empty.
func get(t *testing.T, s *server, path, host string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s%s", s.Addr(), path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestLivezTellsWhatStandsStill(t *testing.T) {
	if status, body := get(t, start(t, options(t, &desk{})), "/livez", ""); status != 200 || body != "ok\n" {
		t.Errorf("%d %q", status, body)
	}
	opt := options(t, &desk{})
	opt.Health = health{live: errors.New("the store does not write")}
	if status, body := get(t, start(t, opt), "/livez", ""); status != 503 || body != "the store does not write\n" {
		t.Errorf("%d %q", status, body)
	}
}

func accounts(context.Context) (command.Status, error) {
	return command.Status{Accounts: []command.AccountRow{
		{Name: "tg", Network: "telegram", State: chat.Connected, Waiting: 3, OldestSeconds: 70},
		{Name: "wa", Network: "whatsapp", State: chat.Down},
	}, Store: command.StoreRow{SpoolBytes: 4711}}, nil
}

func TestReadyzSaysThatItIsJSON(t *testing.T) {
	resp, err := http.Get(fmt.Sprintf("http://%s/readyz", start(t, options(t, &desk{status: accounts})).Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("its type is %q", got)
	}
}

func TestReadyzListsStates(t *testing.T) {
	for name, c := range map[string]struct {
		ready  error
		status func(context.Context) (command.Status, error)
		code   int
		body   string
	}{
		"ready, though one account is down": {nil, accounts, 200,
			`{"ready":true,"sentence":"","accounts":[{"name":"tg","network":"telegram","state":"connected"},{"name":"wa","network":"whatsapp","state":"down"}]}`},
		"not ready": {errors.New("the bridge of wa has not been started yet"), nil, 503,
			`{"ready":false,"sentence":"the bridge of wa has not been started yet","accounts":[]}`},
		"no store": {nil, func(context.Context) (command.Status, error) { return command.Status{}, errors.New("disk") }, 503,
			`{"ready":false,"sentence":"the store cannot be read","accounts":[]}`},
	} {
		opt := options(t, &desk{status: c.status})
		opt.Health = health{ready: c.ready}
		if code, body := get(t, start(t, opt), "/readyz", ""); code != c.code || body != c.body+"\n" {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}

func TestPagesOfOtherNamesReachNothing(t *testing.T) {
	s := start(t, options(t, &desk{}))
	_, port, _ := strings.Cut(s.Addr().String(), ":")
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "LOCALHOST:1": 200, "127.0.0.1:" + port: 200, "127.9.9.9": 200, "[::1]:80": 200, "[::ffff:127.0.0.1]": 200,
		"evil.example": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example:80": 403, "192.168.1.1": 403, "[::2]": 403, "::": 403,
	} {
		for _, path := range []string{"/livez", "/readyz", "/metrics"} {
			if code, body := get(t, s, path, host); code != want {
				t.Errorf("%s of %q: %d %s", path, host, code, body)
			}
		}
	}
	if _, body := get(t, s, "/livez", "evil.example"); !strings.Contains(body, `"action":"Use http://127.0.0.1:`) {
		t.Error(body)
	}
}

func TestPublicAddressTakesEveryName(t *testing.T) {
	opt := options(t, &desk{})
	opt.Listen = "0.0.0.0:0"
	s := start(t, opt)
	_, port, err := net.SplitHostPort(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/livez", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "causeway.example"
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("status is %d", resp.StatusCode)
	}
}

func TestWebHasNoCommands(t *testing.T) {
	s := start(t, options(t, &desk{}))
	for _, path := range []string{"/", admin.PathCommand, admin.PathStatus} {
		if code, _ := get(t, s, path, ""); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestPanicOfAPageIsLoggedAndTheNextIsServed(t *testing.T) {
	opt := options(t, &desk{})
	opt.Health = panicky{}
	s := start(t, opt)
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := c.Get(fmt.Sprintf("http://%s/livez", s.Addr())); err == nil {
		resp.Body.Close()
		t.Errorf("half an answer: %d", resp.StatusCode)
	}
	if code, _ := get(t, s, "/metrics", ""); code != 200 || !strings.Contains(s.log.String(), "panicky.Live") {
		t.Errorf("%d, log %s", code, s.log)
	}
}

type panicky struct{ health }

func (panicky) Live(context.Context) error { panic("no pulse") }
