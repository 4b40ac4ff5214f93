// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

// maxCodes bounds how many codes become labels: they come from bridges, which are outside code, and each new label
// stays in memory.
const maxCodes = 200

// Metrics counts what the router does. Its methods never block, may be called from anywhere at any time, and take no
// chat, person or name: no label ever names one.
type Metrics struct {
	registry    *prometheus.Registry
	events      *prometheus.CounterVec
	deliveries  *prometheus.CounterVec
	took        *prometheus.HistogramVec
	commit      prometheus.Histogram
	rateLimited *prometheus.CounterVec
	restarts    *prometheus.CounterVec
	notices     *prometheus.CounterVec
	incidents   *prometheus.CounterVec
	now         *nowCollector

	mu    sync.Mutex
	codes map[string]bool
}

// NewMetrics makes metrics with a registry of their own.
func NewMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry:   prometheus.NewPedanticRegistry(),
		events:     counter("causeway_events_total", "Events that bridges handed up.", "account", "kind", "result"),
		deliveries: counter("causeway_deliveries_total", "Deliveries that ended.", "account", "result", "code"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "causeway_delivery_seconds",
			Help:    "Time from the plan of a delivery to its end as delivered.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3 * 3600, 24 * 3600}}, []string{"account"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "causeway_store_commit_seconds",
			Help: "Time of a synced commit of the store.", Buckets: prometheus.ExponentialBuckets(.0005, 2, 14)}),
		rateLimited: counter("causeway_rate_limited_seconds_total", "Time that networks asked an account to wait.", "account"),
		restarts:    counter("causeway_plugin_restarts_total", "Starts of a plugin after its first.", "plugin"),
		notices:     counter("causeway_outage_notices_total", "Notices of an account's outages to rooms.", "account"),
		incidents:   counter("causeway_incidents_total", "Outages of an account that lasted longer than a flap.", "account", "code"),
		now:         &nowCollector{},
		codes:       map[string]bool{"": true},
	}
	m.registry.MustRegister(m.events, m.deliveries, m.took, m.commit, m.rateLimited, m.restarts, m.notices, m.incidents, m.now)
	return m
}

// Watch tells where states and what waits are read at each scrape. Before it, those metrics are missing. Failed reads
// are logged.
func (m *Metrics) Watch(s command.Statuses, log *slog.Logger) { m.now.source.Store(&source{s, log}) }

// Event counts an event of a kind ("message", "edit", …) by what became of it ("stored", "repeat", …). Both are words
// of the router.
func (m *Metrics) Event(a chat.Account, kind, result string) {
	m.events.WithLabelValues(string(a), kind, result).Inc()
}

// DeliverySettled counts a delivery that ended. After is the time since it was planned; it counts towards the times of
// delivered ones alone.
func (m *Metrics) DeliverySettled(a chat.Account, result chat.DeliveryState, code string, after time.Duration) {
	m.deliveries.WithLabelValues(string(a), string(result), m.code(code)).Inc()
	if result == chat.DeliveryDelivered {
		m.took.WithLabelValues(string(a)).Observe(after.Seconds())
	}
}

// StoreCommit counts one synced commit.
func (m *Metrics) StoreCommit(took time.Duration) { m.commit.Observe(took.Seconds()) }

// RateLimited adds a wait that the network asked for.
func (m *Metrics) RateLimited(a chat.Account, wait time.Duration) {
	m.rateLimited.WithLabelValues(string(a)).Add(max(wait, 0).Seconds())
}

// Restart counts a start of a plugin, for example "causeway-bridge-telegram", after its first.
func (m *Metrics) Restart(plugin string) { m.restarts.WithLabelValues(plugin).Inc() }

// Notice counts notices of an account's outage to so many rooms.
func (m *Metrics) Notice(a chat.Account, rooms int) {
	m.notices.WithLabelValues(string(a)).Add(float64(rooms))
}

