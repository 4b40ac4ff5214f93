// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"errors"
	"strings"
	"testing"

	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
)

func TestPairingWithACode(t *testing.T) {
	l := newLab(t, Options{Accounts: 2})
	g := l.gadget()
	g.must(g.client.Connect())
	await[*events.QR](g, "a QR code")
	code, err := g.client.PairPhone(t.Context(), "+447700900002", true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	l.must(err)
	l.must(l.people.Pair(t.Context(), control.Pair{Account: "447700900002", Code: strings.ToLower(code)}))
	g.connected()
	if got := g.client.Store.ID.String(); got != "447700900002:1@s.whatsapp.net" {
		t.Errorf("the device is %s", got)
	}
}

func TestAWrongCodeSpoilsThePairing(t *testing.T) {
	l := newLab(t, Options{})
	g := l.gadget()
	g.must(g.client.Connect())
	await[*events.QR](g, "a QR code")
	code, err := g.client.PairPhone(t.Context(), "447700900001", true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	l.must(err)
	for _, try := range []string{"AAAA-AAAA", code} {
		if err := l.people.Pair(t.Context(), control.Pair{Code: try}); !errors.Is(err, control.ErrRefused) {
			t.Errorf("%s: %v", try, err)
		}
	}
}

func TestPairingRefusesWhatItMust(t *testing.T) {
	l := newLab(t, Options{})
	g := l.gadget()
	g.must(g.client.Connect())
	qr := await[*events.QR](g, "a QR code").Codes[0]
	ref, rest, _ := strings.Cut(qr, ",")
	parts := strings.Split(rest, ",")
	for name, c := range map[string]struct {
		pair control.Pair
		want error
	}{
		"nothing":         {control.Pair{}, control.ErrWrongUse},
		"nonsense":        {control.Pair{QR: "https://example.org"}, control.ErrWrongUse},
		"an old code":     {control.Pair{QR: "2@old," + rest}, control.ErrNotFound},
		"a foreign noise": {control.Pair{QR: strings.Join([]string{ref, parts[1], parts[1], parts[2], parts[3]}, ",")}, control.ErrRefused},
		"no such account": {control.Pair{Account: "1", QR: qr}, control.ErrNotFound},
		"nobody asked":    {control.Pair{Code: "ABCD-EFGH"}, control.ErrNotFound},
	} {
		if err := l.people.Pair(t.Context(), c.pair); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	forged := strings.Join([]string{ref, parts[0], parts[1], parts[0], parts[3]}, ",")
	if err := l.people.Pair(t.Context(), control.Pair{QR: forged}); !errors.Is(err, control.ErrRefused) {
		t.Errorf("a foreign secret: %v", err)
	}
	if ev := await[*events.PairError](g, "that the pairing failed"); !errors.Is(ev.Error, whatsmeow.ErrPairInvalidDeviceIdentityHMAC) {
		t.Errorf("the client says %v", ev.Error)
	}
}
