// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

const healthTimeout = 5 * time.Second

// Readiness is the body of /readyz.
type Readiness struct {
	Ready bool `json:"ready"`
	// Sentence says what is missing; empty when ready.
	Sentence string             `json:"sentence"`
	Accounts []AccountReadiness `json:"accounts"`
}

// AccountReadiness is the state of one account.
type AccountReadiness struct {
	Name    chat.Account      `json:"name"`
	Network chat.Network      `json:"network"`
	State   chat.AccountState `json:"state"`
}

// webHandler serves health and metrics.
func (s *Server) webHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", s.livez)
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.opt.Metrics != nil {
		mux.Handle("GET /metrics", s.opt.Metrics.handler())
	}
	return s.recovered(withWriteTimeout(s.ownHost(mux)))
}

func withWriteTimeout(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		extendWrite(w, writeTimeout)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

// ownHost refuses requests that were made for another name. A page in the operator's browser can let its own name
// point to 127.0.0.1 and so reach us (DNS rebinding); the Host header then still has that name. A public address is
// reached by names that we cannot know.
func (s *Server) ownHost(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.onLoopback() && !isOwnHost(r.Host) {
			s.fail(w, r, &command.Error{Code: command.CodeForbidden, Sentence: "This address answers to localhost alone.",
				Action: "Use http://" + s.Addr().String() + "."})
			return
		}
		h.ServeHTTP(w, r)
	})
}

func (s *Server) onLoopback() bool {
	tcp, ok := s.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func isOwnHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (s *Server) livez(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.opt.Health.Live(ctx); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(err.Error() + "\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	ready := s.readiness(ctx)
	body, _ := encode(ready)
	w.Header().Set("Content-Type", "application/json")
	if !ready.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(body)
}

func (s *Server) readiness(ctx context.Context) Readiness {
	out := Readiness{Ready: true, Accounts: []AccountReadiness{}}
	if err := s.opt.Health.Ready(ctx); err != nil {
		out.Ready, out.Sentence = false, err.Error()
	}
	st, err := s.opt.Statuses.Status(ctx)
	if err != nil {
		s.opt.Log.Warn("readiness has no states", "err", err)
		out.Ready = false
		if out.Sentence == "" {
			out.Sentence = "the store cannot be read"
		}
		return out
	}
	for _, a := range st.Accounts {
		out.Accounts = append(out.Accounts, AccountReadiness{a.Name, a.Network, a.State})
	}
	return out
}
