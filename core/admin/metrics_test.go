// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

// promised are the metrics that alert rules and dashboards rely on, with their labels.
var promised = map[string]string{
	"causeway_account_state":              "account,network,state",
	"causeway_events_total":               "account,kind,result",
	"causeway_deliveries_total":           "account,code,result",
	"causeway_deliveries_waiting":         "account",
	"causeway_oldest_delivery_seconds":    "account",
	"causeway_delivery_seconds":           "account",
	"causeway_store_commit_seconds":       "",
	"causeway_rate_limited_seconds_total": "account",
	"causeway_plugin_restarts_total":      "plugin",
	"causeway_outage_notices_total":       "account",
	"causeway_incident_open":              "account,trouble",
	"causeway_incident_rooms_told":        "account",
	"causeway_incident_seconds":           "account",
	"causeway_incidents_total":            "account,code",
	"causeway_spool_bytes":                "",
}

// fill counts one of everything.
func fill(m *admin.Metrics) {
	m.Event("tg", "message", "stored")
	m.DeliverySettled("tg", chat.DeliveryDelivered, "", 2*time.Second)
	m.DeliverySettled("tg", chat.DeliveryRefused, "too_long", time.Hour)
	m.StoreCommit(time.Millisecond)
	m.RateLimited("tg", 3*time.Second)
	m.RateLimited("tg", -time.Second)
	m.Restart("causeway-bridge-telegram")
	m.Notice("tg", 1)
	m.IncidentOpened("tg", "no_answer")
}

// scrape serves the metrics of a router with two accounts.
func scrape(t *testing.T, m *admin.Metrics, d *desk) string {
	t.Helper()
	opt := options(t, d)
	opt.Metrics = m
	code, body := get(t, start(t, opt), "/metrics", "")
	if code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	return body
}

func TestMetricsAreThePromisedOnes(t *testing.T) {
	m, d := admin.NewMetrics(), &desk{status: accounts}
	m.Watch(d, slog.New(slog.DiscardHandler))
	fill(m)
	got := map[string]string{}
	for line := range strings.Lines(scrape(t, m, d)) {
		if found := sampleLine.FindStringSubmatch(line); found != nil {
			got[suffixes.ReplaceAllString(found[1], "$1")] = labelNames(found[2])
		}
	}
	if diff := cmp.Diff(promised, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var (
	sampleLine = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? \S+\n$`)
	suffixes   = regexp.MustCompile(`(_seconds)_(bucket|sum|count)$`)
	label      = regexp.MustCompile(`(\w+)="`)
)

func labelNames(labels string) string {
	var names []string
	for _, found := range label.FindAllStringSubmatch(labels, -1) {
		if found[1] != "le" {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

func TestOperatorsPageNamesMetricsThatAreThere(t *testing.T) {
	page, err := os.ReadFile("../../docs/operators.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`causeway_[a-z_]+`).FindAllString(string(page), -1)
	if len(named) < 5 {
		t.Errorf("only %v are named", named)
	}
	for _, name := range named {
		if _, ok := promised[suffixes.ReplaceAllString(name, "$1")]; !ok {
			t.Errorf("there is no metric %s", name)
		}
	}
}

func TestMetricsCount(t *testing.T) {
	m, d := admin.NewMetrics(), &desk{status: accounts}
	m.Watch(d, slog.New(slog.DiscardHandler))
	fill(m)
	body := scrape(t, m, d)
	for _, want := range []string{
		`causeway_events_total{account="tg",kind="message",result="stored"} 1`,
		`causeway_deliveries_total{account="tg",code="",result="delivered"} 1`,
		`causeway_deliveries_total{account="tg",code="too_long",result="refused"} 1`,
		`causeway_delivery_seconds_sum{account="tg"} 2`,
		`causeway_delivery_seconds_count{account="tg"} 1`,
		`causeway_rate_limited_seconds_total{account="tg"} 3`,
		`causeway_plugin_restarts_total{plugin="causeway-bridge-telegram"} 1`,
		`causeway_account_state{account="tg",network="telegram",state="connected"} 1`,
		`causeway_account_state{account="tg",network="telegram",state="down"} 0`,
		`causeway_account_state{account="wa",network="whatsapp",state="down"} 1`,
		`causeway_deliveries_waiting{account="tg"} 3`,
		`causeway_oldest_delivery_seconds{account="tg"} 70`,
		`causeway_spool_bytes 4711`,
		`causeway_store_commit_seconds_count 1`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestCodesOfBridgesCannotFillTheMemory(t *testing.T) {
	m := admin.NewMetrics()
	for i := range 10_000 {
		m.DeliverySettled("tg", chat.DeliveryRefused, fmt.Sprintf("code_%d", i), 0)
	}
	for _, evil := range []string{"Has Spaces", "+447700900123", strings.Repeat("x", 49), "a\nb", "ünï"} {
		m.DeliverySettled("tg", chat.DeliveryExpired, evil, 0)
	}
	body := scrape(t, m, &desk{})
	if n := strings.Count(body, "causeway_deliveries_total{"); n > 202 {
		t.Errorf("%d series", n)
	}
	if !strings.Contains(body, `{account="tg",code="other",result="expired"} 5`) || !strings.Contains(body, `{account="tg",code="code_7",result="refused"} 1`) {
		t.Error("codes were counted wrongly")
	}
}

func TestMetricsWithoutStatesAreStillServed(t *testing.T) {
	var log lockedBuffer
	m, d := admin.NewMetrics(), &desk{status: func(context.Context) (command.Status, error) { return command.Status{}, errors.New("disk") }}
	fill(m)
	if body := scrape(t, m, &desk{}); strings.Contains(body, "causeway_spool_bytes") {
		t.Error("states are there before anybody watches")
	}
	m.Watch(d, slog.New(slog.NewTextHandler(&log, nil)))
	if body := scrape(t, m, d); !strings.Contains(body, "causeway_events_total") || !strings.Contains(log.String(), "disk") {
		t.Errorf("log %s, metrics %s", log.String(), body)
	}
}

func TestMetricsAreCountedFromEverywhere(t *testing.T) {
	m, d := admin.NewMetrics(), &desk{status: accounts}
	m.Watch(d, slog.New(slog.NewTextHandler(io.Discard, nil)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				fill(m)
			}
		})
	}
	scrape(t, m, d)
	wg.Wait()
	if body := scrape(t, m, d); !strings.Contains(body, `causeway_events_total{account="tg",kind="message",result="stored"} 800`+"\n") {
		t.Error("counts were lost")
	}
}
