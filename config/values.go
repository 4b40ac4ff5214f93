// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// hiddenText stands wherever a secret would have been printed.
const hiddenText = "[secret]"

// Secret is a value that prints as "[secret]" whatever prints it. The zero Secret is the empty one.
type Secret struct{ text *string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the value in clear.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether nothing is hidden here.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal compares the values in clear.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String returns "[secret]", or nothing for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hiddenText
}

// GoString returns what String does.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// LogValue returns what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes what String returns.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText writes what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Chat is the address of a chat, written "account:remote-id".
type Chat struct{ Account, Remote string }

// String writes the address as "account:remote-id".
func (c Chat) String() string { return c.Account + ":" + c.Remote }

var errChat = errors.New("is not an address of a chat: want account:remote-id, for example tg:-1001234567890")

func parseChat(s string) (Chat, error) {
	account, remote, ok := strings.Cut(s, ":")
	if !ok || !namePattern.MatchString(account) || remote == "" || strings.TrimSpace(remote) != remote {
		return Chat{}, errChat
	}
	return Chat{account, remote}, nil
}

// Rate is a pace: so many posts in so long a time.
type Rate struct {
	Count int
	Per   time.Duration
}

// String writes the rate as it stands in a config, for example "20/min".
func (r Rate) String() string {
	for unit, d := range rateUnits {
		if d == r.Per {
			return fmt.Sprintf("%d/%s", r.Count, unit)
		}
	}
	return fmt.Sprintf("%d/%s", r.Count, r.Per)
}

var rateUnits = map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour}

var errRate = errors.New("is not a rate: want a whole number and a unit, for example 1/s, 20/min or 100/h")

func parseRate(s string) (Rate, error) {
	count, unit, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	per := rateUnits[strings.TrimSpace(unit)]
	if err != nil || n < 1 || n > 1_000_000 || per == 0 {
		return Rate{}, errRate
	}
	return Rate{n, per}, nil
}

// Size is a number of bytes.
type Size int64

// sizeUnits run from the longest to the shortest, because "B" ends them all.
var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

var errSize = errors.New("is not a size: want a number and a unit, for example 100MB or 5GB")

func parseSize(s string) (Size, error) {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			return 0, errSize
		}
		return Size(n * u.bytes), nil
	}
	return 0, errSize
}

var errDuration = errors.New("is not a duration: want a number and a unit, for example 30s, 5m, 24h or 7d")

// parseDuration reads what time.ParseDuration does, and days: "7d", "1d12h".
func parseDuration(s string) (time.Duration, error) {
	total := time.Duration(0)
	if days, rest, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, errDuration
		}
		total, s = time.Duration(n)*24*time.Hour, rest
		if s == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || total+d < 0 {
		return 0, errDuration
	}
	return total + d, nil
}

// formats are the checks behind a schema's "format". They return sentences that begin with a verb and
// never contain the value, because it may be a secret.
var formats = map[string]func(string) error{
	"duration": func(s string) error { _, err := parseDuration(s); return err },
	"rate":     func(s string) error { _, err := parseRate(s); return err },
	"size":     func(s string) error { _, err := parseSize(s); return err },
	"chat":     func(s string) error { _, err := parseChat(s); return err },
	"listen":   checkListen,
	"proxy":    checkProxy,
	"uri":      checkURI,
	"path":     checkPath,
}

func checkPath(s string) error {
	if s == "" || strings.ContainsRune(s, 0) {
		return errors.New("is not a path")
	}
	return nil
}

func checkURI(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Path == "" {
		return errors.New("is not a URL: want for example https://example.org")
	}
	return nil
}

func checkProxy(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return errors.New("is not the URL of a proxy: want http://, https:// or socks5:// and a host")
	}
	return nil
}

func checkListen(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("is not an address to listen on: want host:port, for example 127.0.0.1:8787")
	}
	return nil
}

// isLoopback tells whether only this machine reaches the address.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "localhost" {
		return err == nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
