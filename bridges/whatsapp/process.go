// SPDX-License-Identifier: GPL-3.0-or-later

package whatsapp

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
)

var process sync.Mutex

// setProcess sets what the library keeps once per process, before anything connects: what our device is called in the
// phone's list of linked devices, and the key behind the server's certificate.
func setProcess(cfg settings) {
	process.Lock()
	defer process.Unlock()
	if *store.DeviceProps.Os != deviceName {
		store.SetOSInfo(deviceName, [3]uint32{0, 1, 0})
	}
	if cfg.rootKey != nil && whatsmeow.WACertPubKey != [32]byte(cfg.rootKey) {
		whatsmeow.WACertPubKey = [32]byte(cfg.rootKey)
	}
	if v, err := store.ParseVersion(cfg.ClientVersion); err == nil {
		store.SetWAVersion(v)
	}
}

const deviceName = "Causeway"

// askVersion asks WhatsApp which version its own client has, and says that we are it. It is for the time between a change of
// WhatsApp's and an update of ours, when the operator has told so.
func (a *account) askVersion(ctx context.Context) error {
	if a.cfg.ClientVersion != latestVersion {
		return nil
	}
	t := newTransport(a.cfg, plainDial)
	defer t.CloseIdleConnections()
	v, err := whatsmeow.GetLatestVersion(ctx, &http.Client{Transport: t, Timeout: upgradePatience})
	if err != nil {
		return fmt.Errorf("ask for the latest version: %w", err)
	}
	process.Lock()
	defer process.Unlock()
	store.SetWAVersion(*v)
	a.log.Warn("client_version is latest: the bridge says that it is a version that it was not made for", "version", v.String())
	return nil
}