// IncidentOpened counts an outage of an account by the code of its cause.
func (m *Metrics) IncidentOpened(a chat.Account, code string) {
	m.incidents.WithLabelValues(string(a), m.code(code)).Inc()
}

var plainCode = regexp.MustCompile(`^[a-z0-9_]{1,48}$`)

// code returns what may stand as a label for a code.
func (m *Metrics) code(code string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.codes[code] {
		return code
	}
	if len(m.codes) >= maxCodes || !plainCode.MatchString(code) {
		return "other"
	}
	m.codes[code] = true
	return code
}

// handler serves the metrics to a few readers at a time.
func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 2 * healthTimeout, ErrorHandling: promhttp.ContinueOnError,
	})
}

type source struct {
	statuses command.Statuses
	log      *slog.Logger
}

// nowCollector reads at each scrape how things are.
type nowCollector struct{ source atomic.Pointer[source] }

var (
	descState = prometheus.NewDesc("causeway_account_state", "1 for the state that the account is in, 0 for the others.",
		[]string{"account", "network", "state"}, nil)
	descWaiting = prometheus.NewDesc("causeway_deliveries_waiting", "Deliveries of an account that have not ended.", []string{"account"}, nil)
	descOldest  = prometheus.NewDesc("causeway_oldest_delivery_seconds", "Age of an account's oldest delivery that has not ended, 0 for none.",
		[]string{"account"}, nil)
	descIncident = prometheus.NewDesc("causeway_incident_open", "1 while an account has an outage, 0 without one.", []string{"account", "trouble"}, nil)
	descAway     = prometheus.NewDesc("causeway_incident_seconds", "Time since an account went away, 0 without an outage.", []string{"account"}, nil)
	descTold     = prometheus.NewDesc("causeway_incident_rooms_told", "Rooms that were told of the outage that lasts.", []string{"account"}, nil)
	descSpool    = prometheus.NewDesc("causeway_spool_bytes", "Size of the spool of media on disk.", nil, nil)

	accountStates = []chat.AccountState{chat.Starting, chat.Pairing, chat.Connected, chat.Degraded, chat.Down, chat.BadCredentials,
		chat.LoggedOut, chat.Outdated}
)

// Describe lists the metrics of this collector.
func (c *nowCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descState, descWaiting, descOldest, descSpool, descIncident, descAway, descTold} {
		ch <- d
	}
}

// Collect leaves its metrics out when the state cannot be read: the others are needed most just then.
func (c *nowCollector) Collect(ch chan<- prometheus.Metric) {
	src := c.source.Load()
	if src == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	st, err := src.statuses.Status(ctx)
	if err != nil {
		src.log.Warn("metrics have no states", "err", err)
		return
	}
	for _, a := range st.Accounts {
		collectAccount(ch, a)
	}
	ch <- gauge(descSpool, float64(st.Store.SpoolBytes))
}

func collectAccount(ch chan<- prometheus.Metric, a command.AccountRow) {
	for _, s := range accountStates {
		on := 0.0
		if s == a.State {
			on = 1
		}
		ch <- gauge(descState, on, string(a.Name), string(a.Network), string(s))
	}
	ch <- gauge(descWaiting, float64(a.Waiting), string(a.Name))
	ch <- gauge(descOldest, float64(a.OldestSeconds), string(a.Name))
	collectIncident(ch, a)
}

func collectIncident(ch chan<- prometheus.Metric, a command.AccountRow) {
	i, open := a.Incident, 1.0
	if i == nil {
		i, open = &command.IncidentRow{OpenedAt: time.Now()}, 0
	}
	ch <- gauge(descIncident, open, string(a.Name), i.Trouble)
	ch <- gauge(descAway, max(time.Since(i.OpenedAt), 0).Seconds()*open, string(a.Name))
	ch <- gauge(descTold, float64(i.RoomsTold), string(a.Name))
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}
